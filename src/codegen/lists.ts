/** Makes lists of the files that plug into the program by standing in a folder: rules, analyzers, commands. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_NOTE } from './kind-table.ts';

/** A source file, as far as lists are concerned. */
export interface UnitFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every `.ts` file under a folder, sorted; nothing where the folder is absent. */
export function readUnits(root: string, folder: string): UnitFile[] {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  const units = entries.flatMap((entry): UnitFile[] => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : readUnits(root, path);
    return entry.name.endsWith('.ts') ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
  });
  return units.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

const KINDS_EXPORT = /^export const kinds(?:\s*:[^=]+)?\s*=\s*(\[[^\]]*\])/m;

/**
 * The text of `src/config/generated/rules.ts`. A file takes part when it exports `kinds`, a literal list of
 * keys; a kind may have rules in one file only, and must be known.
 */
export function printRules(
  units: readonly UnitFile[],
  known: ReadonlySet<string>,
): { text: string; problems: string[] } {
  const problems: string[] = [];
  const owner = new Map<string, string>();
  for (const { path, text } of units) {
    if (!/^export const kinds\b/m.test(text)) continue;
    const list = KINDS_EXPORT.exec(text)?.[1];
    const keys = [...(list ?? '').matchAll(/'([^']*)'|"([^"]*)"/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    if (keys.length === 0) problems.push(`${path}: "kinds" must be a literal list: ['group/Kind'] as const`);
    if (!/^export (const|function) rules\b/m.test(text))
      problems.push(`${path}: exports kinds and no "rules"`);
    for (const key of keys) {
      const other = owner.get(key);
      if (other !== undefined) problems.push(`${path}: ${key} has its rules in ${other} already`);
      else if (!known.has(key)) problems.push(`${path}: there is no schema for ${key}`);
      else owner.set(key, path);
    }
  }
  const rows = [...owner]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(
      ([key, path]) => `  ${JSON.stringify(key)}: () => import('../${path.slice('src/config/'.length)}'),\n`,
    );
  const text = `${GENERATED_NOTE}
import type { RulesModule } from '../generated-contract.ts';

/** The rules of each kind that has some, loaded when asked for. */
export const RULES: Readonly<Record<string, () => Promise<RulesModule>>> = {
${rows.join('')}};
`;
  return { text, problems };
}

/** The text of `src/analysis/generated/analyzers.ts`: all files that export `analyzer`, by path. */
export function printAnalyzers(units: readonly UnitFile[]): string {
  const paths = units
    .filter(({ text }) => /^export (const|class) analyzer\b/m.test(text))
    .map(({ path }) => path);
  const imports = paths.map(
    (path, index) => `import { analyzer as a${index} } from '../${path.slice('src/analysis/'.length)}';\n`,
  );
  return `${GENERATED_NOTE}
import type { Analyzer } from '../analyzer.ts';
${imports.join('')}
/** Every analyzer, in the order of their files. */
export const ANALYZERS: readonly Analyzer[] = [
${paths.map((_, index) => `  a${index},\n`).join('')}];
`;
}
