/** From a command's metadata and the words of the command line to checked values. The only user of commander. */

import { Command, CommanderError, Option } from 'commander';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import type { CommandMetadata, FlagSpec, FlagSpecs, FlagValue, Invocation } from './command.ts';
import type { SettingsSource } from './context.ts';
import { checkFlagValue } from './flag-value.ts';

/** Parses the words after the command's name. Throws a `MeshError` that says what to type instead. */
export function parseInvocation(
  metadata: Pick<CommandMetadata, 'path' | 'args'>,
  specs: FlagSpecs,
  words: readonly string[],
  settings: SettingsSource,
): Invocation {
  const name = ['mesh', ...metadata.path].join(' ');
  const command = new Command(name)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const normal = normalise(words, specs);
  // Declaring an option costs time, so only those on the line are declared; the rest have defaults.
  const keys = new Map<string, string>();
  for (const [flag, spec] of Object.entries(specs)) {
    if (normal.flags.has(flag)) keys.set(flag, addFlag(command, flag, spec));
  }

  const { operands, unknown } = parseWords(command, normal.words, name);
  const stranger = unknown[0];
  if (stranger !== undefined) throw unknownFlag(stranger, specs, name);

  const flags: Record<string, FlagValue | undefined> = {};
  const given = new Set<string>();
  for (const [flag, spec] of Object.entries(specs)) {
    const key = keys.get(flag);
    const typed: unknown = key === undefined ? undefined : command.getOptionValue(key);
    const setting =
      typed === undefined && spec.settable !== false ? settings.find(flag, metadata.path, spec) : undefined;
    if (typed !== undefined) {
      flags[flag] = checkFlagValue(flag, spec, typed as string | boolean | readonly string[]);
    } else if (setting !== undefined) {
      flags[flag] = checkFlagValue(flag, spec, setting.list ?? setting.text, setting);
    } else {
      flags[flag] =
        spec.default ?? (spec.type === 'boolean' ? false : spec.type === 'strings' ? [] : undefined);
      continue;
    }
    given.add(flag);
  }
  if (flags.help !== true) checkArguments(metadata, operands, name);
  return { args: operands, flags: flags as Invocation['flags'], given };
}

function parseWords(
  command: Command,
  words: string[],
  name: string,
): { operands: string[]; unknown: string[] } {
  try {
    return command.parseOptions(words);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new MeshError('BadFlagValue', error.message.replace(/^error: /, ''), {
      hint: `Run "${name} --help" for the flags and their values.`,
      cause: error,
    });
  }
}

/** Declares a flag. Returns the name under which commander keeps its value. */
function addFlag(command: Command, flag: string, spec: FlagSpec): string {
  if (spec.type === 'boolean') {
    const option = new Option(`--${flag}`);
    command.addOption(option);
    command.addOption(new Option(`--no-${flag}`));
    return option.attributeName();
  }
  const option = new Option(`--${flag} <${spec.value ?? 'VALUE'}>`);
  if (spec.type === 'strings') {
    option.argParser<readonly string[]>((value, earlier) => [...(earlier ?? []), value]);
  }
  command.addOption(option);
  return option.attributeName();
}

interface NormalWords {
  readonly words: string[];
  /** The flags that occur, by their full names. */
  readonly flags: ReadonlySet<string>;
}

/**
 * Rewrites what pflag takes and commander does not: `--flag=false`, `-o=json`, flags whose value is only taken
 * after `=`, and other spellings of a name (`--mesh-config-file` for `--meshConfigFile`).
 */
function normalise(given: readonly string[], specs: FlagSpecs): NormalWords {
  const words: string[] = [];
  const flags = new Set<string>();
  const queue = [...given];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') return { words: [...words, word, ...queue], flags };
    const flag = findFlag(word, specs);
    if (flag === undefined) {
      const parts = splitShortFlags(word, specs);
      if (parts[0] !== word) queue.unshift(...parts);
      else words.push(word);
      continue;
    }
    const { name, spec, value } = flag;
    flags.add(name);
    if (spec.type === 'boolean') {
      const truth = value === undefined || checkFlagValue(name, spec, value) === true;
      words.push(truth ? `--${name}` : `--no-${name}`);
    } else if (value !== undefined) {
      words.push(`--${name}=${value}`);
    } else if (spec.type === 'string' && spec.bare !== undefined) {
      words.push(`--${name}=${spec.bare}`);
    } else {
      // The next word is the value, whatever it looks like.
      const next = queue.shift();
      if (next === undefined) {
        throw new MeshError('BadFlagValue', `--${name} needs a value`, { hint: valueHint(name, spec) });
      }
      words.push(`--${name}=${next}`);
    }
  }
  return { words, flags };
}

/** The flag that a word names: `--name`, `--name=value`, `--no-name`, `-n`, `-n=value`. */
function findFlag(
  word: string,
  specs: FlagSpecs,
): { name: string; spec: FlagSpec; value: string | undefined } | undefined {
  const match = /^--?([^=-][^=]*)(?:=([\s\S]*))?$/.exec(word);
  const typed = match?.[1];
  if (typed === undefined) return undefined;
  const value = match?.[2];
  if (!word.startsWith('--')) {
    if (typed.length !== 1) return undefined;
    const entry = Object.entries(specs).find(([, spec]) => spec.short === typed);
    return entry === undefined ? undefined : { name: entry[0], spec: entry[1], value };
  }
  const plain = plainName(typed);
  for (const [name, spec] of Object.entries(specs)) {
    if (plainName(name) === plain) return { name, spec, value };
    if (spec.type === 'boolean' && value === undefined && plain === `no${plainName(name)}`) {
      return { name, spec, value: 'false' };
    }
  }
  return undefined;
}

/** `-AR` is `-A -R`, and `-Aojson` is `-A -o=json`, as pflag has it. */
function splitShortFlags(word: string, specs: FlagSpecs): string[] {
  if (!/^-[A-Za-z]{2}/.test(word)) return [word];
  const result: string[] = [];
  for (let index = 1; index < word.length; index++) {
    const short = `-${word[index]}`;
    const flag = findFlag(short, specs);
    const rest = word.slice(index + 1);
    if (flag === undefined)
      return index === 1 ? [word] : [...result, rest === '' ? short : `${short}${rest}`];
    if (flag.spec.type !== 'boolean')
      return [...result, rest === '' ? short : `${short}=${rest.replace(/^=/, '')}`];
    if (rest.startsWith('=')) return [...result, `${short}${rest}`];
    result.push(short);
  }
  return result;
}

function valueHint(name: string, spec: FlagSpec): string {
  if (spec.values === undefined) return `Write --${name} ${spec.value ?? 'VALUE'}.`;
  return `Write --${name} with one of ${spec.values.join(', ')}.`;
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

function unknownFlag(word: string, specs: FlagSpecs, command: string): MeshError {
  const typed = word.split('=', 1)[0] ?? word;
  const known = Object.entries(specs).filter(([, spec]) => spec.hidden !== true);
  const near = typed.startsWith('--')
    ? nearestName(
        typed.slice(2),
        known.map(([name]) => name),
      )
    : undefined;
  const help = `Run "${command} --help" for the flags it takes.`;
  return new MeshError('UnknownFlag', `unknown flag ${typed} for "${command}"`, {
    hint: near === undefined ? help : `Did you mean --${near}? ${help}`,
  });
}

function checkArguments(
  metadata: Pick<CommandMetadata, 'path' | 'args'>,
  operands: readonly string[],
  name: string,
): void {
  const required = metadata.args.filter((arg) => arg.optional !== true);
  const missing = required[operands.length];
  const help = `Run "${name} --help" for usage and examples.`;
  if (missing !== undefined) {
    throw new MeshError('MissingArgument', `"${name}" needs ${missing.name}: ${missing.description}`, {
      hint: help,
    });
  }
  const extra = operands[metadata.args.length];
  if (extra !== undefined && metadata.args.at(-1)?.repeated !== true) {
    throw new MeshError('UnexpectedArgument', `"${name}" takes no argument "${extra}"`, { hint: help });
  }
  for (const [index, arg] of metadata.args.entries()) {
    const value = operands[index];
    if (value === undefined || arg.values === undefined || arg.values.includes(value)) continue;
    const near = nearestName(value, arg.values);
    throw new MeshError(
      'BadArgument',
      `${arg.name} is "${value}", but must be one of ${arg.values.join(', ')}`,
      {
        hint: near === undefined ? help : `Did you mean ${near}?`,
      },
    );
  }
}
