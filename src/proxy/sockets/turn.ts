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
/** Milliseconds after which those that wait do so no longer for the others of their round. */
const PATIENCE = 0.05;

let time = OUTSIDE;
const waiting: Flushable[] = [];
/** When the first of them began to wait. */
let waitingSince = 0;
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
  if (waiting.push(one) === 1) waitingSince = turnTime();
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
  const { length } = waiting;
  // Not always: to ask for the time costs something, too.
  const isPowerOfTwo = (length & (length - 1)) === 0;
  if (length > 0 && isPowerOfTwo && performance.now() - waitingSince >= PATIENCE) flushAll();
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
