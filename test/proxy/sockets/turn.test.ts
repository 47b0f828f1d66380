import { expect, test, vi } from 'vitest';
import { beginTurn, endTurn, flushLater, turnTime } from '../../../src/proxy/sockets/turn.ts';

/** Resolves when the clock shows something else. */
async function clockMoves(): Promise<void> {
  const before = performance.now();
  while (performance.now() === before) await new Promise((resolve) => setImmediate(resolve));
}

test('a turn has one time, and outside of turns the clock goes on', async () => {
  expect(beginTurn()).toBe(true);
  const first = turnTime();
  await clockMoves();
  expect(turnTime()).toBe(first);
  endTurn();
  expect(turnTime()).toBeGreaterThan(first);
  const outside = turnTime();
  await clockMoves();
  expect(turnTime()).toBeGreaterThan(outside);
});

test('what is put off is done at the end of the turn, which one within it is not', () => {
  const flush = vi.fn();
  expect(beginTurn()).toBe(true);
  flushLater({ flush });
  expect(beginTurn()).toBe(false);
  expect(flush).not.toHaveBeenCalled();
  endTurn();
  expect(flush).toHaveBeenCalledTimes(1);
  beginTurn();
  endTurn();
  expect(flush).toHaveBeenCalledTimes(1);
});

test('what is put off outside of turns, or at the end of one, is done in the next tick', async () => {
  const done: string[] = [];
  beginTurn();
  flushLater({
    flush: () => {
      done.push('first');
      flushLater({ flush: () => done.push('second') });
    },
  });
  endTurn();
  expect(done).toEqual(['first']);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(done).toEqual(['first', 'second']);
});
