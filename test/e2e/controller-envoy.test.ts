/** `mesh-controller` as a process, from a folder of manifests, to a real Envoy that answers requests. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, Envoy, eventually } from '../peers/run-envoy.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import { freePort } from '../peers/free-ports.ts';
import { writeWhole } from '../peers/write-whole.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-controller.js', import.meta.url));

const GATEWAY = {
  id: 'router~127.0.0.1~gateway-0.shop~shop.svc.cluster.local',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'gateway' } },
};

let folder = '';
let log = '';
let controller: ChildProcess | undefined;
let envoy: Envoy | undefined;
const servers: Server[] = [];

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A backend that answers with its name and what it was asked for. */
async function backend(name: string): Promise<number> {
  const server = createServer((request, response) => response.end(`${name} ${request.url}`));
  servers.push(server);
  return listen(server);
}

interface Manifests {
  readonly port: number;
  readonly one: number;
  readonly two: number;
}

function writeBase({ port, one, two }: Manifests): void {
  const entry = (name: string, to: number): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.example]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: ${to}}}]
---
`;
  writeWhole(
    join(folder, 'base.yaml'),
    `${entry('one', one)}${entry('two', two)}apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {app: gateway}
  servers:
  - port: {number: ${port}, name: http, protocol: HTTP}
    hosts: ['juice.example']
`,
  );
}

/** Everything goes to one of the backends; `/old` is rewritten. */
function writeRoute(to: string, weight = 100): void {
  writeWhole(
    join(folder, 'route.yaml'),
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: juice, namespace: shop}
spec:
  hosts: [juice.example]
  gateways: [front]
  http:
  - match: [{uri: {prefix: /old}}]
    rewrite: {uri: /new}
    route: [{destination: {host: ${to}.example}}]
  - route: [{destination: {host: ${to}.example}, weight: ${weight}}]
`,
  );
}

interface Ports {
  readonly grpc: number;
  readonly http: number;
}

async function startController(): Promise<Ports> {
  const [grpc, http] = [await freePort(), await freePort()];
  const child = spawn(
    process.execPath,
    [LAUNCHER, '--config', folder, '--grpc-addr', `127.0.0.1:${grpc}`, '--http-addr', `127.0.0.1:${http}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  controller = child;
  child.stderr.setEncoding('utf8').on('data', (part: string) => (log += part));
  await eventually(
    () => ask(http, '/ready'),
    ({ status }) => {
      if (child.exitCode !== null) throw new Error(log);
      return status === 200;
    },
  );
  return { grpc, http };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
  log = '';
});
afterEach(async () => {
  await envoy?.stop();
  envoy = undefined;
  if (controller?.exitCode === null) {
    const ended = new Promise((resolve) => controller?.once('exit', resolve));
    controller.kill('SIGKILL');
    await ended;
  }
  controller = undefined;
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

describeOnRealEnvoy('mesh-controller and a real Envoy', (program) => {
  async function startBoth(): Promise<Ports & { port: number }> {
    const [port, one, two] = [await freePort(), await backend('one'), await backend('two')];
    writeBase({ port, one, two });
    writeRoute('one');
    const ports = await startController();
    envoy = await Envoy.start({ program, grpcPort: ports.grpc, node: GATEWAY, form: 'delta' });
    await envoy.ready();
    return { ...ports, port };
  }

  const get = (port: number, path: string, host = 'juice.example') => ask(port, path, { host });

  test('a request takes the way that the manifests say, and a changed file changes it', async () => {
    const { port, http } = await startBoth();
    await eventually(
      () => get(port, '/fresh'),
      ({ text }) => text === 'one /fresh',
    );
    expect((await get(port, '/old/apple')).text).toBe('one /new/apple');
    expect((await get(port, '/', 'other.example')).status).toBe(404);
    writeRoute('two');
    await eventually(
      () => get(port, '/old/apple'),
      ({ text }) => text === 'two /new/apple',
    );
    const dump = (await ask(http, '/debug/config_dump?proxyID=gateway-0.shop')).text;
    expect(dump).toContain('outbound|80||two.example');
  });

  test('a file that becomes bad changes nothing but the error that is shown', async () => {
    const { port, http } = await startBoth();
    await eventually(
      () => get(port, '/'),
      ({ text }) => text === 'one /',
    );
    writeRoute('two', -1);
    await eventually(
      () => ask(http, '/debug/push_status'),
      ({ text }) => text.includes('spec.http[1].route[0].weight'),
    );
    expect((await get(port, '/')).text).toBe('one /');
    writeRoute('two');
    await eventually(
      () => get(port, '/'),
      ({ text }) => text === 'two /',
    );
  });

  test('what Envoy refuses is shown with its reason, and the rest goes on', async () => {
    const { port, http } = await startBoth();
    const taken = await backend('taken');
    await eventually(
      () => get(port, '/'),
      ({ text }) => text === 'one /',
    );
    // The port belongs to another program, which only Envoy can find out.
    writeWhole(
      join(folder, 'second.yaml'),
      `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: second, namespace: shop}
spec:
  selector: {app: gateway}
  servers:
  - port: {number: ${taken}, name: http, protocol: HTTP}
    hosts: ['*']
`,
    );
    const { text } = await eventually(
      () => ask(http, '/debug/syncz'),
      (answer) => answer.text.includes('"ERROR"'),
    );
    expect(text).toContain('Address already in use');
    expect(text).toContain(`0.0.0.0_${taken}`);
    await expect.poll(() => log).toContain('a proxy refuses what it was sent');
    writeRoute('two');
    await eventually(
      () => get(port, '/'),
      (answer) => answer.text === 'two /',
    );
  });

  test('the proxy goes on while the controller is away, and follows it when it is back', async () => {
    const { port, grpc, http } = await startBoth();
    await eventually(
      () => get(port, '/'),
      ({ text }) => text === 'one /',
    );
    const ended = new Promise((resolve) => controller?.once('exit', resolve));
    controller?.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect((await get(port, '/')).text).toBe('one /');
    writeRoute('two');
    controller = spawn(
      process.execPath,
      [LAUNCHER, '--config', folder, '--grpc-addr', `127.0.0.1:${grpc}`, '--http-addr', `127.0.0.1:${http}`],
      { stdio: 'ignore' },
    );
    await eventually(
      () => get(port, '/'),
      ({ text }) => text === 'two /',
    );
  });
});

test.each([
  [[], 2, 'the controller has no configuration'],
  [['--config', 'nowhere-at-all'], 1, 'there is no file or folder nowhere-at-all'],
  [['--kubeconfig', 'nowhere-at-all'], 1, 'nowhere-at-all: there is no such file'],
])('mesh-controller %j ends with code %i and says why', async (flags, code, message) => {
  const child = spawn(process.execPath, [LAUNCHER, ...flags, '--http-addr', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => (log += part));
  const ended = await new Promise((resolve) => child.once('close', resolve));
  expect([ended, log]).toEqual([code, expect.stringContaining(message)]);
  expect(log).not.toContain('    at ');
});
