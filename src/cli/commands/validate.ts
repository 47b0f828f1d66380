/** `mesh validate`: objects one by one against the API, as the control plane would check them. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { INPUT_ARGS, INPUT_FLAGS, RECURSIVE_FLAGS, REPORT_FLAGS } from '../input-flags.ts';

export const metadata = {
  path: ['validate'],
  aliases: ['v'],
  summary: 'Check files against the API, object by object',
  description:
    'Checks objects as the API server and the control plane would: kinds and versions, fields and their types, ' +
    'limits, and the rules of each kind; then duplicates, and references between the objects given. Reads YAML ' +
    'and JSON files, folders with all below them, and standard input (-). Needs no cluster.\n\n' +
    'Findings go to standard output, notes to standard error. A folder may hold a .meshignore.',
  examples: [
    { text: 'A file', command: 'mesh validate -f gateway.yaml' },
    { text: 'Files and folders', command: 'mesh validate gateway.yaml policies/' },
    { text: 'What a chart renders', command: 'helm template ./chart | mesh validate -f -' },
    { text: 'What runs in a cluster', command: 'kubectl get services -A -o yaml | mesh validate -' },
    { text: 'As annotations of a pull request on GitHub', command: 'mesh validate -o github manifests/' },
  ],
  args: INPUT_ARGS,
  flags: {
    ...INPUT_FLAGS,
    ...REPORT_FLAGS,
    referential: {
      type: 'boolean',
      short: 'x',
      default: true,
      description: 'Look up the names that objects use for one another among the objects given',
    },
    strict: { type: 'boolean', description: 'Count warnings as errors' },
    'strict-files': {
      type: 'boolean',
      description: 'Count documents that are no Kubernetes objects as errors',
    },
    ...RECURSIVE_FLAGS,
  },
  exitCodes: {
    0: 'Valid, maybe with warnings',
    1: 'Something is not valid, or cannot be read',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type ValidateInvocation = Invocation<typeof metadata.flags & GlobalFlags>;

export async function run(invocation: ValidateInvocation, context: Context): Promise<number> {
  const paths = [...invocation.flags.filename, ...invocation.args];
  if (paths.length === 0) throw nothingGiven();
  const { validateFiles } = await import('../validate-files.ts');
  return validateFiles(paths, invocation, context);
}

function nothingGiven(): MeshError {
  return new MeshError('MissingArgument', 'you must specify resources by --filename, or as arguments', {
    hint:
      'Examples:\n    mesh validate -f gateway.yaml\n    mesh validate policies/\n' +
      '    kubectl get services -o yaml | mesh validate -f -',
  });
}
