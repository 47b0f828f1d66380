/** Files that a running program watches. */

import { renameSync, writeFileSync } from 'node:fs';

/**
 * Writes a file in one step, so that nobody reads it empty or half: between the two steps of `writeFileSync` a busy
 * machine may leave others all the time that they wait for changes to end. For a moment there is a file whose name
 * ends with `.new`, which is no manifest's.
 */
export function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
