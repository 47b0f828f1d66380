/** `mesh precheck`: whether a cluster, and what runs in it, is ready for the mesh. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { INPUT_ARGS, INPUT_FLAGS, RECURSIVE_FLAGS } from '../input-flags.ts';

export const metadata = {
  path: ['precheck'],
  formerly: [['experimental', 'precheck']],
  summary: 'Check that a cluster and its workloads are ready for the mesh',
  description:
    'Checks what an installation needs: the release of Kubernetes, the rights of whoever asks, versions of kinds ' +
    'that others have defined, control planes that are there already and how far their release is from this one. ' +
    'And what workloads need: ports of Services named by protocol, declared container ports, a Service for every ' +
    'workload, the labels app and version, NET_ADMIN, no user 1337, and none of the ports of the sidecar.\n\n' +
    'With files the workloads in them are checked, and no cluster is asked.',
  examples: [
    { text: 'The cluster, and the workloads of all namespaces', command: 'mesh precheck' },
    { text: 'The workloads of one namespace', command: 'mesh precheck -n shop' },
    { text: 'The manifests of a repository, without a cluster', command: 'mesh precheck manifests/' },
    { text: 'For a program', command: 'mesh precheck -o json' },
  ],
  args: INPUT_ARGS,
  flags: {
    ...INPUT_FLAGS,
    ...RECURSIVE_FLAGS,
    'from-version': {
      type: 'string',
      value: 'VERSION',
      settable: false,
      description: 'Version that is upgraded from; else that of the control planes of the cluster',
    },
    'skip-controlplane': { type: 'boolean', settable: false, description: 'Only check workloads' },
    strict: { type: 'boolean', description: 'Exit with 1 on warnings, too' },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'short', 'json', 'yaml', 'log'],
      description: 'Format of the result; short and log show only what is not well',
    },
    'output-threshold': {
      type: 'string',
      hidden: true,
      settable: false,
      description: 'Accepted and ignored',
    },
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      hidden: true,
      description: 'Accepted and ignored',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for the cluster',
    },
  },
  exitCodes: {
    0: 'All is ready, but for warnings',
    1: 'Something is not, or the cluster cannot be asked',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { precheckCluster, precheckFiles } = await import('../health/precheck.ts');
  const paths = [...flags.filename, ...args];
  const asked = { ...flags, output: flags.output === 'log' ? ('short' as const) : flags.output };
  if (paths.length > 0) return precheckFiles(paths, asked, context);
  return precheckCluster(asked, context);
}
