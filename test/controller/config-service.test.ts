/** The objects of the configuration served over discovery, and read there by another controller. */

import { create } from '@bufbuild/protobuf';
import { anyPack, AnySchema } from '@bufbuild/protobuf/wkt';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Log } from '../../src/base/log.ts';
import { loadPaths } from '../../src/config/sources/files.ts';
import type { ConfigSource } from '../../src/config/sources/source.ts';
import { fromEnvelope, toEnvelope } from '../../src/controller/config-service/envelope.ts';
import { configType } from '../../src/controller/config-service/types.ts';
import { Controller } from '../../src/controller/controller.ts';
import { DiscoveryListener } from '../../src/controller/discovery/grpc.ts';
import { DiscoveryMetrics } from '../../src/controller/discovery/metrics.ts';
import { DELTA } from '../../src/controller/discovery/protocol.ts';
import { DiscoveryServer } from '../../src/controller/discovery/server.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { XdsSource } from '../../src/controller/upstream/source.ts';
import { wantedKinds } from '../../src/controller/wanted-kinds.ts';
import { ClusterSchema } from '../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ResourceSchema } from '../../src/xds/proto/generated/istio/mcp/v1alpha1/resource_pb.js';
import { CLUSTER_TYPE } from '../../src/xds/resource.ts';
import { translate } from '../../src/xds/translate.ts';
import { type DeltaStream, deltaStream, namesIn, node, stateStream } from './discovery/client.ts';
import { freePorts } from '../peers/free-ports.ts';

const CLIENT = node('reader.istio-system', { GENERATOR: 'api' });
const VIRTUAL_SERVICES = 'networking.istio.io/v1/VirtualService';
const KINDS = wantedKinds('istio-system').map(({ info }) => info);
const ADMISSION = { defaultNamespace: 'default', rootNamespace: 'istio-system' };
const TIMES = { retry: { first: 20, max: 100 }, connect: 5000, ping: 5000 };

let folder: string;
let lines: string[];
const running: { stop(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-upstream-'));
  lines = [];
});
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
  rmSync(folder, { recursive: true });
});

async function start(configs: readonly string[], port = 0): Promise<Controller> {
  const flags = configs.flatMap((one) => ['--config', one]);
  const addresses = ['--grpc-addr', `127.0.0.1:${port}`, '--http-addr', '127.0.0.1:0'];
  const times = ['--debounce-after', '10ms', '--drain-time', '100ms'];
  const settings = readSettings([...flags, ...addresses, ...times], {});
  if (settings === 'help') throw new Error('no settings');
  const controller = new Controller(settings, new Log('info', (line) => lines.push(line)), translate);
  await controller.start();
  running.push(controller);
  return controller;
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function service(name: string): string {
  return `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: shop}, spec: {clusterIP: 10.96.0.1, selector: {app: ${name}}, ports: [{name: http, port: 80}]}}\n---\n`;
}

function route(name: string, to = name): string {
  return `{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: ${name}, namespace: shop}, spec: {hosts: [${name}], http: [{route: [{destination: {host: ${to}}}]}]}}\n---\n`;
}

function track(stream: DeltaStream): DeltaStream {
  running.push({ stop: () => stream.close() });
  return stream;
}

/** The names of the clusters for services that a proxy of this controller has, once they are as wanted. */
async function hasClusters(controller: Controller, wanted: readonly string[]): Promise<void> {
  const stream = track(deltaStream(controller.grpcPort));
  const has = new Set<string>();
  stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
  const isSo = (): boolean => [...has].toSorted().join() === wanted.toSorted().join();
  while (!isSo()) {
    const response = await stream.next();
    for (const { name } of response.resources) {
      const [, host] = /^outbound\|80\|\|([^.]+)/.exec(name) ?? [];
      if (host !== undefined) has.add(host);
    }
    for (const name of response.removedResources) has.delete(/\|\|([^.]+)/.exec(name)?.[1] ?? '');
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: response.nonce });
  }
  stream.close();
}

/** A controller that may wait for others, and so is not waited for. */
function begin(config: string, port: number): Controller {
  const addresses = ['--grpc-addr', `127.0.0.1:${port}`, '--http-addr', '127.0.0.1:0'];
  const settings = readSettings(['--config', config, ...addresses, '--drain-time', '100ms'], {});
  if (settings === 'help') throw new Error('no settings');
  const controller = new Controller(settings, new Log('info', (line) => lines.push(line)), translate);
  running.push(controller);
  void controller.start();
  return controller;
}

async function isLogged(text: string): Promise<void> {
  await vi.waitFor(() => expect(lines.join('')).toContain(text), { timeout: 20_000 });
}

describe('controllers that read each other', () => {
  test('say whom they wait for, when none of them can begin', async () => {
    const [one = 0, two = 0] = await freePorts(2);
    begin(`xds://127.0.0.1:${two}`, one);
    begin(`xds://127.0.0.1:${one}`, two);
    await isLogged(
      `xds://127.0.0.1:${two} cannot be read: it says: the configuration is not loaded yet, for it waits for xds://127.0.0.1:${one}`,
    );
  }, 30_000);

  test('are told of the circle, and take nothing that goes round in it', async () => {
    write('mesh.yaml', service('juice'));
    const [port = 0] = await freePorts(1);
    const first = await start([folder], port);
    const reader = await start([`xds://127.0.0.1:${port}`]);
    await first.stop();
    await start([`xds://127.0.0.1:${reader.grpcPort}`], port);
    await isLogged(
      `xds://127.0.0.1:${port} cannot be read: it reads its own configuration from this controller`,
    );
  }, 30_000);
});

test('a controller that is stopped while it waits opens nothing any more', async () => {
  const [port = 0, own = 0] = await freePorts(2);
  const controller = begin(`xds://127.0.0.1:${port}`, own);
  await isLogged(`xds://127.0.0.1:${port} cannot be read`);
  await controller.stop();
  expect(lines.join('')).not.toContain('the controller serves its configuration');
});

describe('objects as resources', () => {
  test('are the same objects after they have been carried, for every kind and case of the fixtures', () => {
    const { objects } = loadPaths(['fixtures/micro-shake-factory/manifests', 'test/pipeline']);
    const served = objects.filter(({ info }) => info !== undefined && KINDS.includes(info));
    expect(served.length).toBeGreaterThan(20);
    for (const object of served) {
      const { info } = object;
      if (info === undefined) continue;
      const namespace = info.scope === 'Cluster' ? '' : (object.meta.namespace ?? 'default');
      const carried = fromEnvelope(
        anyPack(ResourceSchema, toEnvelope(object, namespace)),
        configType(info),
        'xds',
      );
      const { apiVersion: _one, metadata: _two, ...value } = object.value;
      expect(carried.value).toMatchObject(JSON.parse(JSON.stringify(value)));
      expect([carried.key, carried.meta]).toEqual([
        object.key,
        { ...object.meta, namespace: namespace === '' ? undefined : namespace },
      ]);
    }
  });

  test('are served by kind, in any version of it, in both forms', async () => {
    write('mesh.yaml', service('juice') + route('juice') + route('fruits', 'juice'));
    const { grpcPort } = await start([folder]);
    const delta = track(deltaStream(grpcPort));
    delta.send({ node: CLIENT, typeUrl: VIRTUAL_SERVICES });
    const first = await delta.next();
    expect(namesIn(first)).toEqual(['shop/fruits', 'shop/juice']);
    expect(first.resources[0]?.resource?.typeUrl).toBe('type.googleapis.com/istio.mcp.v1alpha1.Resource');
    delta.send({ typeUrl: VIRTUAL_SERVICES, responseNonce: first.nonce });
    write('mesh.yaml', service('juice') + route('juice', 'fruits'));
    const second = await delta.next();
    expect([namesIn(second), second.removedResources]).toEqual([['shop/juice'], ['shop/fruits']]);
    const state = stateStream(grpcPort);
    running.push({ stop: () => state.close() });
    state.send({ node: CLIENT, typeUrl: 'networking.istio.io/v1alpha3/VirtualService' });
    expect((await state.next()).resources).toHaveLength(1);
    state.send({ typeUrl: 'core/v1/Service' });
    expect((await state.next()).resources).toHaveLength(1);
    state.send({ typeUrl: 'core/v1/Secret' });
    expect((await state.next()).resources).toEqual([]);
  });

  test('are served to no other machine, unless that is allowed', () => {
    const refusals: string[] = [];
    const serve = (configClients: 'local' | 'any', peer: string): void => {
      const server = new DiscoveryServer({
        versionPrefix: 'test',
        maxBytesInFlight: 1000,
        configClients,
        log: new Log('off', () => {}),
        metrics: new DiscoveryMetrics(),
        now: () => 0,
      });
      const stream = server.open({ peer, servesSecrets: false }, DELTA, {
        write: () => {},
        refuse: (reason, message) => refusals.push(`${reason}: ${message}`),
      });
      stream.receive(DELTA_REQUEST);
    };
    serve('local', '127.0.0.1:4000');
    serve('local', '::1:4000');
    serve('any', '10.0.0.7:4000');
    expect(refusals).toEqual([]);
    serve('local', '10.0.0.7:4000');
    expect(refusals).toEqual(['denied: the objects of the configuration are not served to 10.0.0.7:4000']);
  });
});

describe('a controller that reads another one', () => {
  test('serves the same as that one, and follows its changes', async () => {
    write('a.yaml', service('juice') + route('juice'));
    const upstream = await start([folder]);
    const reader = await start([`xds://127.0.0.1:${upstream.grpcPort}`]);
    await hasClusters(reader, ['juice']);
    write('b.yaml', service('fruits'));
    await hasClusters(reader, ['juice', 'fruits']);
    rmSync(join(folder, 'a.yaml'));
    await hasClusters(reader, ['fruits']);
    // And one more behind it.
    const last = await start([`xds://127.0.0.1:${reader.grpcPort}`]);
    await hasClusters(last, ['fruits']);
  });

  test('keeps what it has while the other one is away, says so, and takes up what changed meanwhile', async () => {
    write('a.yaml', service('juice'));
    const upstream = await start([folder]);
    const { grpcPort } = upstream;
    const reader = await start([`xds://127.0.0.1:${grpcPort}`]);
    await hasClusters(reader, ['juice']);
    await upstream.stop();
    await expect.poll(() => lines.join('\n')).toContain(`xds://127.0.0.1:${grpcPort} cannot be read`);
    await hasClusters(reader, ['juice']);
    write('b.yaml', service('fruits'));
    rmSync(join(folder, 'a.yaml'));
    await start([folder], grpcPort);
    await hasClusters(reader, ['fruits']);
  });

  test('reads several others and folders at once', async () => {
    const other = mkdtempSync(join(tmpdir(), 'lateen-upstream-'));
    running.push({ stop: () => rmSync(other, { recursive: true }) });
    write('a.yaml', service('juice'));
    writeFileSync(join(other, 'b.yaml'), service('fruits'));
    const [one, two] = [await start([folder]), await start([other])];
    const reader = await start([
      `xds://127.0.0.1:${one.grpcPort}`,
      `xds://127.0.0.1:${two.grpcPort}`,
      'fixtures/micro-shake-factory/manifests/fruits-api.yaml',
    ]);
    const stream = track(deltaStream(reader.grpcPort));
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const names = namesIn(await stream.next()).join('\n');
    for (const name of ['juice', 'fruits', 'fruits-api-service']) expect(names).toContain(`||${name}.`);
  });
});

describe('what another control plane sends', () => {
  const source = (port: number): XdsSource =>
    new XdsSource({ host: '127.0.0.1', port }, { ...ADMISSION, kinds: KINDS, times: TIMES });

  async function serving(
    lookup: Parameters<DiscoveryServer['update']>[1],
  ): Promise<{ server: DiscoveryServer; port: number }> {
    const server = new DiscoveryServer({
      versionPrefix: 'test',
      maxBytesInFlight: 1 << 20,
      log: new Log('off', () => {}),
      metrics: new DiscoveryMetrics(),
      now: () => 0,
    });
    server.update(() => ({ clusters: [], endpoints: [], listeners: [], routes: [], extensions: [] }), lookup);
    const listener = await DiscoveryListener.start(server, {
      address: { host: '127.0.0.1', port: 0 },
      sendTimeout: 5000,
    });
    running.push({ stop: () => listener.drain(100) });
    return { server, port: listener.port };
  }

  test('and is bad is set aside and refused in words, while the rest is in force', async () => {
    const { objects } = loadPaths(['fixtures/micro-shake-factory/manifests']);
    const good = objects.find(({ key }) => key === 'networking.istio.io/VirtualService');
    if (good === undefined) throw new Error('no VirtualService');
    const bad = {
      ...good,
      meta: { ...good.meta, name: 'bad' },
      value: { ...good.value, spec: { hosts: [], http: [{ timeout: 'soon' }] } },
    };
    const resource = (object: typeof good) => ({
      typeUrl: 'type.googleapis.com/istio.mcp.v1alpha1.Resource',
      name: `default/${object.meta.name}`,
      message: toEnvelope(object, 'default'),
    });
    const foreign = {
      typeUrl: 'type.googleapis.com/istio.mcp.v1alpha1.Resource',
      name: 'default/foreign',
      message: create(ResourceSchema, {
        metadata: { name: 'default/foreign' },
        body: create(AnySchema, { typeUrl: 'type.googleapis.com/istio.networking.v1alpha3.VirtualService' }),
      }),
    };
    const none = { typeUrl: CLUSTER_TYPE, name: 'default/none', message: create(ClusterSchema, {}) };
    const { server, port } = await serving((type) =>
      type === VIRTUAL_SERVICES ? [resource(good), resource(bad), foreign, none] : [],
    );
    const one = source(port);
    running.push(one);
    await one.start(() => {});
    expect(one.objects.map(({ meta }) => meta.name)).toEqual([good.meta.name]);
    const said = one.rejections.flatMap(({ file, errors }) => [file, ...errors]).join('\n');
    expect(said).toContain(`xds://127.0.0.1:${port}/${VIRTUAL_SERVICES}/default/bad`);
    expect(said).toContain('istio.networking.v1alpha3.VirtualService, which cannot be read');
    expect(said).toContain('it is a type.googleapis.com/envoy.config.cluster.v3.Cluster');
    const nack = () => [...server.streams][0]?.watches.get(VIRTUAL_SERVICES)?.nack?.message;
    await expect.poll(nack).toContain('VirtualService default/bad');
    expect(nack()).toContain('default/foreign');
  });

  test('is asked for again and again where nothing answers, or no control plane does', async () => {
    const { port, server } = await serving(() => []);
    const one = source(port);
    running.push(one);
    const notes: string[] = [];
    await one.start(() => notes.push(...(one as ConfigSource).notes));
    expect(one.notes).toEqual([]);
    for (const stream of server.streams) stream.close('unavailable', 'it drains');
    await expect.poll(() => notes.join('\n')).toContain('cannot be read: it says: it drains');
    await expect.poll(() => one.notes).toEqual([]);
    const [nobodys = 0] = await freePorts(1);
    const away = source(nobodys);
    running.push(away);
    void away.start(() => {});
    await expect.poll(() => away.notes.join('\n')).toContain('cannot be read: nothing listens there');
    const controller = await start([folder]);
    const wrong = source(controller.httpPort);
    running.push(wrong);
    void wrong.start(() => {});
    await expect.poll(() => wrong.notes.join('\n')).toContain('cannot be read');
  });
});

const DELTA_REQUEST = requestOf();

function requestOf(): Buffer {
  // Built by hand as the wire has it: a node with an id and GENERATOR: api, and the type.
  const text = (field: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value]);
  const generator = Buffer.concat([text(1, Buffer.from('GENERATOR')), text(2, text(3, Buffer.from('api')))]);
  const metadata = text(1, generator);
  const self = Buffer.concat([text(1, Buffer.from('sidecar~10.0.0.7~a.b~b')), text(3, metadata)]);
  return Buffer.concat([text(1, self), text(2, Buffer.from('core/v1/Service'))]);
}
