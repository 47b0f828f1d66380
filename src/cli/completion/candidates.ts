/** What may come next on a command line: the answer to `mesh __complete`. */

import type { ArgSpec, CommandEntry, CompleterName, FlagSpec, FlagSpecs, GroupMetadata } from '../command.ts';
import { allFlags } from '../global-flags.ts';
import { childrenOf, resolveCommand } from '../resolve.ts';

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the shell itself offers beside the candidates. */
  readonly paths: 'files' | 'folders' | 'none';
}

/** What the words before say of a flag; undefined when they do not name it. */
export type TypedFlags = (name: string) => string | undefined;

/** Gives the candidates of a completer, for example all kinds; may narrow them to those that start with a word. */
export type Completer = (
  name: CompleterName,
  word: string,
  typed: TypedFlags,
) => Promise<readonly Candidate[]>;

export interface CompletionTools {
  readonly commands: readonly CommandEntry[];
  readonly groups: readonly GroupMetadata[];
  readonly complete: Completer;
}

/** The tools for one line. */
interface Tools extends Pick<CompletionTools, 'commands' | 'groups'> {
  complete(name: CompleterName, word: string): Promise<readonly Candidate[]>;
}

const NOTHING: Completion = { candidates: [], paths: 'none' };

/** Completes the last of the words, which may be empty. Never throws: a line that makes no sense has no candidates. */
export async function completeWords(
  words: readonly string[],
  { commands, groups, complete }: CompletionTools,
): Promise<Completion> {
  const before = words.slice(0, -1);
  const word = words.at(-1) ?? '';
  const toolsFor = (rest: readonly string[], specs: FlagSpecs): Tools => {
    const typed: TypedFlags = (name) => typedValue(rest, name, specs);
    return { commands, groups, complete: (name, open) => complete(name, open, typed) };
  };
  let resolved;
  try {
    resolved = resolveCommand(before, commands, groups);
  } catch {
    return NOTHING;
  }
  if (resolved.kind === 'group') {
    const specs = allFlags({});
    const tools = toolsFor(resolved.rest, specs);
    const pending = pendingFlag(resolved.rest, specs);
    if (pending !== undefined) return completeValue(pending, word, '', tools);
    if (word.startsWith('-')) return completeFlag(word, specs, tools);
    return { candidates: completeChild(resolved.path, word, tools), paths: 'none' };
  }
  const { metadata } = await resolved.entry.load();
  const specs = allFlags(metadata.flags);
  const tools = toolsFor(resolved.rest, specs);
  const afterDashes = resolved.rest.includes('--');
  const pending = afterDashes ? undefined : pendingFlag(resolved.rest, specs);
  if (pending !== undefined) return completeValue(pending, word, '', tools);
  if (word.startsWith('-') && word !== '-' && !afterDashes) return completeFlag(word, specs, tools);
  const answer = await completeArgument(metadata.args, operandsOf(resolved.rest, specs), word, tools);
  // A command may have others below it, which only the very next word can mean.
  const below = resolved.rest.length === 0 ? completeChild(resolved.entry.path, word, tools) : [];
  return { ...answer, candidates: [...below, ...answer.candidates] };
}

function completeChild(path: readonly string[], word: string, tools: Tools): readonly Candidate[] {
  const children = childrenOf(path, tools.commands, tools.groups);
  return startingWith(
    word,
    children.map(({ name, summary }) => ({ value: name, description: summary })),
  );
}

async function completeFlag(word: string, specs: FlagSpecs, tools: Tools): Promise<Completion> {
  const equals = word.indexOf('=');
  if (equals >= 0) {
    const spec = findFlag(word.slice(0, equals), specs);
    return spec === undefined
      ? NOTHING
      : completeValue(spec, word.slice(equals + 1), word.slice(0, equals + 1), tools);
  }
  const candidates = Object.entries(specs)
    .filter(([, spec]) => spec.hidden !== true)
    .map(([name, spec]) => ({ value: `--${name}`, description: spec.description }));
  return { candidates: startingWith(word, candidates), paths: 'none' };
}

async function completeArgument(
  args: readonly ArgSpec[],
  operands: number,
  word: string,
  tools: Tools,
): Promise<Completion> {
  const last = args.at(-1);
  const spec = args[operands] ?? (last?.repeated === true ? last : undefined);
  return spec === undefined ? NOTHING : completeValue(spec, word, '', tools);
}

/** `prefix` is what stands before the value in the same word: `--output=`. */
async function completeValue(
  spec: Pick<FlagSpec, 'values' | 'complete'> & { readonly type?: string; readonly commas?: boolean },
  word: string,
  prefix: string,
  tools: Tools,
): Promise<Completion> {
  if (spec.type === 'boolean') {
    const truths = ['true', 'false'].map((value) => ({ value, description: '' }));
    return { candidates: withPrefix(prefix, startingWith(word, truths)), paths: 'none' };
  }
  // In a list, only what comes after the last comma is still open.
  const done = spec.commas === true ? word.slice(0, word.lastIndexOf(',') + 1) : '';
  const open = word.slice(done.length);
  if (spec.values !== undefined) {
    const values = spec.values.map((value) => ({ value, description: '' }));
    return { candidates: withPrefix(prefix + done, startingWith(open, values)), paths: 'none' };
  }
  switch (spec.complete) {
    case undefined:
      return NOTHING;
    case 'files':
    case 'folders':
      return { candidates: [], paths: spec.complete };
    default: {
      const candidates = await tools.complete(spec.complete, open);
      return { candidates: withPrefix(prefix + done, startingWith(open, candidates)), paths: 'none' };
    }
  }
}

function startingWith(word: string, candidates: readonly Candidate[]): readonly Candidate[] {
  const lower = word.toLowerCase();
  return candidates.filter(({ value }) => value.toLowerCase().startsWith(lower));
}

function withPrefix(prefix: string, candidates: readonly Candidate[]): readonly Candidate[] {
  if (prefix === '') return candidates;
  return candidates.map(({ value, description }) => ({ value: prefix + value, description }));
}

/** The value of the flag in the words, the last of several. */
function typedValue(words: readonly string[], name: string, specs: FlagSpecs): string | undefined {
  const spec = specs[name];
  let value: string | undefined;
  let pending: FlagSpec | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      if (pending === spec) value = word;
      pending = undefined;
      continue;
    }
    if (word === '--') break;
    pending = waitingFlag(word, specs);
    const equals = word.indexOf('=');
    if (word.startsWith('-') && equals > 0 && spec !== undefined) {
      if (findFlag(word.slice(0, equals), specs) === spec) value = word.slice(equals + 1);
    }
  }
  return value;
}

/** The flag at the end of the words that still waits for its value. */
function pendingFlag(words: readonly string[], specs: FlagSpecs): FlagSpec | undefined {
  let pending: FlagSpec | undefined;
  for (const word of words) pending = pending === undefined ? waitingFlag(word, specs) : undefined;
  return pending;
}

/** How many words are arguments of the command. */
function operandsOf(words: readonly string[], specs: FlagSpecs): number {
  let count = 0;
  let pending: FlagSpec | undefined;
  let dashes = false;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
    } else if (!dashes && word === '--') {
      dashes = true;
    } else if (dashes || !word.startsWith('-') || word === '-') {
      count++;
    } else {
      pending = waitingFlag(word, specs);
    }
  }
  return count;
}

/** The flag that a word names, when its value is the next word. */
function waitingFlag(word: string, specs: FlagSpecs): FlagSpec | undefined {
  if (!word.startsWith('-') || word.includes('=')) return undefined;
  const spec = findFlag(word, specs);
  if (spec === undefined || spec.type === 'boolean' || (spec.type === 'string' && spec.bare !== undefined))
    return undefined;
  return spec;
}

function findFlag(word: string, specs: FlagSpecs): FlagSpec | undefined {
  return Object.entries(specs).find(([name, spec]) => word === `--${name}` || word === `-${spec.short}`)?.[1];
}
