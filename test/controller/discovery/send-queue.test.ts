import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SendQueue } from '../../../src/controller/discovery/send-queue.ts';

describe('a queue of senders', () => {
  test('gives turns in order, and one that comes again waits behind the others', async () => {
    const queue = new SendQueue(1000);
    const order: string[] = [];
    const sender = (name: string, again: boolean) => {
      const one = {
        sendOne: () => {
          order.push(name);
          if (again && order.length < 5) queue.add(one);
          return undefined;
        },
      };
      return one;
    };
    for (const one of [sender('a', true), sender('b', false), sender('c', false)]) queue.add(one);
    while (order.length < 5) await turn();
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  test('stops at the bound, which one response may pass, and goes on when bytes are given back', async () => {
    const queue = new SendQueue(100);
    let sent = 0;
    const sendOne = (): number => {
      sent += 1;
      return 60;
    };
    for (let count = 0; count < 3; count += 1) queue.add({ sendOne });
    await expect.poll(() => sent).toBe(2);
    for (let round = 0; round < 10; round += 1) await turn();
    expect([sent, queue.bytesInFlight]).toEqual([2, 120]);
    queue.sent(60);
    await expect.poll(() => sent).toBe(3);
    expect(queue.bytesInFlight).toBe(120);
  });

  test('gives no turn to who has left', async () => {
    const queue = new SendQueue(100);
    const calls: string[] = [];
    const [gone, here] = ['gone', 'here'].map((name) => ({ sendOne: () => void calls.push(name) }));
    if (gone === undefined || here === undefined) throw new Error('no senders');
    queue.add(gone);
    queue.add(here);
    queue.remove(gone);
    while (calls.length === 0) await turn();
    expect(calls).toEqual(['here']);
  });

  test('has a turn for other work while it sends', async () => {
    const queue = new SendQueue(100);
    let sent = 0;
    const busy = {
      sendOne: () => {
        const end = performance.now() + 3;
        while (performance.now() < end);
        sent += 1;
        queue.add(busy);
        return undefined;
      },
    };
    queue.add(busy);
    await turn();
    await turn();
    await turn();
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(20);
    queue.remove(busy);
  });

  test('waits while connections come, and goes on in the end though they do not stop', async () => {
    const queue = new SendQueue(100);
    let sent = 0;
    queue.add({
      sendOne: () => {
        sent += 1;
        return undefined;
      },
    });
    const isSent = (): boolean => sent > 0;
    let rounds = 0;
    while (!isSent()) {
      queue.noteArrival();
      await turn();
      rounds += 1;
    }
    expect(rounds).toBeGreaterThan(3);
    // After that sending has its time, whoever comes.
    queue.noteArrival();
    queue.add({
      sendOne: () => {
        sent += 1;
        return undefined;
      },
    });
    await turn();
    await turn();
    expect(sent).toBe(2);
  });
});
