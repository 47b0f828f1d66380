/**
 * A mesh to look into: a real Envoy that our controller drives, both reached through a real API server, where kwok
 * maps the ports of their pods to those of this machine.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { type MeshRun, runMesh } from '../cli/run-mesh.ts';
import type { Cluster } from '../peers/cluster.ts';
import { freePorts } from '../peers/free-ports.ts';
import { findEnvoy } from '../peers/envoy.ts';
import { ask, Envoy, eventually } from '../peers/run-envoy.ts';
import { describeOnCluster } from './on-cluster.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-controller.js', import.meta.url));

const [grpcPort = 0, httpPort = 0, adminPort = 0, closedPort = 0] = await freePorts(4);

/** Ports of this machine: where the controller is asked, and where the proxy's administration is. */
export const PORTS = { grpcPort, httpPort, adminPort } as const;

export interface ObservedMesh {
  cluster(): Cluster;
  /** What the controller reads. */
  readonly folder: string;
  mesh(...argv: readonly string[]): Promise<MeshRun>;
  /** Frees the port of its administration for another proxy. */
  stopEnvoy(): Promise<void>;
  /** Lets a user do this in a namespace, and nothing else there. */
  grant(user: string, namespace: string, rules: readonly Rule[]): void;
}

/** Rights on resources of the core group. */
export type Rule = readonly [resources: readonly string[], verbs: readonly string[]];

export interface ObservedOptions {
  /** Further documents of kwok. */
  readonly kwok?: readonly string[];
  /** Further objects, which are applied with the pods. */
  readonly objects?: readonly object[];
  /** Environment of the containers `main`. */
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  /** What commands run in the containers of the mesh: shell scripts by the names of the programs. */
  readonly programs?: Readonly<Record<string, string>>;
}

function forward(namespace: string, pod: string, ports: Readonly<Record<number, number>>): string {
  return JSON.stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'PortForward',
    metadata: { namespace, name: pod },
    spec: {
      forwards: Object.entries(ports).map(([port, target]) => ({
        ports: [Number(port)],
        target: { address: '127.0.0.1', port: target },
      })),
    },
  });
}

/** Commands in a container are run on this machine. */
function commands(namespace: string, pod: string, container: string): string {
  return JSON.stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Exec',
    metadata: { namespace, name: pod },
    spec: { execs: [{ containers: [container], local: {} }] },
  });
}

const KWOK = [
  commands('istio-system', 'istiod-0', 'discovery'),
  commands('shop', 'web-0', 'istio-proxy'),
  forward('istio-system', 'istiod-0', { 8080: httpPort }),
  forward('shop', 'web-0', { 15000: adminPort, 15009: closedPort }),
];

function pod(
  namespace: string,
  name: string,
  { labels, annotations = {}, env }: { labels: object; annotations?: object; env: readonly object[] },
): object {
  const container = namespace === 'istio-system' ? 'discovery' : 'istio-proxy';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels, annotations },
    spec: {
      containers: [
        { name: 'main', image: 'example.com/main:1', env },
        { name: container, image: 'example.com/proxy:1' },
      ],
    },
  };
}

const NAMESPACES = ['shop', 'istio-system'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
}));

function pods(env: readonly object[]): readonly object[] {
  return [
    pod('shop', 'web-0', { labels: { app: 'web' }, env }),
    pod('istio-system', 'istiod-0', {
      labels: { app: 'istiod', 'istio.io/rev': 'default' },
      annotations: { 'prometheus.io/port': '8080' },
      env,
    }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
    },
  ];
}

/** What the controller serves. */
export const MANIFESTS = `apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {selector: {app: fruits}, clusterIP: 10.96.7.7, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: fruits, namespace: shop}
spec: {host: fruits, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: fruits, namespace: shop}
spec:
  hosts: [fruits]
  http:
  - match: [{uri: {prefix: /v1}}]
    route: [{destination: {host: fruits, subset: v1}}]
`;

/** The proxy of the pod `web-0.shop`. */
export const NODE = {
  id: 'sidecar~127.0.0.1~web-0.shop~shop.svc.cluster.local',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'web' }, ISTIO_VERSION: '1.27.0', CLUSTER_ID: 'Kubernetes' },
};

/** A suite about such a mesh; where a program is missing it is left out, and fails in continuous integration. */
export function describeObserved(
  title: string,
  suite: (observed: ObservedMesh) => void,
  { kwok = [], objects = [], env = [], programs = {} }: ObservedOptions = {},
): void {
  const bin = mkdtempSync(join(tmpdir(), 'lateen-programs-'));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const start = (cluster: () => Cluster): void => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-observed-'));
    let controller: ChildProcess | undefined;
    let envoy: Envoy | undefined;
    let log = '';

    beforeAll(async () => {
      const program = findEnvoy();
      if (program === undefined) throw new Error('There is no Envoy; npm run peers fetches it.');
      writeFileSync(join(folder, 'mesh.yaml'), MANIFESTS);
      const child = spawn(
        process.execPath,
        [
          LAUNCHER,
          '--config',
          folder,
          '--grpc-addr',
          `127.0.0.1:${grpcPort}`,
          '--http-addr',
          `127.0.0.1:${httpPort}`,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      controller = child;
      child.stderr.setEncoding('utf8').on('data', (part: string) => (log += part));
      await eventually(
        () => ask(httpPort, '/ready'),
        ({ status }) => {
          if (child.exitCode !== null) throw new Error(log);
          return status === 200;
        },
      );
      envoy = await Envoy.start({ program, grpcPort, node: NODE, form: 'delta', adminPort });
      for (const group of [NAMESPACES, [...objects, ...pods(env)]]) {
        await eventually(
          async () =>
            cluster().kubectl(['apply', '-f', '-'], group.map((one) => JSON.stringify(one)).join('\n---\n')),
          ({ status }) => status === 0,
        );
      }
      for (const [namespace, name] of [
        ['shop', 'web-0'],
        ['istio-system', 'istiod-0'],
      ] as const) {
        const { stderr, status } = cluster().kubectl([
          'wait',
          '-n',
          namespace,
          `pod/${name}`,
          '--for=condition=Ready',
          '--timeout=60s',
        ]);
        expect(stderr).toBe('');
        expect(status).toBe(0);
      }
      await envoy.ready();
    }, 180_000);

    afterAll(async () => {
      await envoy?.stop();
      if (controller?.exitCode === null) {
        const ended = new Promise((resolve) => controller?.once('exit', resolve));
        controller.kill('SIGKILL');
        await ended;
      }
      for (const one of [folder, bin]) rmSync(one, { recursive: true, force: true });
    });

    suite({
      cluster,
      folder,
      mesh: (...argv) => runMesh(argv, { env: { KUBECONFIG: cluster().kubeconfig } }),
      async stopEnvoy() {
        await envoy?.stop();
        envoy = undefined;
      },
      grant(user, namespace, rules) {
        const { status, stderr } = cluster().kubectl(
          ['apply', '-f', '-'],
          role(user, namespace, rules)
            .map((one) => JSON.stringify(one))
            .join('\n---\n'),
        );
        expect([status, stderr]).toEqual([0, '']);
      },
    });
  };
  describeOnCluster(title, start, { kwok: [...KWOK, ...kwok].join('\n---\n'), programs: bin });
}

function role(user: string, namespace: string, rules: readonly Rule[]): readonly object[] {
  const metadata = { namespace, name: user };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion,
      kind: 'Role',
      metadata,
      rules: rules.map(([resources, verbs]) => ({ apiGroups: [''], resources, verbs })),
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: user },
      subjects: [{ apiGroup, kind: 'User', name: user }],
    },
  ];
}
