/** Writes generated files: only those that changed, and removes what is no longer made. */

import { mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Generated text by path from the project's root, with forward slashes. */
export type Outputs = ReadonlyMap<string, string>;

export interface WriteResult {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Makes the folders `owned` hold exactly the outputs. A file whose text is the same is left alone, so that
 * watchers and build caches see no change. Every output must lie in an owned folder.
 */
export function writeOutputs(root: string, owned: readonly string[], outputs: Outputs): WriteResult {
  const written: string[] = [];
  const removed: string[] = [];
  for (const [path, text] of outputs) {
    if (!owned.some((folder) => path.startsWith(`${folder}/`)))
      throw new Error(`${path} lies in no owned folder`);
    if (readText(join(root, path)) === text) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    written.push(path);
  }
  for (const folder of owned) {
    for (const path of filesUnder(root, folder)) {
      if (outputs.has(path)) continue;
      rmSync(join(root, path));
      removed.push(path);
    }
    removeEmptyFolders(join(root, folder));
  }
  return { written, removed };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function filesUnder(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesUnder(root, path) : [path];
    });
  } catch {
    return [];
  }
}

function removeEmptyFolders(folder: string): boolean {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return false;
  }
  const kept = entries.filter(
    (entry) => !(entry.isDirectory() && removeEmptyFolders(join(folder, entry.name))),
  );
  if (kept.length > 0) return false;
  rmdirSync(folder);
  return true;
}
