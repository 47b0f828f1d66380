/** A thousand pushes of the controller's own discovery server to the builtin proxy, while it has requests to forward. */

import { once } from 'node:events';
import { Agent, type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { JsonValue, Message } from '@bufbuild/protobuf';
import { afterEach, expect, test, vi } from 'vitest';
import { Log } from '../../src/base/log.ts';
import { DiscoveryListener } from '../../src/controller/discovery/grpc.ts';
import { DiscoveryMetrics } from '../../src/controller/discovery/metrics.ts';
import { DiscoveryServer } from '../../src/controller/discovery/server.ts';
import { messageOf } from '../../src/proxy/bootstrap/read-message.ts';
import { ClusterSchema } from '../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  type ProxyResources,
  ROUTE_TYPE,
} from '../../src/xds/resource.ts';
import { freePort } from '../peers/free-ports.ts';
import { type RunningServer, runServer } from '../proxy/run-server.ts';
import { ADS, FROM_ADS } from '../proxy/xds-client/control-plane.ts';

const PUSHES = 1000;
/** Pushes after which everything that is made once has been made. */
const WARM = 200;
const CLIENTS = 4;
const HTTP =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function backend(name: string): Promise<number> {
  const server: Server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
  // None is closed just as the proxy takes it for a request.
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** The mesh after so many changes: each step changes one or several types of resources. */
function world(step: number, port: number, [one, two]: readonly [number, number]): ProxyResources {
  const of = (
    typeUrl: string,
    name: string,
    message: Message,
  ): { typeUrl: string; name: string; message: Message } => ({
    typeUrl,
    name,
    message,
  });
  const cluster = (name: string, more: object = {}) =>
    of(
      CLUSTER_TYPE,
      name,
      messageOf(
        ClusterSchema,
        { name, type: 'EDS', eds_cluster_config: { eds_config: ADS }, ...more } as JsonValue,
        'test',
      ),
    );
  const endpoints = (name: string, ports: readonly number[]) =>
    of(
      ENDPOINT_TYPE,
      name,
      messageOf(
        ClusterLoadAssignmentSchema,
        {
          cluster_name: name,
          endpoints: [{ lb_endpoints: ports.map((one) => ({ endpoint: { address: address(one) } })) }],
        } as JsonValue,
        'test',
      ),
    );
  const passing = `passing-${Math.floor(step / 3) % 5}`;
  const manager = {
    '@type': HTTP,
    stat_prefix: 'in',
    // A new filter chain now and then: connections of the one before are told to end.
    server_name: `proxy-${Math.floor(step / 25)}`,
    rds: { route_config_name: 'routes', config_source: ADS },
    http_filters: [{ name: 'router', typed_config: { '@type': ROUTER } }],
  };
  const listener = {
    name: 'in',
    address: address(port),
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
  const weight = step % 100;
  const routes = {
    name: 'routes',
    virtual_hosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [
          {
            match: { prefix: '/' },
            route: {
              weighted_clusters: {
                clusters: [
                  { name: 'a', weight },
                  { name: 'b', weight: 100 - weight },
                ],
              },
            },
            response_headers_to_add: [{ header: { key: 'x-step', value: String(step) } }],
          },
        ],
      },
    ],
  };
  return {
    clusters: [
      cluster('a', { connect_timeout: `${5 + (Math.floor(step / 10) % 3)}s` }),
      cluster('b'),
      cluster(passing, { alt_stat_name: `step-${step}` }),
    ],
    endpoints: [
      endpoints('a', step % 2 === 0 ? [one] : [one, two]),
      endpoints('b', [two]),
      endpoints(passing, [one]),
    ],
    listeners: [of(LISTENER_TYPE, 'in', messageOf(ListenerSchema, listener as JsonValue, 'test'))],
    routes: [of(ROUTE_TYPE, 'routes', messageOf(RouteConfigurationSchema, routes as JsonValue, 'test'))],
    extensions: [],
  } as ProxyResources;
}

interface Load {
  readonly failures: string[];
  answers: number;
  isStopped: boolean;
  stop(): Promise<void>;
}

function load(port: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const state: Load = { failures: [], answers: 0, isStopped: false, stop: async () => undefined };
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const call = request({ host: '127.0.0.1', port, path: '/', agent }, (response) => {
        response.resume();
        response.on('end', () => {
          state.answers++;
          if (response.statusCode !== 200) state.failures.push(`status ${response.statusCode}`);
          resolve();
        });
        response.on('error', (error) => {
          state.failures.push(`answer: ${error.message}`);
          resolve();
        });
      });
      call.on('error', (error) => {
        state.failures.push(error.message);
        resolve();
      });
      call.end();
    });
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!state.isStopped) await ask();
  });
  state.stop = async () => {
    state.isStopped = true;
    await Promise.all(clients);
    agent.destroy();
  };
  return state;
}

/** What keeps the process busy, by kind. */
function resources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}

test('no request fails, and nothing is left behind', { timeout: 900_000 }, async () => {
  const ports = [await backend('one'), await backend('two')] as const;
  const discovery = new DiscoveryServer({
    versionPrefix: 'test',
    maxBytesInFlight: 1 << 20,
    log: new Log('error', () => undefined),
    metrics: new DiscoveryMetrics(),
    now: () => Date.now(),
  });
  const controller = await DiscoveryListener.start(discovery, {
    address: { host: '127.0.0.1', port: 0 },
    sendTimeout: 60_000,
  });
  closing.push(() => controller.drain(100));
  let step = 0;
  const port = await freePort();
  const show = (): void => {
    const resources = world(step, port, ports);
    discovery.update(() => resources);
  };
  show();
  const proxy: RunningServer = runServer({
    dynamic_resources: FROM_ADS,
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(controller.port) } }] }],
          },
        },
      ],
    },
  });
  closing.push(() => proxy.stop());
  await proxy.started;

  const users = load(port);
  let before = { heap: 0, resources: {} as Readonly<Record<string, number>> };
  for (step = 1; step <= PUSHES; step++) {
    show();
    await vi.waitFor(() => expect([...discovery.streams].every(({ isInSync }) => isInSync)).toBe(true), {
      timeout: 20_000,
      interval: 1,
    });
    if (step === WARM) before = { heap: heapMegabytes(), resources: resources() };
  }
  const after = { heap: heapMegabytes(), resources: resources() };
  await users.stop();
  expect(users.failures).toEqual([]);
  expect(users.answers).toBeGreaterThan(PUSHES);
  expect(after.heap).toBeLessThan(before.heap * 1.15 + 5);
  for (const [kind, count] of Object.entries(after.resources)) {
    expect(count, kind).toBeLessThanOrEqual((before.resources[kind] ?? 0) * 1.5 + 10);
  }
  expect(await proxy.stat('cluster_manager.warming_clusters')).toBe(0);
  expect(await proxy.stat('cluster_manager.active_clusters')).toBe(4);
  await expect.poll(() => proxy.stat('http.in.downstream_cx_active')).toBe(0);
  await expect.poll(() => proxy.stat('listener_manager.total_listeners_draining')).toBe(0);
});
