import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DiscoveryListener } from '../../../src/controller/discovery/grpc.ts';
import { DiscoveryMetrics } from '../../../src/controller/discovery/metrics.ts';
import { DiscoveryServer } from '../../../src/controller/discovery/server.ts';
import { Log } from '../../../src/base/log.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  type ProxyResources,
  ROUTE_TYPE,
} from '../../../src/xds/resource.ts';
import { deltaStream, hungProxy, namesIn, node, stateStream } from './client.ts';

/** A mesh as a test writes it: names, each with a text that stands for all that a resource says. */
interface World {
  readonly clusters?: Readonly<Record<string, string>>;
  readonly endpoints?: Readonly<Record<string, number>>;
  readonly listeners?: Readonly<Record<string, string>>;
  readonly routes?: Readonly<Record<string, string>>;
}

function resourcesOf(world: World): ProxyResources {
  const list = <Value>(values: Readonly<Record<string, Value>> = {}): [string, Value][] =>
    Object.entries(values);
  return {
    clusters: list(world.clusters).map(([name, altStatName]) => ({
      typeUrl: CLUSTER_TYPE,
      name,
      message: create(ClusterSchema, { name, altStatName }),
    })),
    endpoints: list(world.endpoints).map(([name, overprovisioningFactor]) => ({
      typeUrl: ENDPOINT_TYPE,
      name,
      message: create(ClusterLoadAssignmentSchema, {
        clusterName: name,
        policy: { overprovisioningFactor },
      }),
    })),
    listeners: list(world.listeners).map(([name, statPrefix]) => ({
      typeUrl: LISTENER_TYPE,
      name,
      message: create(ListenerSchema, { name, statPrefix }),
    })),
    routes: list(world.routes).map(([name, vhost]) => ({
      typeUrl: ROUTE_TYPE,
      name,
      message: create(RouteConfigurationSchema, { name, virtualHosts: [{ name: vhost }] }),
    })),
    extensions: [],
  };
}

let discovery: DiscoveryServer;
let listener: DiscoveryListener;
let lines: string[];
const open: { close(): void }[] = [];

async function start(maxBytesInFlight = 1 << 20, sendTimeout = 60_000): Promise<void> {
  lines = [];
  discovery = new DiscoveryServer({
    versionPrefix: 'test',
    maxBytesInFlight,
    log: new Log('debug', (line) => lines.push(line)),
    metrics: new DiscoveryMetrics(),
    now: () => 1000,
  });
  listener = await DiscoveryListener.start(discovery, {
    address: { host: '127.0.0.1', port: 0 },
    sendTimeout,
  });
}

function show(world: World): void {
  const resources = resourcesOf(world);
  discovery.update(() => resources);
}

function delta(): ReturnType<typeof deltaStream> {
  const stream = deltaStream(listener.port);
  open.push(stream);
  return stream;
}

function state(): ReturnType<typeof stateStream> {
  const stream = stateStream(listener.port);
  open.push(stream);
  return stream;
}

beforeEach(() => start());
afterEach(async () => {
  for (const stream of open.splice(0)) stream.close();
  await listener.drain(100);
});

describe('a stream', () => {
  test('that asks for more names than can be of use is refused', async () => {
    show({});
    const stream = delta();
    const names = Array.from({ length: 500_001 }, (_, index) => String(index));
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: names });
    await vi.waitFor(() => expect(stream.error?.details).toContain('at most 500000 names'), {
      timeout: 20_000,
    });
  }, 30_000);
});

describe('delta discovery', () => {
  test('gives a proxy all clusters, and then only what changes', async () => {
    show({ clusters: { a: '1', b: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const first = await stream.next();
    expect(namesIn(first)).toEqual(['a', 'b']);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
    show({ clusters: { a: '1', b: '2', c: '1' } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['b', 'c']);
    expect(second.removedResources).toEqual([]);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: second.nonce });
    show({ clusters: { a: '1', c: '1' } });
    const third = await stream.next();
    expect(namesIn(third)).toEqual([]);
    expect(third.removedResources).toEqual(['b']);
  });

  test('says nothing when a new state is the same for the proxy', async () => {
    show({ clusters: { a: '1' }, listeners: { l: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await stream.next()).nonce });
    show({ clusters: { a: '1' }, listeners: { l: '2' } });
    stream.send({ typeUrl: LISTENER_TYPE });
    expect((await stream.next()).typeUrl).toBe(LISTENER_TYPE);
    expect(stream.unread).toBe(0);
  });

  test('answers names: those that exist with a resource, those that do not as removed', async () => {
    show({ endpoints: { a: 100, b: 100 } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'z'] });
    const first = await stream.next();
    expect([namesIn(first), first.removedResources]).toEqual([['a'], ['z']]);
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce });
    show({ endpoints: { a: 100, b: 200, z: 100 } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['z']);
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: second.nonce, resourceNamesSubscribe: ['b', 'a'] });
    expect(namesIn(await stream.next())).toEqual(['a', 'b']);
  });

  test('stops telling of names that are no longer subscribed', async () => {
    show({ endpoints: { a: 100, b: 100 } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'b'] });
    const first = await stream.next();
    stream.send({
      typeUrl: ENDPOINT_TYPE,
      responseNonce: first.nonce,
      resourceNamesSubscribe: ['b'],
      resourceNamesUnsubscribe: ['a'],
    });
    expect(namesIn(await stream.next())).toEqual(['b']);
    show({ endpoints: { a: 200, b: 200 } });
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: '1-2' });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });

  test('gives a proxy that comes back with versions only what differs', async () => {
    show({ clusters: { a: '1', b: '1', c: '1' } });
    const before = delta();
    before.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const had = await before.next();
    before.close();
    show({ clusters: { a: '1', b: '2', d: '1' } });
    const stream = delta();
    stream.send({
      node: node(),
      typeUrl: CLUSTER_TYPE,
      initialResourceVersions: Object.fromEntries(had.resources.map(({ name, version }) => [name, version])),
    });
    const response = await stream.next();
    expect([namesIn(response), response.removedResources]).toEqual([['b', 'd'], ['c']]);
  });

  test('does not send names again that came along with their versions', async () => {
    show({ endpoints: { a: 100, b: 100 } });
    const before = delta();
    before.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'b'] });
    const versions = Object.fromEntries(
      (await before.next()).resources.map(({ name, version }) => [name, version]),
    );
    show({ endpoints: { a: 100, b: 200 } });
    const stream = delta();
    stream.send({
      node: node(),
      typeUrl: ENDPOINT_TYPE,
      resourceNamesSubscribe: ['a', 'b'],
      initialResourceVersions: versions,
    });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });

  test('sends clusters, endpoints, listeners and routes in this order, and endpoints again for a changed cluster', async () => {
    show({ clusters: { a: '1' }, endpoints: { a: 100 }, listeners: { l: '1' }, routes: { r: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r'] });
    stream.send({ typeUrl: LISTENER_TYPE });
    stream.send({ typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a'] });
    stream.send({ typeUrl: CLUSTER_TYPE });
    const answers = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    for (const { typeUrl, nonce } of answers) stream.send({ typeUrl, responseNonce: nonce });
    show({ clusters: { a: '2' }, endpoints: { a: 100 }, listeners: { l: '2' }, routes: { r: '2' } });
    const order: string[] = [];
    while (order.length < 4) {
      const { typeUrl, nonce } = await stream.next();
      order.push(typeUrl);
      stream.send({ typeUrl, responseNonce: nonce });
    }
    expect(order).toEqual([CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE]);
  });

  test('waits for the answer before it sends the next change, and then sends the newest state', async () => {
    show({ clusters: { a: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const first = await stream.next();
    show({ clusters: { a: '2', b: '1' } });
    show({ clusters: { a: '3' } });
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
    const second = await stream.next();
    expect([namesIn(second), second.removedResources]).toEqual([['a'], []]);
    expect(second.systemVersionInfo).toBe('test/3');
  });

  test('keeps the words of a proxy that refuses, and sends it the next change', async () => {
    show({ listeners: { good: '1', bad: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: LISTENER_TYPE });
    const first = await stream.next();
    stream.send({
      typeUrl: LISTENER_TYPE,
      responseNonce: first.nonce,
      errorDetail: { code: 13, message: 'Error adding listener(s) bad: no filter' },
    });
    show({ listeners: { good: '1', bad: '2' } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['bad']);
    const watch = () => [...discovery.streams][0]?.watches.get(LISTENER_TYPE);
    expect(watch()?.nack).toMatchObject({
      message: 'Error adding listener(s) bad: no filter',
      names: ['bad'],
      version: 'test/1',
    });
    stream.send({ typeUrl: LISTENER_TYPE, responseNonce: second.nonce });
    stream.send({ typeUrl: CLUSTER_TYPE });
    await stream.next();
    expect(watch()?.nack).toBeUndefined();
    expect(lines.join('')).toContain('a proxy refuses what it was sent');
  });

  test('sends the routes of a refused response one by one, so that only the bad one is missing', async () => {
    show({ routes: { r1: 'x', r2: 'bad', r3: 'x' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r1', 'r2', 'r3'] });
    const all = await stream.next();
    stream.send({ typeUrl: ROUTE_TYPE, responseNonce: all.nonce, errorDetail: { message: 'bad domain' } });
    const taken: string[] = [];
    for (let count = 0; count < 3; count++) {
      const one = await stream.next();
      const [name = ''] = namesIn(one);
      expect(one.resources).toHaveLength(1);
      if (name === 'r2') {
        stream.send({
          typeUrl: ROUTE_TYPE,
          responseNonce: one.nonce,
          errorDetail: { message: 'bad domain' },
        });
      } else {
        taken.push(name);
        stream.send({ typeUrl: ROUTE_TYPE, responseNonce: one.nonce });
      }
    }
    stream.send({ typeUrl: CLUSTER_TYPE });
    expect((await stream.next()).typeUrl).toBe(CLUSTER_TYPE);
    expect(taken).toEqual(['r1', 'r3']);
    expect([...discovery.streams][0]?.watches.get(ROUTE_TYPE)?.nack?.names).toEqual(['r2']);
  });

  test('remembers each refusal until that one is taken, gone, or not asked for any more', async () => {
    show({ routes: { r1: 'bad', r2: 'bad', r3: 'bad', r4: 'x' } });
    const stream = delta();
    const errorDetail = { message: 'bad domain' };
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r1', 'r2', 'r3', 'r4'] });
    stream.send({ typeUrl: ROUTE_TYPE, responseNonce: (await stream.next()).nonce, errorDetail });
    /** Takes so many responses, and refuses what is bad. */
    const answer = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        const one = await stream.next();
        const isBad = namesIn(one).some((name) => bad.has(name));
        stream.send({ typeUrl: ROUTE_TYPE, responseNonce: one.nonce, ...(isBad && { errorDetail }) });
      }
    };
    const bad = new Set(['r1', 'r2', 'r3']);
    const refused = (): readonly string[] =>
      [...([...discovery.streams][0]?.watches.get(ROUTE_TYPE)?.refusals ?? [])].flatMap(({ names }) => names);
    await answer(4);
    await expect.poll(refused).toEqual(['r1', 'r2', 'r3']);
    bad.delete('r1');
    show({ routes: { r1: 'x', r2: 'bad', r3: 'bad', r4: 'x' } });
    await answer(1);
    await expect.poll(refused).toEqual(['r2', 'r3']);
    show({ routes: { r1: 'x', r3: 'bad', r4: 'x' } });
    bad.delete('r2');
    await answer(1);
    await expect.poll(refused).toEqual(['r3']);
    stream.send({ typeUrl: ROUTE_TYPE, resourceNamesUnsubscribe: ['r3'] });
    await expect.poll(refused).toEqual([]);
  });

  test('forgets none of the routes that are to be sent one by one for what is asked meanwhile', async () => {
    show({ routes: { r1: 'x', r2: 'bad', r3: 'x' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r1', 'r2'] });
    const { nonce } = await stream.next();
    const errorDetail = { message: 'bad domain' };
    stream.send({
      typeUrl: ROUTE_TYPE,
      responseNonce: nonce,
      errorDetail,
      resourceNamesSubscribe: ['r3'],
    });
    const came: string[][] = [];
    for (let count = 0; count < 3; count++) {
      const one = await stream.next();
      came.push(namesIn(one));
      stream.send({ typeUrl: ROUTE_TYPE, responseNonce: one.nonce });
    }
    expect(came).toEqual([['r3'], ['r1'], ['r2']]);
  });

  test('answers a proxy that came before the first state as soon as there is one', async () => {
    const stream = delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    show({ clusters: { a: '1' } });
    expect(namesIn(await stream.next())).toEqual(['a']);
  });

  test('answers types that it does not serve with nothing', async () => {
    show({});
    const stream = delta();
    const typeUrl = 'type.googleapis.com/envoy.config.Boat';
    stream.send({ node: node(), typeUrl, resourceNamesSubscribe: ['skiff'] });
    const response = await stream.next();
    expect([response.typeUrl, response.resources, response.removedResources]).toEqual([
      typeUrl,
      [],
      ['skiff'],
    ]);
  });

  test.each([
    ['without a node', {}, 'must name the node'],
    ['with a node id that is none', { node: { id: 'boat' } }, 'four parts'],
    ['without a type', { node: node(), typeUrl: '' }, 'must name a type'],
  ])('refuses a request %s', async (_what, request, message) => {
    show({});
    const stream = delta();
    stream.send({ typeUrl: CLUSTER_TYPE, ...request });
    const error = await stream.failure();
    expect([error.code, error.details]).toEqual([3, expect.stringContaining(message)]);
    expect(discovery.streams.size).toBe(0);
  });
});

describe('state-of-the-world discovery', () => {
  test('sends the whole list of clusters when one of them changes or goes', async () => {
    show({ clusters: { a: '1', b: '1' } });
    const stream = state();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const first = await stream.next();
    expect([namesIn(first), first.versionInfo]).toEqual([['a', 'b'], 'test/1']);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce, versionInfo: first.versionInfo });
    show({ clusters: { a: '1', b: '2', c: '1' } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['a', 'b', 'c']);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: second.nonce, versionInfo: second.versionInfo });
    show({ clusters: { a: '1' } });
    expect(namesIn(await stream.next())).toEqual(['a']);
  });

  test('sends of named resources only those that changed or are new to the list', async () => {
    show({ endpoints: { a: 100, b: 100, c: 100 } });
    const stream = state();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNames: ['a', 'b'] });
    const first = await stream.next();
    expect(namesIn(first)).toEqual(['a', 'b']);
    const names = ['a', 'b', 'c'];
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce, resourceNames: names });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['c']);
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: second.nonce, resourceNames: names });
    show({ endpoints: { a: 100, b: 200, c: 100 } });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });

  test('answers a name that does not exist with an empty resource, since Envoy waits for it', async () => {
    show({});
    const stream = state();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNames: ['nowhere'] });
    expect(namesIn(await stream.next())).toEqual(['nowhere']);
  });

  test('passes over a request that answers an older response', async () => {
    show({ endpoints: { a: 100, b: 100 } });
    const stream = state();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNames: ['a'] });
    const first = await stream.next();
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce, resourceNames: ['a', 'b'] });
    const second = await stream.next();
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce, resourceNames: [] });
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: second.nonce, resourceNames: ['a', 'b'] });
    show({ endpoints: { a: 100, b: 300 } });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });
});

describe('the server', () => {
  test('keeps other proxies going when the resources of one cannot be made', async () => {
    const resources = resourcesOf({ clusters: { a: '1' } });
    discovery.update((proxy) => {
      if (proxy.name === 'broken') throw new Error('no such harbour');
      return resources;
    });
    const broken = delta();
    broken.send({ node: node('broken.shop'), typeUrl: CLUSTER_TYPE });
    const fine = delta();
    fine.send({ node: node('fine.shop'), typeUrl: CLUSTER_TYPE });
    expect(namesIn(await fine.next())).toEqual(['a']);
    expect([...discovery.faults.values()]).toMatchObject([
      { proxy: 'broken.shop', message: 'no such harbour' },
    ]);
    show({ clusters: { b: '1' } });
    expect(namesIn(await broken.next())).toEqual(['b']);
  });

  test('keeps what a proxy has when its resources can no longer be made', async () => {
    show({ clusters: { a: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await stream.next()).nonce });
    discovery.update(() => {
      throw new Error('no such harbour');
    });
    stream.send({ typeUrl: LISTENER_TYPE });
    const response = await stream.next();
    expect([response.typeUrl, stream.unread]).toEqual([LISTENER_TYPE, 0]);
  });

  test('encodes a resource once for all proxies', async () => {
    const [resource] = resourcesOf({ clusters: { a: '1' } }).clusters;
    const [equal] = resourcesOf({ clusters: { a: '1' } }).clusters;
    if (resource === undefined || equal === undefined) throw new Error('no resource');
    expect(discovery.encode(equal)).toBe(discovery.encode(resource));
  });

  test('with little room for bytes in flight still serves every proxy', async () => {
    await listener.drain(100);
    await start(1);
    const clusters = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`c${index}`, 'x'.repeat(1000)]),
    );
    show({ clusters });
    const streams = Array.from({ length: 8 }, () => delta());
    for (const stream of streams) stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const responses = await Promise.all(streams.map((stream) => stream.next()));
    expect(responses.map(({ resources }) => resources.length)).toEqual(streams.map(() => 500));
    expect(discovery.queue.bytesInFlight).toBe(0);
  });

  test('lets a proxy go that does not read, and serves the others meanwhile', async () => {
    await listener.drain(100);
    await start(1, 300);
    const large = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`r${index}`, 'x'.repeat(6000)]),
    );
    show({ clusters: large });
    const session = hungProxy(listener.port, { node: node('hung.shop'), typeUrl: CLUSTER_TYPE });
    open.push({ close: () => session.destroy() });
    while (discovery.queue.bytesInFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    const fine = delta();
    fine.send({ node: node('fine.shop'), typeUrl: CLUSTER_TYPE });
    expect((await fine.next()).resources).toHaveLength(500);
    expect([...discovery.streams].map(({ proxy }) => proxy?.id)).toEqual(['fine.shop']);
  });

  test('ends the streams with a status that says why when it drains', async () => {
    show({ clusters: { a: '1' } });
    const stream = delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    await stream.next();
    const drained = listener.drain(5000);
    const error = await stream.failure();
    expect([error.code, error.details]).toEqual([14, 'the controller is shutting down']);
    stream.close();
    await drained;
    expect(discovery.streams.size).toBe(0);
  });

  test('says which address cannot be had', async () => {
    const again = DiscoveryListener.start(discovery, {
      address: { host: '127.0.0.1', port: listener.port },
      sendTimeout: 1000,
    });
    await expect(again).rejects.toThrow(`cannot listen on 127.0.0.1:${listener.port}`);
  });
});
