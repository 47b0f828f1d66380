/**
 * A turn: all that is done about one read of a socket, from the first byte's parsing on. It has one time, which is read once and
 * not by each of the ten who want to know it.
 *
 * A round: all the turns between one look at the sockets and the next. What is to be written goes out at its end: a write
 * wakes whoever reads it, which takes longer than the write itself, and who was woken by the first is still awake for the next.
 */

import { setImmediate } from 'node:timers';

/** What can be put off to the end of the round. */
export interface Flushable {
  flush(): void;
}

const OUTSIDE = -1;
const UNREAD = 0;
/** So many wait at most for the others of their round: nobody is to wait for a millisecond. */
const MOST_WAITING = 64;

let time = OUTSIDE;
const waiting: Flushable[] = [];
let isScheduled = false;

/** Milliseconds on the clock of `performance.now()`: those of the turn, when this is one. */
export function turnTime(): number {
  if (time > UNREAD) return time;
  const current = performance.now();
  if (time === UNREAD) time = current;
  return current;
}

/** Has it flushed when the round ends, or before. */
export function flushLater(one: Flushable): void {
  waiting.push(one);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(endRound);
}

/** Begins a turn. False within one that goes on: only who has begun it ends it. */
export function beginTurn(): boolean {
  if (time !== OUTSIDE) return false;
  time = UNREAD;
  return true;
}

export function endTurn(): void {
  time = OUTSIDE;
  if (waiting.length >= MOST_WAITING) flushAll();
}

/** Flushes all that waits. Called by itself at the end of each round in which something does. */
export function endRound(): void {
  isScheduled = false;
  flushAll();
}

function flushAll(): void {
  // What is put off meanwhile is done, too.
  for (const one of waiting) one.flush();
  waiting.length = 0;
}
