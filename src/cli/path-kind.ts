/** What a path leads to, for commands that take it for something else when there is nothing. */

import { statSync } from 'node:fs';

/**
 * `nothing` where there is no entry. What cannot be looked at (links in a circle, no permission) counts as a
 * file: reading it then says why it cannot be read.
 */
export function pathKind(path: string): 'file' | 'other' | 'nothing' {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'nothing';
    return stats.isFile() ? 'file' : 'other';
  } catch {
    return 'file';
  }
}
