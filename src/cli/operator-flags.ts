/** The flags by which commands are told what to install, and the reading of their files. */

import type { FlagSpecs } from './command.ts';
import type { Context } from './context.ts';
import type { OperatorInput } from '../install/operator-input.ts';

export const OPERATOR_FLAGS = {
  filename: {
    type: 'strings',
    short: 'f',
    value: 'FILE',
    settable: false,
    complete: 'files',
    description: 'File with an IstioOperator, - for standard input; may be repeated, the last wins',
  },
  set: {
    type: 'strings',
    short: 's',
    value: 'PATH=VALUE',
    settable: false,
    description:
      'A setting, as values.global.network=net1, or a key of the charts of Istio 1.2 to 1.6; may be repeated',
  },
  manifests: {
    type: 'string',
    short: 'd',
    value: 'FOLDER',
    hidden: true,
    description: 'Accepted: profiles are built in',
  },
} as const satisfies FlagSpecs;

/** Flags of commands that apply an installation. */
export const APPLY_FLAGS = {
  'skip-confirmation': {
    type: 'boolean',
    short: 'y',
    settable: false,
    description: 'Do not ask before something is changed',
  },
  'dry-run': {
    type: 'boolean',
    settable: false,
    description: 'Only show what would change; the cluster is asked, and nothing in it changed',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    default: 'text',
    values: ['text', 'json', 'yaml'],
    settable: false,
    description: 'Format of what changes',
  },
  'readiness-timeout': {
    type: 'duration',
    value: 'DURATION',
    default: '5m0s',
    description: 'Longest wait for what is installed to run',
  },
  force: {
    type: 'boolean',
    hidden: true,
    settable: false,
    description: 'Put an older version in place of a newer one',
  },
} as const satisfies FlagSpecs;

/** The content of `-f` and the single settings of `--set`. */
export async function readOperatorFlags(
  flags: { readonly filename: readonly string[]; readonly set?: readonly string[] },
  context: Context,
): Promise<OperatorInput> {
  const [{ readNamedText }, { splitSettings }] = await Promise.all([
    import('./named-text.ts'),
    import('../install/set-argument.ts'),
  ]);
  const files = [];
  for (const path of flags.filename) files.push({ path, text: await readNamedText(path, context) });
  return { files, sets: (flags.set ?? []).flatMap(splitSettings) };
}

/** What flags say that files and settings may say, too: these win. */
export function namedByFlags(
  flags: { readonly revision?: string | undefined; readonly istioNamespace: string },
  given: ReadonlySet<string>,
): { readonly revision?: string; readonly namespace?: string } {
  return {
    ...(flags.revision === undefined ? {} : { revision: flags.revision }),
    ...(given.has('istioNamespace') ? { namespace: flags.istioNamespace } : {}),
  };
}

/** Tells warnings, one a line. */
export function writeWarnings(warnings: readonly string[], { stderr }: Context): void {
  for (const warning of warnings) stderr.write(`Warning: ${warning}\n`);
}
