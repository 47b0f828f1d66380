/**
 * A turn: all that is done about one read of a socket, from the first byte's parsing to the last write. It has one time, which is
 * read once and not by each of the ten who want to know it, and an end, at which what was put off is done.
 */

/** What can be put off to the end of the turn. */
export interface Flushable {
  flush(): void;
}

const OUTSIDE = -1;
const UNREAD = 0;

let time = OUTSIDE;
const waiting: Flushable[] = [];

/** Milliseconds on the clock of `performance.now()`: those of the turn, when this is one. */
export function turnTime(): number {
  if (time > UNREAD) return time;
  const current = performance.now();
  if (time === UNREAD) time = current;
  return current;
}

/** Has it flushed when the turn ends, or in the next tick where this is none. */
export function flushLater(one: Flushable): void {
  if (time === OUTSIDE) process.nextTick(flush, one);
  else waiting.push(one);
}

/** Begins a turn. False within one that goes on: only who has begun it ends it. */
export function beginTurn(): boolean {
  if (time !== OUTSIDE) return false;
  time = UNREAD;
  return true;
}

/** Ends the turn and flushes what waits for that. */
export function endTurn(): void {
  time = OUTSIDE;
  if (waiting.length === 0) return;
  for (const one of waiting) one.flush();
  waiting.length = 0;
}

function flush(one: Flushable): void {
  one.flush();
}
