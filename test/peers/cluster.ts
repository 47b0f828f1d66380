/**
 * A whole Kubernetes cluster on loopback, for as long as a test runs: API server, controllers and scheduler are the
 * real ones; nodes and what runs on them are played by kwok. A Deployment rolls out in about a second.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Child, end, ended, start } from './children.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { freePorts } from './free-ports.ts';
import type { ClusterTools } from './tools.ts';

export interface ClusterOptions {
  /**
   * Further objects of kwok as YAML or JSON documents: a `PortForward`, `Exec` or `Logs` says which of this
   * machine's ports, commands or files stand for those of a pod.
   */
  readonly kwok?: string;
  /** Folder with the programs that an `Exec` finds in pods, before those of this machine. */
  readonly programs?: string;
  readonly nodes?: number;
}

export type Cluster = ControlPlane;

/** Longest wait for the nodes, in milliseconds. */
const READY_WITHIN = 60_000;

/** Starts everything, and waits until nodes are ready and namespaces get their service accounts. */
export async function startCluster(tools: ClusterTools, options: ClusterOptions = {}): Promise<Cluster> {
  // The etcd of the distribution is too old for lists by watching, and clients that try pause for long.
  const plane = await startControlPlane(tools, ['--feature-gates=WatchList=false']);
  const children: Child[] = [];
  const abandon = (): void => {
    for (const child of children) child.process.kill('SIGKILL');
  };
  process.once('exit', abandon);
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => end(child, 'SIGKILL')));
    process.off('exit', abandon);
    await plane.stop();
  };
  const { kubeconfig, folder } = plane;
  try {
    const [kubelet = 0] = await freePorts(1);
    const kwok = join(folder, 'kwok.yaml');
    writeFileSync(
      kwok,
      [...STAGES.map((stage) => JSON.stringify(stage)), options.kwok ?? ''].join('\n---\n'),
    );
    children.push(
      start(tools.kubeControllerManager, controllerManagerFlags(kubeconfig, folder), folder),
      start(
        tools.kubeScheduler,
        [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0'],
        folder,
      ),
      start(
        tools.kwok,
        [
          `--kubeconfig=${kubeconfig}`,
          `--config=${kwok}`,
          '--manage-all-nodes=true',
          '--node-ip=127.0.0.1',
          `--node-port=${kubelet}`,
          `--server-address=127.0.0.1:${kubelet}`,
        ],
        folder,
        options.programs,
      ),
    );
    const nodes = Array.from({ length: options.nodes ?? 2 }, (_, index) => node(`node-${index}`));
    const made = plane.kubectl(['apply', '-f', '-'], nodes.map((one) => JSON.stringify(one)).join('\n---\n'));
    if (made.status !== 0) throw new Error(made.stderr);
    await ready(plane, children, nodes.length);
    return { ...plane, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function controllerManagerFlags(kubeconfig: string, folder: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--service-account-private-key-file=${join(folder, 'service-account.key')}`,
    `--root-ca-file=${join(folder, 'apiserver.crt')}`,
    // Tests wait for what these do.
    '--concurrent-deployment-syncs=2',
    '--node-monitor-grace-period=600s',
  ];
}

function node(name: string): unknown {
  const size = { cpu: '64', memory: '256Gi', pods: '3000' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
    status: { allocatable: size, capacity: size },
  };
}

async function ready(plane: ControlPlane, children: readonly Child[], nodes: number): Promise<void> {
  const deadline = Date.now() + READY_WITHIN;
  for (;;) {
    const dead = children.find((child) => ended(child.process));
    if (dead !== undefined) throw new Error(`${dead.name} ended; see ${dead.log}`);
    const ask = (...args: string[]): string => plane.kubectl(['get', ...args]).stdout.trim();
    const path = `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`;
    const isReady = ask('nodes', '-o', path) === Array.from({ length: nodes }, () => 'True').join(' ');
    if (isReady && ask('serviceaccount', 'default', '-o', 'name') !== '') return;
    if (Date.now() > deadline) throw new Error(`the nodes are not ready in time; see ${plane.folder}/logs`);
    await wait(200);
  }
}

const IMAGES = '.spec.containers[].image';

function stage(name: string, matchExpressions: readonly unknown[], next: unknown): unknown {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: { resourceRef: { apiGroup: 'v1', kind: 'Pod' }, selector: { matchExpressions }, next },
  };
}

const LIVES = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' };
const IS_NEW = { key: '.status.podIP', operator: 'DoesNotExist' };

/** Addresses and conditions of a pod, `True` or `False` as to being ready, and then one status for each container. */
function status(isReady: boolean, container: string): string {
  const condition = (type: string, value: boolean): string =>
    `- {type: ${type}, status: "${value ? 'True' : 'False'}", lastTransitionTime: {{ Now | Quote }}}`;
  return `
phase: ${isReady ? 'Running' : 'Pending'}
startTime: {{ Now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
conditions:
${condition('Initialized', true)}
${condition('Ready', isReady)}
${condition('ContainersReady', isReady)}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  ready: ${isReady}
  state: ${container}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  ready: true
{{ if eq ( or .restartPolicy "" ) "Always" }}
  started: true
  state: {running: {startedAt: {{ Now | Quote }}}}
{{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}
{{ end }}
{{ end }}
`;
}

/** Images with the tag `missing` cannot be pulled, and what is in those with the tag `crashing` ends at once. */
const STAGES: readonly unknown[] = [
  stage(
    'runs',
    [
      LIVES,
      IS_NEW,
      { key: `${IMAGES} | select(endswith(":missing") or endswith(":crashing"))`, operator: 'DoesNotExist' },
    ],
    { statusTemplate: status(true, '{running: {startedAt: {{ Now | Quote }}}}') },
  ),
  stage(
    'has-no-image',
    [LIVES, IS_NEW, { key: `${IMAGES} | select(endswith(":missing"))`, operator: 'Exists' }],
    {
      statusTemplate: status(
        false,
        '{waiting: {reason: ImagePullBackOff, message: {{ printf "Back-off pulling image \\"%s\\": not found" .image | Quote }}}}',
      ),
    },
  ),
  stage(
    'crashes',
    [LIVES, IS_NEW, { key: `${IMAGES} | select(endswith(":crashing"))`, operator: 'Exists' }],
    {
      statusTemplate: status(
        false,
        '{waiting: {reason: CrashLoopBackOff, message: "back-off 5m0s restarting failed container"}}',
      ),
    },
  ),
  stage('goes', [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }], {
    finalizers: { empty: true },
    delete: true,
  }),
];
