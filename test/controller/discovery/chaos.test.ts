/** Many proxies that come, go and come back while the mesh changes. */

import { create } from '@bufbuild/protobuf';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { DiscoveryMetrics } from '../../../src/controller/discovery/metrics.ts';
import { DELTA, STATE_OF_THE_WORLD } from '../../../src/controller/discovery/protocol.ts';
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
import { inMemory, SimpleProxy } from './simple-proxy.ts';

const PROXIES = 200;
const ROUNDS = 150;
const SERVICES = 30;

/** Numbers from 0 to below 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A mesh in which each service is there or not, and its parts are of one version or another. */
function randomMesh(random: () => number): ProxyResources {
  const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`).filter(
    () => random() < 0.8,
  );
  const version = (): string => String(Math.floor(random() * 3));
  return {
    clusters: names.map((name) => ({
      typeUrl: CLUSTER_TYPE,
      name,
      message: create(ClusterSchema, { name, altStatName: version() }),
    })),
    endpoints: names.map((name) => ({
      typeUrl: ENDPOINT_TYPE,
      name,
      message: create(ClusterLoadAssignmentSchema, {
        clusterName: name,
        endpoints: [{ priority: Number(version()) }],
      }),
    })),
    listeners: names.map((name) => ({
      typeUrl: LISTENER_TYPE,
      name,
      message: create(ListenerSchema, { name, statPrefix: version() }),
    })),
    routes: names.map((name) => ({
      typeUrl: ROUTE_TYPE,
      name,
      message: create(RouteConfigurationSchema, { name, virtualHosts: [{ name: version() }] }),
    })),
    extensions: [],
  };
}

test.each([DELTA, STATE_OF_THE_WORLD])(
  'proxies that come and go while the mesh changes end in the state of a cold start: $name',
  { timeout: 60_000 },
  async (protocol) => {
    const random = seeded(6);
    const server = new DiscoveryServer({
      versionPrefix: 'chaos',
      maxBytesInFlight: 10_000,
      log: new Log('error', () => {}),
      metrics: new DiscoveryMetrics(),
      now: () => 0,
    });
    const change = (): void => {
      const mesh = randomMesh(random);
      server.update(() => mesh);
    };
    const settled = async (): Promise<void> => {
      while (![...server.streams].every(({ isInSync }) => isInSync)) await turn();
    };
    const newProxy = (): SimpleProxy => new SimpleProxy(inMemory(server, protocol), protocol);
    change();
    const proxies = Array.from({ length: PROXIES }, newProxy);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const proxy of proxies) {
        if (random() < 0.05) {
          if (proxy.isConnected) proxy.drop();
          else proxy.connect();
        }
      }
      if (random() < 0.2) change();
      await turn();
    }
    for (const proxy of proxies) if (!proxy.isConnected) proxy.connect();
    await settled();
    const cold = newProxy();
    cold.connect();
    await settled();
    expect(cold.has.get(ENDPOINT_TYPE)?.size).toBeGreaterThan(SERVICES / 2);
    const other = proxies.filter(({ has }) => !isDeepStrictEqual(has, cold.has));
    expect(other.map(({ has }) => has)).toEqual([]);
  },
);
