/**
 * The webhooks of an installation on a real control plane: its API server asks a controller that runs with the rights
 * of the installation and no more, and verifies it by the root that the installation named.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { freePorts } from '../peers/free-ports.ts';
import { eventually } from '../peers/run-envoy.ts';
import { describeOnCluster } from './on-cluster.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-controller.js', import.meta.url));
const FRUITS = fileURLToPath(
  new URL('../../../shared/book-policies/Chapter 3/fruits-api.yml', import.meta.url),
);

/** A workload as small as they are, for where the book's is not at hand. */
const OWN_FRUITS = `apiVersion: v1
kind: Namespace
metadata: {name: micro-shake-factory, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fruits-api-deployment-v1, namespace: micro-shake-factory}
spec:
  replicas: 2
  selector: {matchLabels: {app: fruits-api}}
  template:
    metadata: {labels: {app: fruits-api, version: "1"}}
    spec: {containers: [{name: fruits-api, image: "fruits-api:1", ports: [{containerPort: 3000}]}]}
`;

describeOnCluster('the webhooks of an installation', (cluster) => {
  let controller: ChildProcess | undefined;
  let log = '';
  let http = 0;

  const kubectl = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = cluster().kubectl(args);
    expect([status, stderr], args.join(' ')).toEqual([0, expect.any(String)]);
    return stdout.trim();
  };
  const apply = (object: unknown) => cluster().kubectl(['apply', '-f', '-'], JSON.stringify(object));

  beforeAll(async () => {
    const mesh = await runMesh(['install', '-y', '--set', 'profile=minimal'], {
      env: { KUBECONFIG: cluster().kubeconfig },
    });
    expect([mesh.code, mesh.stderr]).toEqual([0, expect.any(String)]);
    const [https = 0, grpc = 0, web = 0] = await freePorts(3);
    http = web;
    leadTo(https);
    const child = spawn(
      process.execPath,
      [
        LAUNCHER,
        `--kubeconfig=${asControlPlane()}`,
        `--https-addr=127.0.0.1:${https}`,
        `--grpc-addr=127.0.0.1:${grpc}`,
        `--http-addr=127.0.0.1:${http}`,
        '--drain-time=100ms',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    controller = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const ready = async (): Promise<string> => {
      if (child.exitCode !== null) return `ended: ${log}`;
      return fetch(`http://127.0.0.1:${http}/ready`).then(({ status }) => String(status), String);
    };
    await eventually(ready, (status) => status === '200');
  }, 240_000);

  afterAll(async () => {
    if (controller === undefined || controller.exitCode !== null) return;
    controller.kill('SIGKILL');
    await once(controller, 'exit');
  });

  /** There is no network of pods: the Service leads to a port of this machine, and keeps its name, that of the certificate. */
  function leadTo(port: number): void {
    const metadata = { name: 'istiod', namespace: 'istio-system' };
    kubectl('-n', metadata.namespace, 'delete', 'service', metadata.name);
    const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] };
    expect(apply({ apiVersion: 'v1', kind: 'Service', metadata, spec }).stderr).toBe('');
    for (const [type, name] of [
      ['mutatingwebhookconfiguration', 'istio-sidecar-injector'],
      ['validatingwebhookconfiguration', 'istio-validator-istio-system'],
    ] as const) {
      const found = JSON.parse(kubectl('get', type, name, '-o', 'json')) as { webhooks: unknown[] };
      const patch = found.webhooks.flatMap((_, index) => [
        { op: 'replace', path: `/webhooks/${index}/clientConfig/service/port`, value: port },
        // As it is to be once the control plane runs.
        { op: 'replace', path: `/webhooks/${index}/failurePolicy`, value: 'Fail' },
      ]);
      kubectl('patch', type, name, '--type=json', '-p', JSON.stringify(patch));
    }
  }

  /** A kubeconfig of the account that the installation gave the control plane. */
  function asControlPlane(): string {
    const token = kubectl('create', 'token', 'istiod', '-n', 'istio-system');
    const config = load(kubectl('config', 'view', '--raw', '--flatten')) as {
      users: { user: Record<string, unknown> }[];
    };
    for (const one of config.users) one.user = { token };
    const file = join(cluster().folder, 'istiod.json');
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  const containers = (selector: string, namespace = 'micro-shake-factory'): string[] => {
    const path = 'jsonpath={range .items[*]}{.spec.containers[*].name}{"\\n"}{end}';
    const lines = kubectl('-n', namespace, 'get', 'pods', '-l', selector, '-o', path);
    return lines.split('\n').filter(Boolean);
  };

  test('pods of a labelled namespace get their sidecar', async () => {
    const text = existsSync(FRUITS) ? readFileSync(FRUITS, 'utf8') : OWN_FRUITS;
    expect(cluster().kubectl(['apply', '-f', '-'], text).stderr).toBe('');
    kubectl('-n', 'micro-shake-factory', 'rollout', 'status', 'deployment', '--timeout=60s');
    expect(containers('app=fruits-api')).toEqual(['fruits-api istio-proxy', 'fruits-api istio-proxy']);
    const pods = kubectl('-n', 'micro-shake-factory', 'get', 'pods', '-o', 'yaml');
    expect(pods).toContain('name: istio-init');
    expect(pods).toContain('sidecar.istio.io/status');
    const own = ['-n', 'istio-system', 'get', 'deployment', '-l', 'istio=sidecar-injector', '-o', 'name'];
    expect(kubectl(...own)).toBe('deployment.apps/istiod');
    expect(kubectl('get', 'mutatingwebhookconfigurations', '-o', 'name')).toContain('istio-sidecar-injector');
    const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    expect(metrics).toMatch(/^sidecar_injection_success_total [1-9]/m);
    expect(metrics).toMatch(/^sidecar_injection_failure_total 0$/m);
  });

  test('a pod that kube-inject has injected stays as it is', async () => {
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'twice', namespace: 'micro-shake-factory', labels: { app: 'twice' } },
      spec: { containers: [{ name: 'twice', image: 'twice:1' }] },
    };
    const injected = await runMesh(['kube-inject', '--use-kube', '-f', '-'], {
      stdin: JSON.stringify(object),
      env: { KUBECONFIG: cluster().kubeconfig },
    });
    expect(injected.code).toBe(0);
    expect(cluster().kubectl(['apply', '-f', '-'], injected.stdout).stderr).toBe('');
    expect(containers('app=twice')).toEqual(['twice istio-proxy']);
  });

  test('what the ConfigMap says anew holds for the next pod, and a pod with wrong annotations is refused', async () => {
    const map = JSON.parse(
      kubectl('-n', 'istio-system', 'get', 'configmap', 'istio-sidecar-injector', '-o', 'json'),
    ) as { data: Record<string, string> };
    const data = { values: (map.data['values'] ?? '').replace(/"hub": "[^"]*"/, '"hub": "elsewhere"') };
    const patch = ['--type=merge', '-p', JSON.stringify({ data })];
    kubectl('-n', 'istio-system', 'patch', 'configmap', 'istio-sidecar-injector', ...patch);
    await eventually(
      async () => run('dry', {}, '--dry-run=server', '-o', 'yaml').stdout,
      (stdout) => stdout.includes('image: elsewhere/proxy'),
    );
    const refused = run('wrong', { 'sidecar.istio.io/proxyCPU': 'much' });
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/admission webhook "namespace\.sidecar-injector\.istio\.io" denied/);
    expect(refused.stderr).toContain('sidecar.istio.io/proxyCPU');
  });

  function run(name: string, annotations: Record<string, string>, ...flags: readonly string[]) {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'micro-shake-factory', annotations },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    };
    return cluster().kubectl(['create', '-f', '-', ...flags], JSON.stringify(pod));
  }

  test('objects of the mesh are checked as mesh validate does it', () => {
    // The definition cannot tell: each weight is good by itself.
    const service = (weight: number): unknown => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'fruits', namespace: 'micro-shake-factory' },
      spec: {
        hosts: ['fruits'],
        http: [
          { route: ['v1', 'v2'].map((subset) => ({ destination: { host: 'fruits', subset }, weight })) },
        ],
      },
    });
    expect(apply(service(0)).stderr).toMatch(/admission webhook "validation\.istio\.io" denied.*weight/s);
    expect(apply(service(50))).toMatchObject({ status: 0, stderr: '' });
  });

  test('nothing of the keys is in the log', () => {
    expect(log).toContain('the webhooks have a certificate');
    expect(log).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE/);
  });
});
