/** Memory that reading a configuration leaves behind is given back once the proxy serves. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Megabytes of objects from which on a collection is worth its time. */
const WORTH_IT = 20;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * By how much more than what was in use objects may grow before the next collection, in percent. What a change of the
 * configuration leaves behind stays with the process otherwise, several times as much as what is in use.
 */
const GROWTH = 20;

/** Milliseconds from the moment on that the proxy serves: before anybody has heard of it. */
const AFTER = 100;

/** From here on little room is kept for more. The collection itself takes tens of milliseconds, which no start waits for. */
export function giveBackMemory(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  if (process.memoryUsage().heapTotal < WORTH_IT * 1e6) return;
  setTimeout(collectAll, AFTER).unref();
}

function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort' });
}
