/** `mesh uninstall`: takes the mesh out of a cluster. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { OPERATOR_FLAGS, readOperatorFlags } from '../operator-flags.ts';

const { filename, set, manifests } = OPERATOR_FLAGS;

export const metadata = {
  path: ['uninstall'],
  formerly: [['experimental', 'uninstall']],
  summary: 'Take the mesh out of a cluster',
  description:
    'Lists what belongs to a control plane, its gateways and addons, by the labels that all of it has; warns of ' +
    'pods, tags and gateways that depend on it; asks, deletes, and waits until the pods are gone. Definitions of ' +
    'kinds, the namespace and root certificates stay, for they may hold what you have made: each is named with ' +
    'the command that takes it away.\n\n' +
    'Interrupted at any moment, the same command run again goes on with what is left.',
  examples: [
    { text: 'One control plane', command: 'mesh uninstall --revision canary' },
    { text: 'The one without a revision', command: 'mesh uninstall --revision default' },
    { text: 'All of them', command: 'mesh uninstall --purge' },
    {
      text: 'As input for kubectl',
      command: 'mesh uninstall --purge --dry-run -o yaml | kubectl delete -f -',
    },
  ],
  args: [],
  flags: {
    filename,
    set,
    manifests,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      settable: false,
      description: 'Control plane to remove',
    },
    purge: { type: 'boolean', settable: false, description: 'Remove all control planes' },
    'skip-confirmation': {
      type: 'boolean',
      short: 'y',
      settable: false,
      description: 'Do not ask before something is deleted',
    },
    'dry-run': { type: 'boolean', settable: false, description: 'Only list what would be deleted' },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'text',
      values: ['text', 'json', 'yaml'],
      settable: false,
      description: 'Format of the list; json and yaml are what kubectl delete takes',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '2m0s',
      description: 'Longest wait for pods to end',
    },
    force: { type: 'boolean', hidden: true, settable: false, description: 'Accepted and ignored' },
  },
  exitCodes: {
    0: 'It is gone, or would be with --dry-run',
    1: 'You said no, or the cluster refuses something',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const revision = flags.purge ? undefined : await revisionOf(flags, context);
  const [{ openCluster }, { uninstall }] = await Promise.all([
    import('../cluster.ts'),
    import('../lifecycle/uninstall.ts'),
  ]);
  const cluster = await openCluster(flags, context);
  return uninstall(
    cluster,
    {
      revisionLabel: revision,
      istioNamespace: flags.istioNamespace,
      dryRun: flags['dry-run'],
      output: flags.output,
      skipConfirmation: flags['skip-confirmation'],
      timeout: flags.timeout,
    },
    context,
  );
}

async function revisionOf(
  flags: {
    readonly revision: string | undefined;
    readonly filename: readonly string[];
    readonly set: readonly string[];
  },
  context: Context,
): Promise<string> {
  if (flags.revision !== undefined) return flags.revision === '' ? 'default' : flags.revision;
  if (flags.filename.length === 0) {
    throw new MeshError('MissingArgument', 'it is not said what to uninstall', {
      hint: 'Name a control plane with --revision (default for the one without), or pass --purge for all of them.',
    });
  }
  const [{ settingsOf }, { packageParts }, input] = await Promise.all([
    import('../../install/render.ts'),
    import('../package-parts.ts'),
    readOperatorFlags(flags, context),
  ]);
  const { spec } = await settingsOf(input, packageParts());
  return (spec.revision ?? '') === '' ? 'default' : (spec.revision ?? '');
}
