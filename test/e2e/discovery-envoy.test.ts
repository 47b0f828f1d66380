/** Discovery, with resources written by hand, to a real Envoy: what it takes, refuses and asks for. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DescMessage, JsonValue } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiscoveryListener } from '../../src/controller/discovery/grpc.ts';
import { DiscoveryMetrics } from '../../src/controller/discovery/metrics.ts';
import { DiscoveryServer } from '../../src/controller/discovery/server.ts';
import { Log } from '../../src/base/log.ts';
import { findType, messageFromJson } from '../../src/xds/proto/registry.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  type Resource,
  ROUTE_TYPE,
} from '../../src/xds/resource.ts';
import { ask, Envoy, eventually } from '../peers/run-envoy.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import { freePort } from '../peers/free-ports.ts';

const NODE = { id: 'router~127.0.0.1~gateway-0.shop~shop.svc.cluster.local' };
const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

function resource(typeUrl: string, json: Readonly<Record<string, JsonValue>>): Resource {
  const type = findType(typeUrl);
  if (type === undefined) throw new Error(`no type ${typeUrl}`);
  const name = json.name ?? json.cluster_name;
  return { typeUrl, name: String(name), message: messageFromJson<DescMessage>(type, json) };
}

function cluster(name: string, timeout = '1s'): Resource {
  return resource(CLUSTER_TYPE, {
    name,
    type: 'EDS',
    connect_timeout: timeout,
    eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' } },
  });
}

function endpoints(name: string, port: number): Resource {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return resource(ENDPOINT_TYPE, {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
  });
}

function route(name: string, to: string): Resource {
  return resource(ROUTE_TYPE, {
    name,
    virtual_hosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: to } }] },
    ],
  });
}

/** An HTTP listener; `prefix` is refused by Envoy when it is empty. */
function listener(name: string, port: number, routes: string, prefix = 'test'): Resource {
  return resource(LISTENER_TYPE, {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: prefix,
              rds: {
                route_config_name: routes,
                config_source: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
              },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  });
}

let discovery: DiscoveryServer;
let grpc: DiscoveryListener;
let envoy: Envoy | undefined;
let port = 0;
const backends: Server[] = [];

/** A backend that answers with its name. */
async function backend(name: string): Promise<number> {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  backends.push(server);
  return (server.address() as AddressInfo).port;
}

function show(...resources: readonly Resource[]): void {
  const of = (type: string): readonly Resource[] => resources.filter(({ typeUrl }) => typeUrl === type);
  const view = {
    clusters: of(CLUSTER_TYPE),
    endpoints: of(ENDPOINT_TYPE),
    listeners: of(LISTENER_TYPE),
    routes: of(ROUTE_TYPE),
    extensions: of(EXTENSION_TYPE),
  };
  discovery.update(() => view);
}

async function isSynced(): Promise<void> {
  await eventually(
    async () => [...discovery.streams].every((stream) => stream.isInSync),
    (isSo) => isSo,
  );
}

async function answers(text: string): Promise<void> {
  await eventually(
    () => ask(port, '/'),
    (answer) => answer.text === text,
  );
}

describeOnRealEnvoy('discovery for a real Envoy', (program) => {
  beforeEach(async () => {
    discovery = new DiscoveryServer({
      versionPrefix: 'test',
      maxBytesInFlight: 1 << 20,
      log: new Log('off', () => {}),
      metrics: new DiscoveryMetrics(),
      now: () => Date.now(),
    });
    // Nobody else gets it between one server and the next.
    grpc = await DiscoveryListener.start(discovery, {
      address: { host: '127.0.0.1', port: await freePort() },
      sendTimeout: 30_000,
    });
    port = await freePort();
  });
  afterEach(async () => {
    await envoy?.stop();
    envoy = undefined;
    await grpc.drain(100);
    for (const server of backends.splice(0)) server.close();
  });

  async function start(form: 'delta' | 'state-of-the-world'): Promise<Envoy> {
    envoy = await Envoy.start({ program, grpcPort: grpc.port, node: NODE, form });
    return envoy;
  }

  test.each(['delta', 'state-of-the-world'] as const)(
    '%s: a cluster, its endpoints, a listener and its routes carry a request, and follow each change',
    async (form) => {
      const [one, two] = [await backend('one'), await backend('two')];
      const front = listener('front', port, 'routes');
      show(cluster('a'), endpoints('a', one), front, route('routes', 'a'));
      const proxy = await start(form);
      await proxy.ready();
      await answers('one');
      // Endpoints alone.
      show(cluster('a'), endpoints('a', two), front, route('routes', 'a'));
      await answers('two');
      // A new cluster, and the route to it, at once.
      show(cluster('a'), cluster('b'), endpoints('a', two), endpoints('b', one), front, route('routes', 'b'));
      await answers('one');
      // A changed cluster is warmed with its endpoints.
      show(cluster('b', '2s'), endpoints('b', one), front, route('routes', 'b'));
      await isSynced();
      await eventually(
        () => proxy.stat('cluster_manager.warming_clusters'),
        (warming) => warming === 0,
      );
      expect((await ask(port, '/')).text).toBe('one');
      const { text } = await proxy.admin('/config_dump?resource=dynamic_active_clusters');
      expect(text).toContain('"connect_timeout": "2s"');
      for (const service of ['cluster_manager.cds', 'listener_manager.lds']) {
        expect(await proxy.stat(`${service}.update_rejected`)).toBe(0);
      }
    },
  );

  test.each(['delta', 'state-of-the-world'] as const)(
    '%s: what Envoy refuses is told in its own words, the rest works, and a mended version is taken',
    async (form) => {
      const one = await backend('one');
      const [front, other] = [listener('front', port, 'routes'), await freePort()];
      const rest = [cluster('a'), endpoints('a', one), front, route('routes', 'a')];
      show(...rest, listener('bad', other, 'routes', ''));
      const proxy = await start(form);
      const refusal = await eventually(
        async () => [...discovery.streams][0]?.watches.get(LISTENER_TYPE)?.nack,
        (nack) => nack !== undefined,
      );
      expect(refusal?.names).toEqual(['bad']);
      expect(refusal?.message).toContain('StatPrefix');
      await answers('one');
      show(...rest, listener('bad', other, 'routes', 'good'));
      await eventually(
        () => ask(other, '/'),
        ({ text }) => text === 'one',
      );
      // Its answer may come after that of the listener.
      await expect.poll(() => [...discovery.streams][0]?.watches.get(LISTENER_TYPE)?.nack).toBeUndefined();
      expect(await proxy.stat('listener_manager.lds.update_rejected')).toBeGreaterThan(0);
    },
  );

  test('Envoy that comes back with what it has is sent only what differs', async () => {
    const one = await backend('one');
    const state = [
      cluster('a'),
      endpoints('a', one),
      listener('front', port, 'routes'),
      route('routes', 'a'),
    ];
    show(...state);
    const proxy = await start('delta');
    await answers('one');
    await isSynced();
    const before = await proxy.stat('cluster_manager.cds.update_attempt');
    const bytes = grpc.port;
    await grpc.drain(100);
    const metrics = new DiscoveryMetrics();
    discovery = new DiscoveryServer({
      versionPrefix: 'second',
      maxBytesInFlight: 1 << 20,
      log: new Log('off', () => {}),
      metrics,
      now: () => Date.now(),
    });
    show(...state, cluster('b'), endpoints('b', one));
    grpc = await DiscoveryListener.start(discovery, {
      address: { host: '127.0.0.1', port: bytes },
      sendTimeout: 30_000,
    });
    await eventually(
      () => proxy.admin('/clusters'),
      ({ text }) => text.includes('b::'),
    );
    await isSynced();
    expect((await ask(port, '/')).text).toBe('one');
    expect(await proxy.stat('cluster_manager.cds.update_attempt')).toBeGreaterThan(before);
    // The cluster that it had was not made anew.
    expect(await proxy.stat('cluster_manager.cluster_modified')).toBe(0);
  });
});
