/** The controller over its two doors: who is given Secrets, who is not, and what is told of it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { Log } from '../../src/base/log.ts';
import { Controller } from '../../src/controller/controller.ts';
import { DiscoveryMetrics } from '../../src/controller/discovery/metrics.ts';
import { SecretService } from '../../src/controller/secrets.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { NodeSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { proxyIdentity } from '../../src/xds/proxy-identity.ts';
import { SECRET_TYPE } from '../../src/xds/resource.ts';
import { translate } from '../../src/xds/translate.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import { secretOf } from '../e2e/features/credentials.ts';
import { snapshotOf } from '../model/snapshot-of.ts';
import { deltaStream, namesIn, node, stateStream } from './discovery/client.ts';

let folder: string;
let controller: Controller;
let lines: string[];
const open: { close(): void }[] = [];
const WEB = 'kubernetes://web';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-secrets-'));
  for (const name of ['one', 'two']) makeCertificate(folder, name, `${name}.example`);
  put('web', 'one');
  put('api', 'one');
  lines = [];
  const flags = [
    '--config',
    join(folder),
    '--http-addr',
    '127.0.0.1:0',
    '--drain-time',
    '0s',
    '--debounce-after',
    '1ms',
  ];
  const doors = ['--grpc-addr', '127.0.0.1:0', '--grpc-addr', `unix://${door()}`];
  const settings = readSettings([...flags, ...doors], {});
  if (settings === 'help') throw new Error('no settings');
  controller = new Controller(settings, new Log('debug', (line) => lines.push(line)), translate);
  await controller.start();
});
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await controller.stop();
  rmSync(folder, { recursive: true, force: true });
});

function door(): string {
  return join(folder, 'xds.sock');
}

function put(name: string, files: string): void {
  const entries = { cert: `${files}.crt`, key: `${files}.key`, cacert: `${files}.crt` };
  writeFileSync(join(folder, `${name}.yaml`), secretOf(folder, ['shop', name], entries));
}

function opened<Stream extends { close(): void }>(stream: Stream): Stream {
  open.push(stream);
  return stream;
}

async function page(name: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${controller.httpPort}/debug/${name}`)).text();
}

const ask = { node: node('gateway-0.shop'), typeUrl: SECRET_TYPE };

test('over the socket Secrets are served, in both forms of discovery', async () => {
  const delta = opened(deltaStream(door()));
  delta.send({ ...ask, resourceNamesSubscribe: [WEB, `${WEB}-cacert`, 'kubernetes://gone'] });
  const first = await delta.next();
  expect(namesIn(first)).toEqual([WEB]);
  expect(first.removedResources).toEqual(['kubernetes://gone']);
  delta.send({ typeUrl: SECRET_TYPE, responseNonce: first.nonce });
  expect(namesIn(await delta.next())).toEqual([`${WEB}-cacert`]);
  const state = opened(stateStream(door()));
  state.send({ ...ask, resourceNames: [WEB, 'kubernetes://gone'] });
  expect(namesIn(await state.next())).toEqual([WEB]);
  expect(lines.join('\n')).toContain('there is no Secret shop/gone that is in force');
  expect(await (await fetch(`http://127.0.0.1:${controller.httpPort}/metrics`)).text()).toContain(
    'pilot_sds_certificate_errors_total 1',
  );
});

test('asking for all of them gives none', async () => {
  const delta = opened(deltaStream(door()));
  delta.send({ ...ask, resourceNamesSubscribe: ['*'] });
  expect(await delta.next()).toMatchObject({ resources: [], removedResources: [] });
});

test('over the port none is served, and that is said', async () => {
  const delta = opened(deltaStream(controller.grpcPort));
  delta.send({ ...ask, resourceNamesSubscribe: [WEB, `${WEB}-cacert`] });
  expect(await delta.next()).toMatchObject({ resources: [], removedResources: [WEB, `${WEB}-cacert`] });
  const state = opened(stateStream(controller.grpcPort));
  state.send({ ...ask, resourceNames: [WEB] });
  expect((await state.next()).resources).toEqual([]);
  put('web', 'two');
  // Another change comes through, so that what would have come before it has not come.
  const other = opened(deltaStream(door()));
  other.send({ ...ask, resourceNamesSubscribe: ['kubernetes://later'] });
  const { nonce } = await other.next();
  other.send({ typeUrl: SECRET_TYPE, responseNonce: nonce });
  put('later', 'one');
  expect(namesIn(await other.next())).toEqual(['kubernetes://later']);
  expect([delta.unread, state.unread]).toEqual([0, 0]);
  const reason = 'Secrets are served only over a Unix domain socket';
  expect(lines.filter((line) => line.includes(reason))).toHaveLength(2);
  expect(await page('adsz')).toContain(reason);
  expect(await page('syncz')).toContain(reason);
});

test('a change of one is sent to who asks for it, and to nobody else', async () => {
  const [web, api] = [opened(deltaStream(door())), opened(deltaStream(door()))];
  web.send({ ...ask, resourceNamesSubscribe: [WEB] });
  api.send({ ...ask, resourceNamesSubscribe: ['kubernetes://api'] });
  const [first, second] = [await web.next(), await api.next()];
  for (const [stream, { nonce }] of [
    [web, first],
    [api, second],
  ] as const) {
    stream.send({ typeUrl: SECRET_TYPE, responseNonce: nonce });
  }
  put('web', 'two');
  const changed = await web.next();
  expect(namesIn(changed)).toEqual([WEB]);
  expect(changed.resources[0]?.version).not.toBe(first.resources[0]?.version);
  put('api', 'two');
  expect(namesIn(await api.next())).toEqual(['kubernetes://api']);
  expect([web.unread, api.unread]).toEqual([0, 0]);
});

test('what a proxy refuses stands with its words beside the Secret', async () => {
  const delta = opened(deltaStream(door()));
  delta.send({ ...ask, resourceNamesSubscribe: [WEB] });
  const { nonce } = await delta.next();
  delta.send({ typeUrl: SECRET_TYPE, responseNonce: nonce, errorDetail: { code: 3, message: 'too small' } });
  await expect.poll(() => page('configz?kind=Secret&name=web')).toContain('too small');
});

test('each comes by itself, so that a refusal is known to be of that one, until it is given up', async () => {
  put('two', 'two');
  put('three', 'one');
  const names = [WEB, 'kubernetes://two', 'kubernetes://three'];
  await expect.poll(() => page('configz?kind=Secret&name=three')).toContain('three.yaml');
  const delta = opened(deltaStream(door()));
  delta.send({ ...ask, resourceNamesSubscribe: names.slice(0, 2) });
  const first = await delta.next();
  // What is asked for meanwhile waits, for else nobody would hear of a refusal of what came before.
  delta.send({ typeUrl: SECRET_TYPE, resourceNamesSubscribe: names.slice(2) });
  const errorDetail = { code: 3, message: 'bad' };
  delta.send({ typeUrl: SECRET_TYPE, responseNonce: first.nonce, errorDetail });
  const came = [...namesIn(first)];
  for (let index = 1; index < names.length; index += 1) {
    const { nonce, resources } = await delta.next();
    expect(resources).toHaveLength(1);
    came.push(...resources.map(({ name }) => name));
    delta.send({ typeUrl: SECRET_TYPE, responseNonce: nonce });
  }
  expect(came.toSorted()).toEqual(names.toSorted());
  const refused = came[0]?.slice('kubernetes://'.length) ?? '';
  const problems = async (): Promise<readonly string[]> => {
    const { configs } = JSON.parse(await page('configz?kind=Secret')) as {
      configs: readonly { metadata: { name: string }; problems?: unknown }[];
    };
    return configs.filter((one) => one.problems !== undefined).map(({ metadata }) => metadata.name);
  };
  await expect.poll(problems).toEqual([refused]);
  delta.send({ typeUrl: SECRET_TYPE, resourceNamesUnsubscribe: [came[0] ?? ''] });
  await expect.poll(problems).toEqual([]);
});

test.each([
  [-1, 'it is not good before'],
  [1, undefined],
  [3, 'it has expired at'],
])(
  'a certificate is served whenever it is asked for, and told of outside of its days: day %d',
  (day, reason) => {
    const said: string[] = [];
    const metrics = new DiscoveryMetrics();
    const now = (): number => Date.now() + day * 86_400_000;
    const service = new SecretService({ log: new Log('warn', (line) => said.push(line)), metrics, now });
    const lookup = service.of(snapshotOf(readFileSync(join(folder, 'web.yaml'), 'utf8')));
    const proxy = proxyIdentity(create(NodeSchema, ask.node), { servesSecrets: true });
    for (let times = 0; times < 3; times += 1) expect(lookup(proxy, WEB)).toMatchObject({ name: WEB });
    expect(said).toHaveLength(reason === undefined ? 0 : 1);
    expect(said.join()).toContain(reason ?? '');
  },
);
