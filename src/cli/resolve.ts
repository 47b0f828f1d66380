/** Finds the command that a command line means, before anything of that command is loaded. */

import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import type { CommandEntry, FlagSpec, GroupMetadata } from './command.ts';
import { GLOBAL_FLAGS, IGNORED_FLAGS } from './global-flags.ts';
import { OTHER_COMMANDS } from './other-commands.table.ts';

export type Resolved =
  | { readonly kind: 'command'; readonly entry: CommandEntry; readonly rest: readonly string[] }
  | { readonly kind: 'group'; readonly path: readonly string[]; readonly rest: readonly string[] };

/**
 * Walks down the tree of commands, word by word; flags may stand anywhere between. The words of the path are
 * taken out of `rest`. The root is the group with the empty path.
 */
export function resolveCommand(
  argv: readonly string[],
  commands: readonly CommandEntry[],
  groups: readonly GroupMetadata[],
): Resolved {
  const rest: string[] = [];
  let path: readonly string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') {
      rest.push(...argv.slice(index));
      break;
    }
    if (word.startsWith('-') && word !== '-') {
      rest.push(word);
      const next = argv[index + 1];
      if (next !== undefined && takesNextWord(word)) {
        rest.push(next);
        index++;
      }
      continue;
    }
    const entry = commands.find((candidate) => matches(candidate, path, word));
    if (entry !== undefined) {
      // A command may have others below it, which only the very next word can mean.
      const below = commands.find((candidate) => isChild(candidate, entry.path, argv[index + 1] ?? ''));
      const after = argv.slice(index + (below === undefined ? 1 : 2));
      return { kind: 'command', entry: below ?? entry, rest: [...rest, ...after] };
    }
    const group = groups.find((candidate) => isChild(candidate, path, word));
    const next = group?.path ?? [...path, word];
    if (
      group === undefined &&
      !commands.some(({ formerly }) => formerly.some((one) => startsWith(one, next)))
    ) {
      throw unknownCommand(word, path, commands, groups);
    }
    path = next;
  }
  // A group that there was once has commands, and no help.
  if (path.length > 0 && !groups.some((group) => isSame(group.path, path))) {
    throw unknownCommand(path.at(-1) ?? '', path.slice(0, -1), commands, groups);
  }
  const version = path.length === 0 && rest[0] === '--version' ? findVersion(commands) : undefined;
  if (version !== undefined) return { kind: 'command', entry: version, rest: rest.slice(1) };
  return { kind: 'group', path, rest };
}

/** Where commands are that may still change. */
const EXPERIMENTAL = ['experimental'];

/** `mesh --version`, as other programs have it, is `mesh version`. */
function findVersion(commands: readonly CommandEntry[]): CommandEntry | undefined {
  return commands.find((entry) => matches(entry, [], 'version'));
}

/** Commands and groups right under a path that help lists. */
export function childrenOf(
  path: readonly string[],
  commands: readonly CommandEntry[],
  groups: readonly GroupMetadata[],
): readonly { readonly name: string; readonly summary: string; readonly aliases: readonly string[] }[] {
  return [...commands.filter((entry) => !entry.hidden), ...groups]
    .filter((entry) => entry.path.length === path.length + 1 && startsWith(entry.path, path))
    .map((entry) => ({
      name: entry.path.at(-1) ?? '',
      summary: entry.summary,
      aliases: entry.aliases ?? [],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function matches(entry: CommandEntry, path: readonly string[], word: string): boolean {
  if (isChild(entry, path, word)) return true;
  return entry.formerly.some(
    (former) => former.length === path.length + 1 && startsWith(former, path) && former.at(-1) === word,
  );
}

function isChild(
  entry: { readonly path: readonly string[]; readonly aliases?: readonly string[] },
  path: readonly string[],
  word: string,
): boolean {
  if (entry.path.length !== path.length + 1 || !startsWith(entry.path, path)) return false;
  return entry.path.at(-1) === word || (entry.aliases?.includes(word) ?? false);
}

function isSame(path: readonly string[], other: readonly string[]): boolean {
  return path.length === other.length && startsWith(path, other);
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((word, index) => path[index] === word);
}

/** Whether the word after this flag is the flag's value. Only global flags may stand before the command. */
function takesNextWord(word: string): boolean {
  if (word.includes('=')) return false;
  const specs: readonly [string, FlagSpec][] = Object.entries({ ...GLOBAL_FLAGS, ...IGNORED_FLAGS });
  const spec = specs.find(([name, flag]) => word === `--${name}` || word === `-${flag.short}`)?.[1];
  return (
    spec !== undefined && spec.type !== 'boolean' && !(spec.type === 'string' && spec.bare !== undefined)
  );
}

function unknownCommand(
  word: string,
  path: readonly string[],
  commands: readonly CommandEntry[],
  groups: readonly GroupMetadata[],
): MeshError {
  const parent = ['mesh', ...path].join(' ');
  const typed = [...path, word].join(' ');
  const other = Object.hasOwn(OTHER_COMMANDS, typed) ? OTHER_COMMANDS[typed] : undefined;
  if (other !== undefined) {
    return new MeshError('UnknownCommand', `there is no "mesh ${typed}": ${other.why}`, {
      hint: other.instead,
    });
  }
  const isExperimental = [...commands, ...groups].some((one) => isChild(one, EXPERIMENTAL, word));
  if (path.length === 0 && isExperimental) {
    return new MeshError('UnknownCommand', `unknown command "${word}" for "mesh"`, {
      hint: `It may still change, and is "mesh experimental ${word}".`,
    });
  }
  const known = childrenOf(path, commands, groups).flatMap((child) => [child.name, ...child.aliases]);
  const near = nearestName(word, known);
  return new MeshError('UnknownCommand', `unknown command "${word}" for "${parent}"`, {
    hint:
      near === undefined
        ? `Run "${parent} --help" for the list of commands.`
        : `Did you mean "${parent} ${near}"? Run "${parent} --help" for the list of commands.`,
  });
}
