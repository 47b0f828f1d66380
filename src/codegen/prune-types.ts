/** Leaves of the declaration files only those that the library's own lead to: the rest tells users nothing. */

import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(["'])(\.[^"']+)\1/g;

/** Deletes what `entry`, a file in `folder`, does not import, directly or through others. */
export function pruneTypes(folder: string, entry: string): void {
  const needed = new Set<string>();
  const queue = [join(folder, entry)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (needed.has(file)) continue;
    needed.add(file);
    for (const [, , target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      queue.push(normalize(join(dirname(file), target.replace(/\.[jt]s$/, '.d.ts'))));
    }
  }
  removeOthers(folder, needed);
}

/** Whether anything is left in the folder. */
function removeOthers(folder: string, needed: ReadonlySet<string>): boolean {
  let isNeeded = false;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() ? removeOthers(path, needed) : needed.has(path)) isNeeded = true;
    else if (!entry.isDirectory()) rmSync(path);
  }
  if (!isNeeded) rmdirSync(folder);
  return isNeeded;
}
