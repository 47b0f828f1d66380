/** Resources that no sensible controller sends: each is refused with the field that is wrong, or works from then on. */

import { type DescMessage, type JsonObject, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Duration, AnySchema, DurationSchema, anyPack } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesOf } from '../../src/proxy/bootstrap/read-message.ts';
import {
  type Cluster,
  ClusterSchema,
} from '../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { MetadataSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { VirtualHostSchema } from '../../src/xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { HttpConnectionManagerSchema } from '../../src/xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { pack, typeUrlOf } from '../../src/xds/proto/registry.ts';
import { type RunningServer, runServer } from './run-server.ts';
import { FROM_ADS, ControlPlane, type DeltaControllerStream } from './xds-client/control-plane.ts';

const address = (port: number): JsonObject => ({
  socket_address: { address: '127.0.0.1', port_value: port },
});
const fixed = (name: string, port: number): JsonObject => ({
  name,
  type: 'STATIC',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
  },
});
const eds = (config: JsonObject): JsonObject => ({ name: 'c', type: 'EDS', eds_cluster_config: config });
const listener = (...routes: readonly JsonObject[]): JsonObject => withFilters([], routes);
const withFilters = (filters: readonly JsonObject[], routes: readonly JsonObject[]): JsonObject => ({
  name: 'l',
  address: address(0),
  filter_chains: [
    {
      filters: [
        {
          name: 'http',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'l',
            route_config: { virtual_hosts: [{ name: 'v', domains: ['*'], routes: [...routes] }] },
            http_filters: [
              ...filters,
              {
                name: 'router',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                },
              },
            ],
          },
        },
      ],
    },
  ],
});
const HTTP = 'envoy.extensions.filters.http';
const typed = (type: string, more: JsonObject = {}): JsonObject => ({
  '@type': `type.googleapis.com/${type}`,
  ...more,
});
const SAYS_OK: JsonObject = {
  match: { prefix: '/' },
  direct_response: { status: 200, body: { inline_string: 'ok' } },
};
const match: JsonObject = { prefix: '/' };
const added = (key: string, value: string): JsonObject => ({
  match,
  route: { cluster: 'c' },
  response_headers_to_add: [{ header: { key, value } }],
});
const lasting = (seconds: bigint, nanos = 0): Duration => create(DurationSchema, { seconds, nanos });

let plane: ControlPlane;
let proxy: RunningServer;
let stream: DeltaControllerStream;
let nonce = 0;

/** What the proxy says against it; empty when it takes it. */
async function send(schema: DescMessage, name: string, value: Uint8Array): Promise<string> {
  const typeUrl = typeUrlOf(schema);
  const own = String(nonce++);
  stream.send({
    typeUrl,
    nonce: own,
    resources: [{ name, version: own, resource: { typeUrl, value } }],
  });
  for (;;) {
    const { responseNonce, errorDetail } = await stream.next();
    if (responseNonce === own) return errorDetail?.message ?? '';
  }
}
const sendCluster = (json: JsonObject, change: (message: Cluster) => void = () => undefined) => {
  const message = fromBinary(ClusterSchema, bytesOf(ClusterSchema, json, 'test'));
  change(message);
  return send(ClusterSchema, 'c', toBinary(ClusterSchema, message));
};
const sendListener = (json: JsonObject, change: (message: Listener) => void = () => undefined) => {
  const message = fromBinary(ListenerSchema, bytesOf(ListenerSchema, json, 'test'));
  change(message);
  return send(ListenerSchema, 'l', toBinary(ListenerSchema, message));
};

beforeAll(async () => {
  plane = await ControlPlane.start();
  proxy = runServer({
    dynamic_resources: FROM_ADS,
    static_resources: { clusters: [fixed('xds', plane.port)] },
  });
  stream = await plane.nextDelta();
  await send(ClusterSchema, 'first', bytesOf(ClusterSchema, fixed('first', 1), 'test'));
  await sendListener(listener());
  await proxy.started;
});
afterAll(async () => {
  await proxy.stop();
  plane.kill();
});

describe('what Envoy refuses is refused', () => {
  test.each<[string, JsonObject, string]>([
    ['no source', eds({}), 'eds_cluster_config.eds_config'],
    ['a source that names none', eds({ eds_config: {} }), 'eds_cluster_config.eds_config'],
    [
      'a file that is not there',
      eds({ eds_config: { path_config_source: { path: '/no/such/file' } } }),
      'eds_cluster_config.eds_config',
    ],
    [
      'a source over REST',
      eds({ eds_config: { api_config_source: { api_type: 'REST', cluster_names: ['xds'] } } }),
      'api_type REST',
    ],
  ])('endpoints from %s', async (_, json, reason) => {
    expect(await sendCluster(json)).toContain(reason);
    expect(await sendCluster(fixed('c', 1))).toBe('');
  });

  test.each<[string, Duration]>([
    ['below 0', lasting(-1n)],
    ['a little below 0', lasting(0n, -1)],
    ['of too many seconds', lasting(9_223_372_037n)],
    ['of a second of nanoseconds', lasting(1n, 1_000_000_000)],
  ])('durations %s, read or not', async (_, time) => {
    const inCluster = await sendCluster(fixed('c', 1), (one) => void (one.cleanupInterval = time));
    expect(inCluster).toContain('cluster c.cleanup_interval: ');
    const deeper = await sendCluster({ ...fixed('c', 1), outlier_detection: {} }, (one) => {
      if (one.outlierDetection !== undefined) one.outlierDetection.interval = time;
    });
    expect(deeper).toContain('cluster c.outlier_detection.interval: ');
    const inListener = await sendListener(listener(), (one) => void (one.listenerFiltersTimeout = time));
    expect(inListener).toContain('listener l.listener_filters_timeout: ');
  });

  test.each<[string, JsonObject, string]>([
    ['headers with a line break', added('x', 'a\r\nb: c'), 'headers_to_add.header.value'],
    ['names with one', added('x\n', 'a'), 'headers_to_add.header.key'],
    ['headers without a name', added('', 'a'), 'headers_to_add.header.key'],
    ['a redirect with one', { match, redirect: { host_redirect: 'a\r\nb: c' } }, 'redirect.host_redirect'],
    [
      'a host with NUL',
      { match, route: { cluster: 'c', host_rewrite_literal: '\0' } },
      'host_rewrite_literal',
    ],
    [
      'a substitution with a line break',
      {
        match,
        route: { cluster: 'c', regex_rewrite: { pattern: { regex: '.*' }, substitution: '\n' } },
      },
      'substitution',
    ],
    ['a status that is none', { match, direct_response: { status: 700 } }, 'direct_response.status'],
  ])('routes to %s', async (_, route, reason) => {
    expect(await sendListener(listener(route))).toContain(reason);
  });

  test.each<[string, JsonObject, string]>([
    [
      'a pattern that is none',
      typed(`${HTTP}.cors.v3.CorsPolicy`, {
        allow_origin_string_match: [{ safe_regex: { regex: '(' } }],
      }),
      'missing closing',
    ],
    [
      'an operator that there is not',
      typed(`${HTTP}.header_mutation.v3.HeaderMutationPerRoute`, {
        mutations: { response_mutations: [{ append: { header: { key: 'x', value: '%NO_SUCH%' } } }] },
      }),
      'NO_SUCH',
    ],
    [
      'a header with a line break',
      typed(`${HTTP}.header_mutation.v3.HeaderMutationPerRoute`, {
        mutations: { request_mutations: [{ append: { header: { key: 'x', value: '\n' } } }] },
      }),
      'header.value',
    ],
    ['settings that it does not have', typed(`${HTTP}.grpc_web.v3.GrpcWeb`), 'GrpcWeb at a route'],
    ['a switch', typed('envoy.config.route.v3.FilterConfig', { disabled: true }), 'FilterConfig at a route'],
  ])('routes that give a filter %s', async (_, settings, reason) => {
    const route = { ...SAYS_OK, typed_per_filter_config: { own: settings } };
    const refusal = await sendListener(listener(route));
    expect(refusal).toContain('typed_per_filter_config[own]');
    expect(refusal).toContain(reason);
  });

  test.each<[string, string, number[]]>([
    ['no message of their type', `type.googleapis.com/${HTTP}.buffer.v3.BufferPerRoute`, [10, 200]],
    ['a message of no known type', 'type.googleapis.com/no.such.Type', []],
    ['no message', '', []],
  ])('routes whose settings are %s', async (_, typeUrl, bytes) => {
    const value = create(AnySchema, { typeUrl, value: Uint8Array.from(bytes) });
    const host = create(VirtualHostSchema, {
      name: 'v',
      domains: ['*'],
      typedPerFilterConfig: { own: value },
    });
    const refusal = await sendListener(listener(SAYS_OK), (one) => {
      const any = one.filterChains[0]?.filters[0]?.configType.value;
      if (any === undefined || !('typeUrl' in any)) throw new Error('no filter');
      const manager = fromBinary(HttpConnectionManagerSchema, any.value);
      manager.routeSpecifier = {
        case: 'routeConfig',
        value: create(RouteConfigurationSchema, { virtualHosts: [host] }),
      };
      any.value = toBinary(HttpConnectionManagerSchema, manager);
    });
    expect(refusal).toContain('typed_per_filter_config[own]');
  });

  test('numbers that stand for nothing', async () => {
    const family = await sendCluster({ name: 'c', type: 'STRICT_DNS' }, (one) => {
      one.dnsLookupFamily = 99 as Cluster['dnsLookupFamily'];
    });
    expect(family).toContain('dns_lookup_family');
    const shares: JsonObject = { common_lb_config: { healthy_panic_threshold: { value: 'NaN' } } };
    expect(await sendCluster({ ...fixed('c', 1), ...shares })).toContain('healthy_panic_threshold');
  });

  test('sockets without a path', async () => {
    expect(await sendListener({ ...listener(), address: { pipe: {} } })).toContain('pipe.path');
    const pipe = { path: '/no/such/folder', mode: 0xffff_ffff };
    expect(await sendListener({ ...listener(), address: { pipe } })).toContain('pipe.mode');
    const place = { lb_endpoints: [{ endpoint: { address: { pipe: {} } } }] };
    const json = { ...fixed('c', 1), load_assignment: { cluster_name: 'c', endpoints: [place] } };
    expect(await sendCluster(json)).toContain('pipe.path');
  });

  test('endpoints by a name that none has', async () => {
    const place = { lb_endpoints: [{ endpoint_name: 'constructor' }] };
    const json = { ...fixed('c', 1), load_assignment: { cluster_name: 'c', endpoints: [place] } };
    expect(await sendCluster(json)).toContain('lb_endpoints[0].endpoint: missing');
  });
});

describe('what is taken is no trouble later', () => {
  test.each<[string, JsonObject]>([
    ['a name that objects have', { name: 'constructor', typed_config: typed(`${HTTP}.cors.v3.Cors`) }],
    ['the settings of another', { name: 'own', typed_config: typed(`${HTTP}.cors.v3.Cors`) }],
  ])('a filter with %s', async (_, filter) => {
    const other = typed(`${HTTP}.buffer.v3.BufferPerRoute`, { disabled: true });
    const route = { ...SAYS_OK, typed_per_filter_config: { own: other } };
    expect(await sendListener(withFilters([filter], [route]))).toBe('');
    await vi.waitFor(async () => {
      const { body } = await proxy.admin('/listeners');
      const answer = await fetch(`http://${body.trim().slice('l::'.length)}/`);
      expect(await answer.text()).toBe('ok');
    });
  });

  test.each<[string, (message: Cluster) => void]>([
    [
      'a number that JSON does not have',
      (one) => void (one.metadata = create(MetadataSchema, { filterMetadata: { a: { n: NaN } } })),
    ],
    [
      'a message of no known type',
      (one) => {
        const message = anyPack(DurationSchema, lasting(1n));
        one.metadata = create(MetadataSchema, {
          typedFilterMetadata: { a: { ...message, typeUrl: 'type.googleapis.com/no.such.Type' } },
        });
      },
    ],
    [
      'a message that cannot be decoded',
      (one) => {
        const message = { ...pack(ClusterSchema, {}), value: Uint8Array.of(10, 200) };
        one.metadata = create(MetadataSchema, { typedFilterMetadata: { a: message } });
      },
    ],
  ])('%s', async (_, change) => {
    expect(await sendCluster(fixed('c', 1), change)).toBe('');
    for (const page of ['/config_dump?include_eds', '/certs', '/clusters?format=json'])
      expect([page, (await proxy.admin(page)).status]).toEqual([page, 200]);
  });
});
