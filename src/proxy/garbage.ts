/** Memory that reading a configuration leaves behind is given back before requests come, when nobody waits for it. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Megabytes of objects from which on a collection is worth its time. */
const WORTH_IT = 32;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** Takes some milliseconds for each ten megabytes that are in use. */
export function giveBackMemory(): void {
  if (process.memoryUsage().heapTotal < WORTH_IT * 1e6) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort' });
}
