/** Makes the list of commands and the list of settings from the files under `src/cli/commands`. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GENERATED_NOTE } from './kind-table.ts';

/** What this generator reads of a command's or group's metadata. */
interface UnitMetadata {
  readonly path: readonly string[];
  readonly aliases?: readonly string[];
  readonly formerly?: readonly (readonly string[])[];
  readonly summary: string;
  readonly description: string;
  readonly hidden?: boolean;
  readonly flags?: Readonly<Record<string, FlagMetadata>>;
}

interface FlagMetadata {
  readonly type: string;
  readonly settable?: false;
  readonly [word: string]: unknown;
}

/** A file under `src/cli/commands` and the metadata it exports. */
export interface CommandUnit {
  /** From `src/cli/commands`, with forward slashes and without `.ts`: `experimental/config/list`. */
  readonly file: string;
  readonly metadata: UnitMetadata;
}

/** Loads every file under the folder of commands, sorted. The files' own imports are light by rule. */
export async function readCommands(root: string): Promise<CommandUnit[]> {
  const folder = join(root, 'src', 'cli', 'commands');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/').slice(0, -'.ts'.length))
    .toSorted();
  return Promise.all(
    files.map(async (file) => {
      const module: unknown = await import(pathToFileURL(join(folder, `${file}.ts`)).href);
      return { file, metadata: (module as { metadata: UnitMetadata }).metadata };
    }),
  );
}

/** The text of `src/cli/generated/commands.ts`: what start-up needs to know of each command. */
export function printCommands(units: readonly CommandUnit[]): { text: string; problems: string[] } {
  const problems: string[] = [];
  const names = new Map<string, string>();
  const commands: string[] = [];
  const groups: string[] = [];
  for (const { file, metadata } of units) {
    const isGroup = file.endsWith('/group');
    const place = isGroup ? file.slice(0, -'/group'.length) : file;
    if (metadata === undefined) {
      problems.push(`src/cli/commands/${file}.ts: exports no "metadata"`);
      continue;
    }
    const { path, aliases = [], formerly = [], summary, description, hidden = false } = metadata;
    if (path.join('/') !== place) {
      problems.push(
        `src/cli/commands/${file}.ts: its path is "${path.join(' ')}", but its file says "${place}"`,
      );
    }
    const ways = [path, ...aliases.map((alias) => [...path.slice(0, -1), alias]), ...formerly];
    for (const name of ways.map((way) => way.join(' '))) {
      const other = names.get(name);
      if (other !== undefined) problems.push(`src/cli/commands/${file}.ts: "${name}" is also ${other}`);
      names.set(name, file);
    }
    if (isGroup) {
      groups.push(`  ${JSON.stringify({ path, aliases, summary, description })},\n`);
      continue;
    }
    const fields = JSON.stringify({ path, aliases, formerly, summary, hidden }).slice(0, -1);
    commands.push(
      `  ${fields},"load":async () => (await import('../commands/${file}.ts')) as CommandModule },\n`,
    );
  }
  const text = `${GENERATED_NOTE}
import type { CommandEntry, CommandModule, GroupMetadata } from '../command.ts';

/** Every command, in the order of their files. A command's own code is loaded by \`load\` alone. */
export const COMMANDS: readonly CommandEntry[] = [
${commands.join('')}];

/** The words that only lead to other commands. */
export const GROUPS: readonly GroupMetadata[] = [
${groups.join('')}];
`;
  return { text, problems };
}

/**
 * The text of `src/cli/generated/settings.ts`: the flags of each command that `MESH_*` and the configuration
 * file may set. Read only when there is such a file, or to list or complete settings.
 */
export function printSettings(units: readonly CommandUnit[]): string {
  const rows = units
    .filter(({ metadata }) => metadata?.flags !== undefined && metadata.hidden !== true)
    .map(({ metadata }) => {
      const flags = Object.entries(metadata.flags ?? {}).filter(([, spec]) => spec.settable !== false);
      return `  ${JSON.stringify(metadata.path.join(' '))}: ${JSON.stringify(Object.fromEntries(flags))},\n`;
    });
  return `${GENERATED_NOTE}
import type { FlagSpecs } from '../command.ts';

/** By command, its own flags that a setting may give a value. */
export const COMMAND_SETTINGS: Readonly<Record<string, FlagSpecs>> = {
${rows.join('')}};
`;
}
