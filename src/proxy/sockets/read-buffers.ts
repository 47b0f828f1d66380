/**
 * Lets go of what was read from sockets. Node.js makes a buffer outside V8's heap for each read, and V8 counts these as
 * growth of all that is in use: a few megabytes of bodies make it go through every object of the configuration. A
 * collection of young objects finds the same buffers for a hundredth of that.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that are read between two such collections. */
const EVERY = 8 * 1024 * 1024;

let bytesRead = 0;
let collect: (() => void) | undefined;

/** Counts what has just been read. */
export function onRead(bytes: number): void {
  bytesRead += bytes;
  if (bytesRead < EVERY) return;
  bytesRead = 0;
  collect ??= youngCollector();
  collect();
}

function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  setFlagsFromString('--no-expose-gc');
  return () => gc({ type: 'minor' });
}
