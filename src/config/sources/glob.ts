/** File patterns that the shell did not expand, as on Windows: `mesh validate conf\*.yaml`. */

import path from 'node:path';
import { matchPart } from './glob-match.ts';

interface Entry {
  readonly name: string;
  isDirectory(): boolean;
}

/** Whether a path has characters that a shell would expand. */
export function isGlob(given: string): boolean {
  return /[*?[]/.test(given);
}

/**
 * Files and folders that a pattern names, sorted. `**` stands for any folders. Hidden entries match only a
 * pattern that starts with a dot, as in a shell.
 */
export function expandGlob(pattern: string, list: (folder: string) => readonly Entry[]): readonly string[] {
  const root = path.parse(pattern).root;
  const parts = pattern
    .slice(root.length)
    .split(/[\\/]+/)
    .filter((part) => part !== '');
  let found: readonly string[] = [root];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    found = found.flatMap((folder) => step(folder, part, isLast, list));
  }
  return [...new Set(found)].sort();
}

function step(
  folder: string,
  part: string,
  isLast: boolean,
  list: (folder: string) => readonly Entry[],
): readonly string[] {
  if (!isGlob(part)) return [path.join(folder, part)];
  const entries = listIfFolder(folder, list);
  if (part === '**') {
    const below = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .flatMap((entry) => step(path.join(folder, entry.name), part, isLast, list));
    const files = isLast
      ? entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(folder, entry.name))
      : [];
    return [...(isLast ? files : [folder]), ...below];
  }
  return entries
    .filter((entry) => (isLast || entry.isDirectory()) && entry.name.startsWith('.') === part.startsWith('.'))
    .filter((entry) => matchPart(part, entry.name))
    .map((entry) => path.join(folder, entry.name));
}

function listIfFolder(folder: string, list: (folder: string) => readonly Entry[]): readonly Entry[] {
  try {
    return list(folder === '' ? '.' : folder);
  } catch {
    return [];
  }
}
