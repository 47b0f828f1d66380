/** Timeouts of requests. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Deadline, deadlinesOf } from '../../../src/proxy/http/deadlines.ts';
import { Timeout } from '../../../src/proxy/timeout.ts';

afterEach(() => vi.useRealTimers());

test('one that is longer than a timer can wait is not over at once', () => {
  vi.useFakeTimers();
  const over: Deadline[] = [];
  const deadline = new Deadline({ onDeadline: (one) => over.push(one) });
  // As `grpc-timeout: 99999999H` asks for.
  deadlinesOf(99_999_999 * 3_600_000).start(deadline, performance.now());
  vi.advanceTimersByTime(30 * 86_400_000);
  expect(over).toEqual([]);
  deadline.cancel();
});

/** Each begins a wait of so many milliseconds; what it returns ends the wait. */
const WAITS: Readonly<Record<string, (milliseconds: number, onOver: () => void) => () => void>> = {
  'a deadline': (milliseconds, onOver) => {
    const deadline = new Deadline({ onDeadline: onOver });
    deadlinesOf(milliseconds).start(deadline, performance.now());
    return () => deadline.cancel();
  },
  'a timeout': (milliseconds, onOver) => {
    const timeout = new Timeout(milliseconds, onOver);
    return () => timeout.clear();
  },
};

test.each(Object.entries(WAITS))(
  'what came before the end of %s is read before it, however late the process gets to it',
  async (_, begin) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [peer] = await once(server, 'connection');
    const events: string[] = [];
    const isOver = new Promise<void>((resolve) => {
      const end = begin(10, () => {
        events.push('over');
        resolve();
      });
      socket.once('data', () => {
        events.push('read');
        end();
        resolve();
      });
    });
    // It is in the kernel at once, and for much longer than the wait nobody looks.
    peer.write('answer');
    const busyUntil = performance.now() + 50;
    while (performance.now() < busyUntil);
    await isOver;
    expect(events).toEqual(['read']);
    // Without anything to read it is over when it should be.
    await new Promise<void>((resolve) => void begin(10, resolve));
    socket.destroy();
    server.close();
  },
);
