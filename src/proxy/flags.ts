/** Flags of the proxy's commands: read, with help, and what was mistyped told. */

import { parseArgs } from 'node:util';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';

export interface FlagSpec {
  /** What stands for the value in the help; absent for a flag that is only there or not. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

export interface Flags {
  /** The last value that was given, or the default. */
  text(name: string): string | undefined;
  has(name: string): boolean;
  readonly words: readonly string[];
}

/** Reads flags; undefined when help is asked for. Throws a `MeshError` for flags that are not there. */
export function parseFlags(specs: FlagSpecs, argv: readonly string[]): Flags | undefined {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      value === undefined
        ? ({ type: 'boolean', multiple: false } as const)
        : ({ type: 'string', multiple: true } as const),
    ]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw unknownFlag(specs, argv, error as Error);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return undefined;
  return {
    text: (name) => (values[name] as readonly string[] | undefined)?.at(-1) ?? specs[name]?.default,
    has: (name) => values[name] === true,
    words: positionals,
  };
}

function unknownFlag(specs: FlagSpecs, argv: readonly string[], error: Error): MeshError {
  const nameOf = (word: string): string => word.slice(2).split('=', 1)[0] ?? '';
  const typed = argv.find((word) => word.startsWith('--') && !Object.hasOwn(specs, nameOf(word)));
  const near = typed === undefined ? undefined : nearestName(nameOf(typed), Object.keys(specs));
  const help = 'Run the command with --help for its flags.';
  return new MeshError('BadUsage', error.message.split('. ')[0] ?? '', {
    hint: near === undefined ? help : `Did you mean --${near}? ${help}`,
    cause: error,
  });
}

/** A line or two for each flag. */
export function flagHelp(specs: FlagSpecs): string {
  return Object.entries(specs)
    .map(([name, { value, description, default: standard }]) => {
      const shown = value === undefined ? '' : ` ${value}`;
      return `  --${name}${shown}\n      ${description}${standard === undefined ? '' : ` Default: ${standard}`}\n`;
    })
    .join('');
}

export function badFlag(name: string, text: string, wanted: string): MeshError {
  return new MeshError('BadSetting', `--${name} is ${JSON.stringify(text)}, but must be ${wanted}`);
}
