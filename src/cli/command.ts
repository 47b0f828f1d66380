/** What a command is: the metadata that parser, help, completion and settings all read, and its `run`. */

import type { Context } from './context.ts';

/** Where candidates for a value come from; each name is a completer in `completion/completers.ts`. */
export type CompleterName =
  | 'files'
  | 'folders'
  | 'kinds'
  | 'kind-paths'
  | 'codes'
  | 'analyzers'
  | 'profiles'
  | 'commands'
  | ClusterCompleterName;

/** Candidates that only a cluster knows; `pods` are also the workloads and Services by which they can be named. */
export type ClusterCompleterName =
  | 'namespaces'
  | 'pods'
  | 'control-plane-pods'
  | 'deployments'
  | 'services'
  | 'revisions'
  | 'tags';

interface FlagBase {
  readonly description: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** The word for the value in help texts, for example `FILE`. */
  readonly value?: string;
  /** The only values allowed. Case counts for nothing; `run` gets the spelling of this list. */
  readonly values?: readonly string[];
  /** What the text must be the name of, by Kubernetes' rules for such names. */
  readonly names?: 'namespace';
  readonly complete?: CompleterName;
  /** Accepted, but not shown in help or completion. */
  readonly hidden?: boolean;
  /** False for flags that make no sense as a default in a configuration file or the environment. */
  readonly settable?: false;
}

/** A flag, declared once: parser, `--help`, completion, `MESH_*` and the configuration file come from it. */
export type FlagSpec = FlagBase &
  (
    | { readonly type: 'boolean'; readonly default?: boolean }
    | {
        readonly type: 'string';
        readonly default?: string;
        /** The value of the flag when it stands alone; a value is then only taken after `=`. */
        readonly bare?: string;
      }
    /** May be repeated. */
    | { readonly type: 'strings'; readonly default?: readonly string[]; readonly commas?: boolean }
    | { readonly type: 'integer'; readonly default?: number }
    /** A Go duration such as `30s`. The value stays text. */
    | { readonly type: 'duration'; readonly default?: string }
  );

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

interface FlagTypes {
  boolean: boolean;
  string: string;
  strings: readonly string[];
  integer: number;
  duration: string;
}

export type FlagValue = FlagTypes[keyof FlagTypes];

/** The type of one value: the words of `values` where these are literal. */
type ValueOf<Spec extends FlagSpec> = Spec extends { type: 'string'; values: readonly (infer Value)[] }
  ? Value
  : FlagTypes[Spec['type']];

/** Values of flags as `run` sees them: undefined only where there is neither a default nor a value given. */
export type FlagValues<Specs extends FlagSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { type: 'boolean' | 'strings' } | { default: unknown }
    ? ValueOf<Specs[Name]>
    : ValueOf<Specs[Name]> | undefined;
};

export interface ArgSpec {
  /** As help shows it, for example `FILE`. */
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  readonly repeated?: boolean;
  readonly values?: readonly string[];
  readonly complete?: CompleterName;
}

export interface Example {
  readonly text: string;
  readonly command: string;
}

/** One command. The file's path under `commands/` is the command's path. */
export interface CommandMetadata {
  readonly path: readonly string[];
  /** Other names for the last word of the path. */
  readonly aliases?: readonly string[];
  /** Whole paths by which it can be called too, for example where istioctl once had it. */
  readonly formerly?: readonly (readonly string[])[];
  /** One line for the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly Example[];
  readonly args: readonly ArgSpec[];
  readonly flags: FlagSpecs;
  readonly exitCodes: Readonly<Record<number, string>>;
  readonly hidden?: boolean;
}

/** A word that only leads to other commands. Its file is `commands/<path>/group.ts`. */
export interface GroupMetadata {
  readonly path: readonly string[];
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly description: string;
}

/** What the user asked for, parsed and checked. */
export interface Invocation<Specs extends FlagSpecs = FlagSpecs> {
  readonly args: readonly string[];
  readonly flags: FlagValues<Specs>;
  /** Names of the flags that were set on the command line, by `MESH_*` or by the configuration file. */
  readonly given: ReadonlySet<string>;
}

export interface CommandModule {
  readonly metadata: CommandMetadata;
  /** Returns the exit code. */
  // A command narrows its flags to those of its own metadata, which only the method form allows.
  run(invocation: Invocation, context: Context): Promise<number>;
}

/** A row of the generated list of commands: all that help and start-up need. */
export interface CommandEntry {
  readonly path: readonly string[];
  readonly aliases: readonly string[];
  readonly formerly: readonly (readonly string[])[];
  readonly summary: string;
  readonly hidden: boolean;
  readonly load: () => Promise<CommandModule>;
}
