/** `mesh kube-inject`: puts the sidecar into workload manifests. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { INPUT_ARGS, REWRITE_FLAGS } from '../input-flags.ts';

export const metadata = {
  path: ['kube-inject'],
  summary: 'Put the sidecar into workload manifests',
  description:
    'Adds the proxy, and what it needs, to Pods, Deployments, DaemonSets, StatefulSets, ReplicaSets, ' +
    'ReplicationControllers, Jobs, CronJobs, DeploymentConfigs and Lists of them. All other text keeps its bytes, ' +
    'and "mesh experimental kube-uninject" gives the input back. A workload that has the same sidecar stays as it ' +
    'is; an older sidecar is replaced. Needs no cluster and no network: what is injected is built in, or comes ' +
    'from the files given; with --use-kube, from the settings that the cluster has.\n\n' +
    'The result goes to standard output, what became of each workload to standard error.',
  examples: [
    { text: 'To a cluster', command: 'mesh kube-inject -f deployment.yaml | kubectl apply -f -' },
    {
      text: 'What runs already',
      command: 'kubectl get deployment -o yaml | mesh kube-inject -f - | kubectl apply -f -',
    },
    {
      text: 'Files of a repository, changed where they are',
      command: 'mesh kube-inject --in-place manifests/',
    },
    {
      text: 'With the settings of the cluster',
      command: 'mesh kube-inject --use-kube -f deployment.yaml',
    },
    { text: 'Is everything up to date? Exit code 1 if not', command: 'mesh kube-inject --check manifests/' },
    {
      text: 'With the settings of an installation',
      command: 'mesh kube-inject --valuesFile values.yaml --meshConfigFile mesh.yaml -f deployment.yaml',
    },
  ],
  args: INPUT_ARGS,
  flags: {
    ...REWRITE_FLAGS,
    'use-kube': {
      type: 'boolean',
      short: 'k',
      description: 'Take settings that no file gives from the ConfigMaps of the control plane in the cluster',
    },
    injectConfigFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: 'Injection configuration: templates and which pods get one',
    },
    injectConfigMapName: {
      type: 'string',
      value: 'NAME',
      description:
        'ConfigMap with the injection configuration and values, among the files given or in the cluster',
    },
    meshConfigFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: 'MeshConfig, whose defaultConfig the proxies get',
    },
    meshConfigMapName: {
      type: 'string',
      value: 'NAME',
      description: 'ConfigMap with the MeshConfig, among the files given or in the cluster',
    },
    valuesFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: 'Values of the installation, as YAML or JSON',
    },
    operatorFileName: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: 'IstioOperator file; its values and meshConfig win over the other files',
    },
    revision: {
      type: 'string',
      short: 'r',
      value: 'REVISION',
      complete: 'revisions',
      description: 'Revision of the control plane',
    },
    'native-sidecar': {
      type: 'boolean',
      description: 'Run the proxy as an init container that stays, which Kubernetes knows since 1.29',
    },
  },
  exitCodes: {
    0: 'Done, maybe with workloads skipped',
    1: 'The input cannot be read or injected; with --check, something would change',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type InjectInvocation = Invocation<typeof metadata.flags & GlobalFlags>;

export async function run(invocation: InjectInvocation, context: Context): Promise<number> {
  const paths = [...invocation.flags.filename, ...invocation.args];
  if (paths.length === 0) {
    throw new MeshError('MissingArgument', 'filename not specified (see --filename or -f)', {
      hint: 'For example: mesh kube-inject -f deployment.yaml',
    });
  }
  const { injectFiles } = await import('../inject-files.ts');
  return injectFiles(paths, invocation, context);
}
