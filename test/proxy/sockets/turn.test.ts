import { afterEach, expect, test, vi } from 'vitest';
import { beginTurn, endRound, endTurn, flushLater, turnTime } from '../../../src/proxy/sockets/turn.ts';

afterEach(() => vi.restoreAllMocks());

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

test('of turns within one another only the first one begins and ends', () => {
  expect(beginTurn()).toBe(true);
  expect(beginTurn()).toBe(false);
  endTurn();
});

test('what is put off in turns, outside of them, or at the end, is done when the round ends', async () => {
  const done: string[] = [];
  // However long this takes.
  vi.spyOn(performance, 'now').mockReturnValue(1);
  beginTurn();
  flushLater({
    flush: () => {
      done.push('first');
      flushLater({ flush: () => done.push('last') });
    },
  });
  endTurn();
  flushLater({ flush: () => done.push('second') });
  await new Promise((resolve) => process.nextTick(resolve));
  expect(done).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(['first', 'second', 'last']);
});

test('nobody waits for turns that take long', () => {
  const flush = vi.fn();
  beginTurn();
  flushLater({ flush });
  const begun = performance.now();
  while (performance.now() < begun + 1);
  expect(flush).not.toHaveBeenCalled();
  endTurn();
  expect(flush).toHaveBeenCalledTimes(1);
  endRound();
  expect(flush).toHaveBeenCalledTimes(1);
});
