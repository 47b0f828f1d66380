/** A gRPC application without a proxy, on the xDS client that others wrote, takes its routes from our discovery. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { Log } from '../../src/base/log.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { translate } from '../../src/xds/translate.ts';
import { ask, eventually } from '../peers/run-envoy.ts';
import { writeWhole } from '../peers/write-whole.ts';
import { expectShare } from '../proxy/expect-share.ts';

const METHOD = '/juice.Press/Press';
const PLAIN = {
  path: METHOD,
  requestStream: false,
  responseStream: false,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};

let folder = '';
let controller: Controller;
let client: Client;
const servers: Server[] = [];

/** Answers every call with its name. */
async function backend(name: string): Promise<number> {
  const server = new Server();
  server.addService(
    { Press: PLAIN },
    { Press: (_call: unknown, answer: (e: null, t: string) => void) => answer(null, name) },
  );
  servers.push(server);
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

/** The answer to one call; the error's text when there is none. */
function call(): Promise<string> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      METHOD,
      PLAIN.requestSerialize,
      PLAIN.responseDeserialize,
      'apple',
      { deadline: Date.now() + 5000 },
      (error: ServiceError | null, text?: string) => resolve(error === null ? (text ?? '') : error.message),
    );
  });
}

async function calls(count: number): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let done = 0; done < count; done += 1) answers.push(await call());
  return answers;
}

function writeRoute(http: string): void {
  writeWhole(
    join(folder, 'route.yaml'),
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: press, namespace: shop}
spec: {hosts: [press.example], http: ${http}}
`,
  );
}

const weights = (one: number, two: number): string =>
  `[{route: [{destination: {host: press.example, subset: one}, weight: ${one}}, ` +
  `{destination: {host: press.example, subset: two}, weight: ${two}}]}]`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-proxyless-'));
  const [one, two] = [await backend('one'), await backend('two')];
  writeWhole(
    join(folder, 'base.yaml'),
    `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: press, namespace: shop}
spec:
  hosts: [press.example]
  ports: [{number: 80, name: grpc, protocol: GRPC}]
  resolution: STATIC
  endpoints:
  - {address: 127.0.0.1, ports: {grpc: ${one}}, labels: {kind: one}}
  - {address: 127.0.0.1, ports: {grpc: ${two}}, labels: {kind: two}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: press, namespace: shop}
spec:
  host: press.example
  subsets: [{name: one, labels: {kind: one}}, {name: two, labels: {kind: two}}]
`,
  );
  writeRoute(weights(75, 25));
  const argv = ['--config', folder, '--grpc-addr', '127.0.0.1:0', '--http-addr', '127.0.0.1:0'];
  const settings = readSettings([...argv, '--debounce-after', '10ms', '--drain-time', '100ms'], {});
  if (settings === 'help') throw new Error('no settings');
  controller = new Controller(settings, new Log('off', () => {}), translate);
  await controller.start();
  // The client reads this once, when it makes its first channel.
  process.env.GRPC_XDS_BOOTSTRAP_CONFIG = JSON.stringify({
    xds_servers: [
      {
        server_uri: `127.0.0.1:${controller.grpcPort}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    node: {
      id: 'sidecar~10.0.0.1~client-0.shop~shop.svc.cluster.local',
      locality: {},
      metadata: { GENERATOR: 'grpc', NAMESPACE: 'shop', LABELS: { app: 'client' } },
    },
  });
  const { register } = await import('@grpc/grpc-js-xds');
  register();
  client = new Client('xds:///press.example:80', credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await controller.stop();
  for (const server of servers.splice(0)) server.forceShutdown();
  delete process.env.GRPC_XDS_BOOTSTRAP_CONFIG;
  rmSync(folder, { recursive: true, force: true });
});

test('a name is resolved, calls are shared by weights, and a change is followed', async () => {
  const answers = await calls(400);
  expect(new Set(answers)).toEqual(new Set(['one', 'two']));
  expectShare(answers.filter((answer) => answer === 'two').length, 400, 0.25);
  writeRoute(weights(0, 100));
  await eventually(
    () => calls(20),
    (some) => some.every((answer) => answer === 'two'),
  );
  const [stream] = [...controller.discovery.streams];
  expect([...(stream?.watches.values() ?? [])].filter(({ nack }) => nack !== undefined)).toEqual([]);
});

test('calls that a VirtualService aborts fail as it says', async () => {
  writeRoute(
    '[{fault: {abort: {grpcStatus: RESOURCE_EXHAUSTED, percentage: {value: 100}}}, route: [{destination: {host: press.example}}]}]',
  );
  const answer = await eventually(call, (text) => text !== 'two');
  expect(answer).toContain('RESOURCE_EXHAUSTED');
});

test('what such an application cannot do is told at the object, and its calls fail', async () => {
  writeRoute('[{redirect: {uri: /elsewhere}}]');
  await eventually(call, (text) => text.startsWith('12 UNIMPLEMENTED'));
  const { text } = await ask(controller.httpPort, '/debug/configz');
  expect(text).toContain('Not in force in gRPC applications without a proxy: redirect.');
  writeRoute(weights(100, 0));
  await eventually(call, (text) => text === 'one');
});
