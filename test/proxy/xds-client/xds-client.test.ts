import { create, fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ProcessLog } from '../../../src/proxy/process-log.ts';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import type { RawResource, Refusal } from '../../../src/proxy/xds-client/resource-types.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, ROUTE_TYPE } from '../../../src/proxy/xds-client/resource-types.ts';
import { XdsClient } from '../../../src/proxy/xds-client/xds-client.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { NodeSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { ResourceSchema } from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { pack } from '../../../src/xds/proto/registry.ts';
import { ControlPlane } from './control-plane.ts';
import { oneCluster } from './fake-upstream.ts';

let plane: ControlPlane;
let port: number;
let client: XdsClient;
let log: string[];
let stats: StatsStore;
/** What handlers were given, in order, as `+name` and `-name`. */
let taken: string[];
/** Names that handlers refuse, with the reason. */
let refused: Map<string, string>;

function handler(): { apply(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] } {
  return {
    apply(added, removed) {
      taken.push(...added.map(({ name }) => `+${name}`), ...removed.map((name) => `-${name}`));
      return added.flatMap(({ name }) => {
        const reason = refused.get(name);
        return reason === undefined ? [] : [{ name, reason }];
      });
    },
  };
}

function makeClient(form: 'delta' | 'state-of-the-world', options: object = {}): XdsClient {
  const name = form === 'delta' ? 'DeltaAggregatedResources' : 'StreamAggregatedResources';
  const made = new XdsClient({
    clusters: oneCluster('xds', () => port),
    clusterName: 'xds',
    method: { path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`, protocol: form },
    node: create(NodeSchema, { id: 'n', cluster: 'c' }),
    backoff: { first: 5, max: 20 },
    stats: stats.root.scope('control_plane.'),
    log: new ProcessLog('debug', (line) => log.push(line)).logger('config'),
    ...options,
  });
  for (const type of [CLUSTER_TYPE, ENDPOINT_TYPE, ROUTE_TYPE]) made.handle(type, handler());
  return made;
}

const cluster = (name: string, altStatName = ''): ReturnType<typeof pack> =>
  pack(ClusterSchema, { name, altStatName });
const named = (name: string, version = '1', altStatName = ''): object =>
  create(ResourceSchema, { name, version, resource: cluster(name, altStatName) });
const route = (name: string, version = '1'): object =>
  create(ResourceSchema, { name, version, resource: pack(RouteConfigurationSchema, { name }) });

beforeEach(async () => {
  log = [];
  taken = [];
  refused = new Map();
  stats = new StatsStore();
  plane = await ControlPlane.start();
  port = plane.port;
});
afterEach(() => {
  client.close();
  plane.kill();
});

describe('in the delta form', () => {
  test('asks for all clusters, answers what came, and is told of what goes', async () => {
    client = makeClient('delta');
    client.wantAll(CLUSTER_TYPE);
    client.start();
    const stream = await plane.nextDelta();
    expect(await stream.next()).toMatchObject({
      node: { id: 'n', cluster: 'c' },
      typeUrl: CLUSTER_TYPE,
      resourceNamesSubscribe: [],
      responseNonce: '',
    });
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: '1', resources: [named('a'), named('b')] as never });
    const answer = await stream.next();
    expect(answer).toMatchObject({ typeUrl: CLUSTER_TYPE, responseNonce: '1' });
    expect(answer.errorDetail).toBeUndefined();
    expect(answer.node).toBeUndefined();
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: '2', removedResources: ['a'] });
    expect((await stream.next()).responseNonce).toBe('2');
    expect(taken).toEqual(['+a', '+b', '-a']);
    expect([...(client.types.get(CLUSTER_TYPE)?.held.keys() ?? [])]).toEqual(['b']);
    expect(client.isConnected).toBe(true);
  });

  test('what is refused is told with its reason, and the rest is taken', async () => {
    refused.set('bad', 'lb_policy is not supported');
    client = makeClient('delta');
    client.wantAll(CLUSTER_TYPE);
    client.start();
    const stream = await plane.nextDelta();
    await stream.next();
    stream.send({
      typeUrl: CLUSTER_TYPE,
      nonce: '1',
      resources: [named('bad'), named('good'), named('twice'), named('twice')] as never,
    });
    const answer = await stream.next();
    expect(answer.errorDetail?.message).toBe(
      'Error adding/updating cluster(s) twice: duplicate resource twice found\nbad: lb_policy is not supported',
    );
    expect(taken).toEqual(['+bad', '+good']);
    const state = client.types.get(CLUSTER_TYPE);
    expect([...(state?.held.keys() ?? [])]).toEqual(['good']);
    expect(state?.rejected.get('bad')).toMatchObject({ version: '1', reason: 'lb_policy is not supported' });
    expect(log.join('')).toContain('rejected: Error adding/updating cluster(s) twice: duplicate resource');
  });

  test('names are asked for when someone wants them, and given up when nobody does', async () => {
    client = makeClient('delta');
    client.start();
    client.want(ROUTE_TYPE, 'one');
    const stream = await plane.nextDelta();
    expect(await stream.next()).toMatchObject({ typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['one'] });
    stream.send({ typeUrl: ROUTE_TYPE, nonce: '1', resources: [route('one'), route('unasked')] as never });
    await stream.next();
    client.want(ROUTE_TYPE, 'one');
    client.want(ROUTE_TYPE, 'two');
    expect(await stream.next()).toMatchObject({
      resourceNamesSubscribe: ['two'],
      resourceNamesUnsubscribe: [],
    });
    client.release(ROUTE_TYPE, 'one');
    client.release(ROUTE_TYPE, 'two');
    expect(await stream.next()).toMatchObject({
      resourceNamesSubscribe: [],
      resourceNamesUnsubscribe: ['two'],
    });
    client.release(ROUTE_TYPE, 'one');
    client.want(ROUTE_TYPE, 'three');
    expect(await stream.next()).toMatchObject({
      resourceNamesSubscribe: ['three'],
      resourceNamesUnsubscribe: ['one'],
    });
    // Given up and wanted again before the controller was told: it is still here.
    stream.send({ typeUrl: ROUTE_TYPE, nonce: '2', resources: [route('three')] as never });
    await stream.next();
    client.release(ROUTE_TYPE, 'three');
    client.want(ROUTE_TYPE, 'three');
    expect(taken).toEqual(['+one', '+three', '+three']);
  });

  test('after a break it says which versions it has, and keeps them in force', async () => {
    client = makeClient('delta');
    client.wantAll(CLUSTER_TYPE);
    client.want(ROUTE_TYPE, 'r');
    client.start();
    const stream = await plane.nextDelta();
    await stream.next();
    stream.send({
      typeUrl: CLUSTER_TYPE,
      nonce: '1',
      resources: [named('a', 'v1'), named('b', 'v2')] as never,
    });
    await expect.poll(() => taken).toEqual(['+a', '+b']);
    stream.end();
    const again = await plane.nextDelta();
    expect(await again.next()).toMatchObject({
      node: { id: 'n' },
      typeUrl: CLUSTER_TYPE,
      responseNonce: '',
      initialResourceVersions: { a: 'v1', b: 'v2' },
    });
    expect(await again.next()).toMatchObject({ typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r'] });
    expect(taken).toEqual(['+a', '+b']);
  });

  test('comes back to a controller that was away, waiting longer each time', async () => {
    port = 1;
    const failures: number[] = [];
    client = makeClient('delta', { onFailure: () => failures.push(1) });
    client.wantAll(CLUSTER_TYPE);
    client.start();
    await expect.poll(() => failures.length).toBeGreaterThan(2);
    expect(client.isConnected).toBe(false);
    port = plane.port;
    await (await plane.nextDelta()).next();
  });

  test('bytes that are no response, and types that nobody asked for, do no harm', async () => {
    client = makeClient('delta');
    client.wantAll(CLUSTER_TYPE);
    client.start();
    const stream = await plane.nextDelta();
    await stream.next();
    stream.send({ typeUrl: 'type.googleapis.com/other', nonce: 'x' });
    stream.send({
      typeUrl: CLUSTER_TYPE,
      nonce: '1',
      resources: [{ name: 'a', resource: { typeUrl: ROUTE_TYPE, value: new Uint8Array([255]) } }] as never,
    });
    expect((await stream.next()).errorDetail?.message).toContain(`a: the type is ${ROUTE_TYPE}`);
  });
});

describe('in the state-of-the-world form', () => {
  test('what a response no longer names is gone, and a refused response keeps the version before it', async () => {
    client = makeClient('state-of-the-world');
    client.wantAll(CLUSTER_TYPE);
    client.start();
    const stream = await plane.nextState();
    expect(await stream.next()).toMatchObject({ typeUrl: CLUSTER_TYPE, resourceNames: [], versionInfo: '' });
    stream.send({
      typeUrl: CLUSTER_TYPE,
      nonce: '1',
      versionInfo: 'v1',
      resources: [cluster('a'), cluster('b')],
    });
    expect(await stream.next()).toMatchObject({ versionInfo: 'v1', responseNonce: '1' });
    refused.set('c', 'no');
    stream.send({
      typeUrl: CLUSTER_TYPE,
      nonce: '2',
      versionInfo: 'v2',
      resources: [cluster('b', 'new'), cluster('c')],
    });
    expect(await stream.next()).toMatchObject({
      versionInfo: 'v1',
      responseNonce: '2',
      errorDetail: { message: 'Error adding/updating cluster(s) c: no' },
    });
    expect(taken).toEqual(['+a', '+b', '+b', '+c', '-a']);
    const held = client.types.get(CLUSTER_TYPE)?.held.get('b')?.value;
    expect(held === undefined ? '' : fromBinary(ClusterSchema, held.value).altStatName).toBe('new');
  });

  test('names are asked for as a whole list, with the newest nonce', async () => {
    client = makeClient('state-of-the-world');
    client.want(ROUTE_TYPE, 'one');
    client.start();
    const stream = await plane.nextState();
    expect((await stream.next()).resourceNames).toEqual(['one']);
    stream.send({
      typeUrl: ROUTE_TYPE,
      nonce: '1',
      versionInfo: 'v1',
      resources: [pack(RouteConfigurationSchema, { name: 'one' })],
    });
    expect(await stream.next()).toMatchObject({ resourceNames: ['one'], responseNonce: '1' });
    client.want(ROUTE_TYPE, 'two');
    expect(await stream.next()).toMatchObject({
      resourceNames: ['one', 'two'],
      responseNonce: '1',
      versionInfo: 'v1',
    });
    // A list by name says nothing of what it leaves out.
    stream.send({
      typeUrl: ROUTE_TYPE,
      nonce: '2',
      versionInfo: 'v2',
      resources: [pack(RouteConfigurationSchema, { name: 'two' })],
    });
    await stream.next();
    expect(taken).toEqual(['+one', '+two']);
  });
});

test('what was saved is in force until the controller answers', async () => {
  port = 1;
  client = makeClient('delta');
  client.wantAll(CLUSTER_TYPE);
  client.restore(new Map([[CLUSTER_TYPE, [{ name: 'a', version: 'v7', value: cluster('a') }]]]));
  expect(taken).toEqual(['+a']);
  port = plane.port;
  client.start();
  const stream = await plane.nextDelta();
  expect((await stream.next()).initialResourceVersions).toEqual({ a: 'v7' });
});
