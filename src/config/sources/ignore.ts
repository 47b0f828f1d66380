/** The rules of `.meshignore` files: lines as in `.gitignore`. */

import { matchParts } from './glob-match.ts';

interface Rule {
  readonly pattern: readonly string[];
  /** Begins with `!`: takes back what an earlier line left out. */
  readonly keeps: boolean;
  /** Ends with `/`: holds for folders only. */
  readonly foldersOnly: boolean;
}

/**
 * What a folder's reading leaves out. A line is a pattern; empty lines and lines that begin with `#` count for
 * nothing; `!` takes back; a `/` at the end means folders; a `/` elsewhere binds the pattern to the folder of
 * the file; otherwise it fits at any depth. The last line that fits decides. As with git, nothing inside a
 * folder that is left out can be taken back.
 */
export class IgnoreRules {
  static readonly none = new IgnoreRules([]);
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** These rules and those of a file that lies in `folder` (slashes between parts, from the root that is read). */
  with(text: string, folder: string): IgnoreRules {
    const base = folder === '' ? [] : folder.split('/').map(escape);
    const added = text
      .split(/\r\n|\r|\n/)
      .map((line) => readLine(line, base))
      .filter((rule) => rule !== undefined);
    return new IgnoreRules([...this.#rules, ...added]);
  }

  /** Whether a path below the root is left out. */
  ignores(relative: string, isFolder: boolean): boolean {
    const parts = relative.split('/');
    const rule = this.#rules.findLast(
      (one) => (isFolder || !one.foldersOnly) && matchParts(one.pattern, parts),
    );
    return rule !== undefined && !rule.keeps;
  }
}

function readLine(line: string, base: readonly string[]): Rule | undefined {
  let pattern = line.trimEnd();
  if (pattern === '' || pattern.startsWith('#')) return undefined;
  const keeps = pattern.startsWith('!');
  if (keeps) pattern = pattern.slice(1);
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const isBound = pattern.includes('/');
  const parts = pattern.split('/').filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  return { pattern: [...base, ...(isBound ? [] : ['**']), ...parts], keeps, foldersOnly };
}

function escape(part: string): string {
  return part.replace(/[\\*?[\]]/g, '\\$&');
}
