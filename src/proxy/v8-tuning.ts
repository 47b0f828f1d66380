/** What V8 is told when the proxy starts and when it serves: the two want different things of it. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Megabytes of objects from which on a collection is worth its time. */
const WORTH_IT = 20;

/** Milliseconds from the moment on that the proxy serves: before anybody has heard of it. */
const AFTER = 100;

/**
 * By how much more than what was in use objects may grow before the next collection, in percent. What a change of the
 * configuration leaves behind stays with the process otherwise, several times as much as what is in use.
 */
const GROWTH = 12;

/**
 * How often a function has to have been called before the best compiler takes it up. It works beside the thread that
 * serves, on the same core where there is one: requests wait for it by milliseconds. Where a few thousand come in a second
 * that is over within one, and where few come it is not worth its time.
 */
const CALLS_WORTH_COMPILING = 15_000;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * Configuration is read in a third of a second: code from the best compiler comes too late for that, and making it takes
 * time on the same core. What the quick compiler makes is as good here.
 */
export function tuneForStart(): void {
  setFlagsFromString('--no-turbofan');
  setFlagsFromString('--maglev');
}

/**
 * From here on code has to be the best, and little room is kept for more objects; the quick compiler's memory, twenty
 * megabytes, would never be given back. Collecting what the start left behind takes tens of milliseconds, which no start
 * waits for.
 */
export function tuneForServing(): void {
  setFlagsFromString('--turbofan');
  setFlagsFromString('--no-maglev');
  setFlagsFromString(`--invocation-count-for-turbofan=${CALLS_WORTH_COMPILING}`);
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  // Of the next collection, too: two megabytes of new objects may come before it, not eight.
  setFlagsFromString('--optimize-for-size');
  // It would go through all objects once load falls, for milliseconds at a time, to give back the little that `GROWTH` leaves.
  setFlagsFromString('--memory-reducer-gc-count=0');
  // A request passes through a hundred small functions: the best code has them within one another.
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=1400');
  if (process.memoryUsage().heapTotal < WORTH_IT * 1e6) return;
  setTimeout(collectAll, AFTER).unref();
}

function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort' });
}
