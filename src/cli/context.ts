/** What a command sees of the world. Nothing in a command reaches for `process` itself. */

import type { FlagSpec } from './command.ts';

/** Where text goes. */
export interface Writer {
  write(text: string): void;
  readonly isTTY: boolean;
  /** The stream behind it, where there is a real one that can be drawn on. */
  readonly stream?: NodeJS.WriteStream;
}

/** Standard input, read only when a command wants it. */
export interface Input {
  readonly isTTY: boolean;
  /** All of it. Refuses, with a `MeshError`, more than `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  /** The next line, as the answer to a question; undefined at the end of the input. */
  line(): Promise<string | undefined>;
}

/** The world as handed to `main`: the process's own in `bin/mesh`, a made-up one in tests. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Writer;
  readonly stderr: Writer;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDir: string;
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Aborts when the user wants the command to end (Ctrl-C), instead of the process ending at once. To be called
   * by commands that run until then.
   */
  interrupted(): AbortSignal;
}

/** What a command's `run` gets. */
export interface Context extends Io {
  /** Whether text on standard output may be coloured. */
  readonly colour: boolean;
  readonly verbose: boolean;
  /** Value and origin of each flag of this run, for `experimental config list`. */
  readonly settings: SettingsSource;
}

/** Defaults of flags from outside the command line. */
export interface SettingsSource {
  /** The value as text, and what it came from; undefined when nothing sets the flag. */
  find(flag: string, command: readonly string[], spec: FlagSpec): Setting | undefined;
}

export interface Setting {
  readonly text: string;
  /** Several values, for flags that may be repeated. */
  readonly list?: readonly string[];
  /** `$MESH_OUTPUT`, or `file:line:column`. */
  readonly from: string;
  readonly where?: { readonly file: string; readonly line: number; readonly column: number };
}

/**
 * Whether to colour what goes to `writer`. An explicit `--color` wins, then FORCE_COLOR, then NO_COLOR; else
 * terminals are coloured, unless they are dumb.
 */
export function wantsColour(choice: string, env: Io['env'], writer: Writer): boolean {
  if (choice === 'true' || choice === 'always') return true;
  if (choice === 'false' || choice === 'never') return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force.toLowerCase() !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return writer.isTTY && env.TERM !== 'dumb';
}
