/** Envoy and the builtin engine, told the same by our controller, show the same to `mesh proxy-config`. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { freePorts } from '../peers/free-ports.ts';
import { ask, bootstrapOf, Envoy, eventually } from '../peers/run-envoy.ts';
import { STOCK_FILTERS } from './differential/stock-filters.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const program = (name: string): string => fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url));

const NODE = {
  id: 'router~127.0.0.1~front-0.shop~shop.svc.cluster.local',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'front' } },
};

const manifests = (port: number): string => `apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {selector: {app: fruits}, clusterIP: 10.96.7.7, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: fruits, namespace: shop}
spec:
  host: fruits
  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, connectionPool: {tcp: {connectTimeout: 3s}}}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: pie, namespace: shop}
spec:
  hosts: [pie.example]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: 9}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {app: front}
  servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: ['*.example']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [front]
  http:
  - match: [{uri: {prefix: /v2}, headers: {beta: {exact: 'yes'}}}]
    timeout: 2s
    retries: {attempts: 2, perTryTimeout: 1s}
    route: [{destination: {host: fruits, subset: v2}}]
  - match: [{uri: {regex: '/pie/[0-9]+'}}]
    rewrite: {uri: /}
    route: [{destination: {host: pie.example}}]
  - route:
    - {destination: {host: fruits, subset: v1}, weight: 90, headers: {response: {add: {from: v1}}}}
    - {destination: {host: fruits, subset: v2}, weight: 10}
---
${STOCK_FILTERS}`;

describeOnRealEnvoy('dumps of both engines', (envoyProgram) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-engines-'));
  const files = { envoy: join(folder, 'envoy.json'), builtin: join(folder, 'builtin.json') };
  const children: ChildProcess[] = [];

  async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  beforeAll(async () => {
    const [grpcPort = 0, httpPort = 0, port = 0, adminPort = 0] = await freePorts(4);
    writeFileSync(join(folder, 'mesh.yaml'), manifests(port));
    const flags = ['--grpc-addr', `127.0.0.1:${grpcPort}`, '--http-addr', `127.0.0.1:${httpPort}`];
    children.push(
      spawn(process.execPath, [program('mesh-controller'), '--config', folder, ...flags], {
        stdio: 'ignore',
      }),
    );
    await eventually(
      () => ask(httpPort, '/ready'),
      ({ status }) => status === 200,
    );
    const isComplete = (dump: string): boolean =>
      /front/.test(dump) && /"shop\.example:/.test(dump) && /pie/.test(dump);
    const path = '/config_dump?include_eds=true';
    // One after the other: they listen on the same port.
    const options = { program: envoyProgram, grpcPort, node: NODE, form: 'delta', adminPort } as const;
    const envoy = await Envoy.start(options);
    await envoy.ready();
    const first = await eventually(
      () => envoy.admin(path),
      ({ text }) => isComplete(text),
    );
    writeFileSync(files.envoy, first.text);
    await envoy.stop();
    const bootstrap = join(folder, 'bootstrap.json');
    writeFileSync(bootstrap, JSON.stringify(bootstrapOf(options, '')));
    const builtin = spawn(process.execPath, [program('mesh-proxy'), '--engine', 'builtin', '-c', bootstrap], {
      stdio: 'ignore',
    });
    children.push(builtin);
    const second = await eventually(
      () => ask(adminPort, path),
      ({ text }) => isComplete(text),
    );
    writeFileSync(files.builtin, second.text);
    await end(builtin);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(children.map(end));
    rmSync(folder, { recursive: true, force: true });
  });

  test('hold the same clusters, listeners, routes and endpoints', async () => {
    const run = await runMesh(['proxy-config', 'diff', files.envoy, files.builtin]);
    expect([run.stdout, run.code]).toEqual(['', 0]);
  });

  test.for(['cluster', 'route', 'listener'])('print the same table of %ss', async (what) => {
    const [one, other] = await Promise.all(
      [files.envoy, files.builtin].map((file) => runMesh(['proxy-config', what, '-f', file])),
    );
    const rows = (run: typeof one): readonly string[] =>
      // What each was started with is no part of what it was told.
      (run?.stdout ?? '').split('\n').filter((row) => !row.startsWith('controller'));
    expect(rows(one).length).toBeGreaterThan(2);
    expect(rows(other)).toEqual(rows(one));
  });

  test('show the path of the file that a dump was read from when it is broken', async () => {
    writeFileSync(join(folder, 'cut.json'), readFileSync(files.builtin, 'utf8').slice(0, 2000));
    const { code, stderr } = await runMesh(['proxy-config', 'route', '-f', join(folder, 'cut.json')]);
    expect([code, stderr.startsWith(`Error: ${join(folder, 'cut.json')}: this is no dump`)]).toEqual([
      1,
      true,
    ]);
  });
});
