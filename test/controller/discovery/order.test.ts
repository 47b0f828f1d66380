/** What is gone stays until nothing leads there any more: in both forms, for clusters and their endpoints. */

import { create, fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { DiscoveryMetrics } from '../../../src/controller/discovery/metrics.ts';
import { DELTA, type Protocol, STATE_OF_THE_WORLD } from '../../../src/controller/discovery/protocol.ts';
import { DiscoveryServer } from '../../../src/controller/discovery/server.ts';
import { Log } from '../../../src/base/log.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  type ProxyResources,
  ROUTE_TYPE,
} from '../../../src/xds/resource.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { inMemory, nameIn, SimpleProxy } from './simple-proxy.ts';

/** A mesh whose one route leads to the first of its clusters. */
function mesh(...clusters: readonly string[]): ProxyResources {
  const [first = ''] = clusters;
  return {
    clusters: clusters.map((name) => ({
      typeUrl: CLUSTER_TYPE,
      name,
      message: create(ClusterSchema, { name }),
    })),
    endpoints: clusters.map((name) => ({
      typeUrl: ENDPOINT_TYPE,
      name,
      message: create(ClusterLoadAssignmentSchema, { clusterName: name, endpoints: [{ priority: 0 }] }),
    })),
    listeners: [{ typeUrl: LISTENER_TYPE, name: 'r', message: create(ListenerSchema, { name: 'r' }) }],
    routes: [
      {
        typeUrl: ROUTE_TYPE,
        name: 'r',
        message: create(RouteConfigurationSchema, { name: 'r', virtualHosts: [{ name: first }] }),
      },
    ],
    extensions: [],
  };
}

/** What a response says, in one line. */
function told(protocol: Protocol, bytes: Buffer): string {
  if (protocol === DELTA) {
    const { typeUrl, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    const removed = removedResources.map((name) => `-${name}`);
    return [shortName(typeUrl), ...resources.map(({ name }) => name), ...removed].join(' ');
  }
  const { typeUrl, resources } = fromBinary(DiscoveryResponseSchema, bytes);
  return [shortName(typeUrl), ...resources.map(({ value }) => shown(nameIn(typeUrl, value)))].join(' ');
}

function shown({ name, isEmpty }: { readonly name: string; readonly isEmpty: boolean }): string {
  return isEmpty ? `-${name}` : name;
}

function shortName(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

function start(): DiscoveryServer {
  return new DiscoveryServer({
    versionPrefix: 'test',
    maxBytesInFlight: 1 << 20,
    log: new Log('off', () => {}),
    metrics: new DiscoveryMetrics(),
    now: () => 0,
  });
}

function proxyOf(server: DiscoveryServer, protocol: Protocol): SimpleProxy {
  const proxy = new SimpleProxy(inMemory(server, protocol), protocol);
  proxy.responses = [];
  return proxy;
}

describe.each([DELTA, STATE_OF_THE_WORLD])('in the $name form', (protocol) => {
  async function synced(server: DiscoveryServer, proxy: SimpleProxy): Promise<string[]> {
    await expect.poll(() => [...server.streams].every(({ isInSync }) => isInSync)).toBe(true);
    return (proxy.responses ?? []).splice(0).map((bytes) => told(protocol, bytes));
  }

  test('a cluster goes after the route to it', async () => {
    const server = start();
    const first = mesh('old', 'beside');
    server.update(() => first);
    const proxy = proxyOf(server, protocol);
    proxy.connect();
    await synced(server, proxy);
    const second = mesh('new', 'beside');
    server.update(() => second);
    const isDelta = protocol === DELTA;
    const seen = await synced(server, proxy);
    expect(seen.filter((line) => !line.startsWith('ClusterLoad'))).toEqual(
      isDelta
        ? ['Cluster new', 'RouteConfiguration r', 'Cluster -old']
        : ['Cluster old beside new', 'RouteConfiguration r', 'Cluster new beside'],
    );
    // The endpoints of the old one are taken away after it at the earliest.
    const gone = seen.findIndex((line) => line.startsWith('ClusterLoad') && line.includes('-old'));
    expect(gone === -1 || gone > seen.findLastIndex((line) => line.startsWith('Cluster '))).toBe(true);
    expect(seen).toContain('ClusterLoadAssignment new');
  });

  test('a cluster to which nothing leads goes at once', async () => {
    const server = start();
    const first = mesh('kept', 'gone');
    server.update(() => first);
    const proxy = proxyOf(server, protocol);
    proxy.connect();
    await synced(server, proxy);
    const second = mesh('kept');
    server.update(() => second);
    expect((await synced(server, proxy))[0]).toBe(protocol === DELTA ? 'Cluster -gone' : 'Cluster kept');
  });

  test('a cluster stays while the routes that lead elsewhere are refused, and goes when they are taken', async () => {
    const server = start();
    const first = mesh('old');
    server.update(() => first);
    const proxy = proxyOf(server, protocol);
    proxy.connect();
    await synced(server, proxy);
    proxy.refuses.add(ROUTE_TYPE);
    const second = mesh('new');
    server.update(() => second);
    const refused = await synced(server, proxy);
    expect(refused.at(-1)).toBe('RouteConfiguration r');
    expect(proxy.has.get(CLUSTER_TYPE)?.has('old')).toBe(true);
    expect(proxy.has.get(ENDPOINT_TYPE)?.has('old')).toBe(true);
    proxy.refuses.clear();
    const third = mesh('newer', 'new');
    server.update(() => third);
    const taken = await synced(server, proxy);
    const clusters = taken.filter((line) => line.startsWith('Cluster '));
    expect(clusters.at(-1)).toBe(protocol === DELTA ? 'Cluster -old' : 'Cluster newer new');
    expect(taken.lastIndexOf('RouteConfiguration r')).toBeLessThan(taken.indexOf(clusters.at(-1) ?? ''));
  });
});

test('a proxy that comes back with a cluster that is gone gives it up after its new routes', async () => {
  const server = start();
  const first = mesh('old');
  server.update(() => first);
  const proxy = proxyOf(server, DELTA);
  proxy.connect();
  await expect.poll(() => proxy.responses?.length).toBe(4);
  proxy.drop();
  const second = mesh('new');
  server.update(() => second);
  proxy.responses = [];
  proxy.connect();
  await expect.poll(() => [...server.streams].every(({ isInSync }) => isInSync)).toBe(true);
  const seen = (proxy.responses ?? []).map((bytes) => told(DELTA, bytes));
  expect(seen.filter((line) => /^(?:Cluster|RouteConfiguration) /.test(line))).toEqual([
    'Cluster new',
    'RouteConfiguration r',
    'Cluster -old',
  ]);
});
