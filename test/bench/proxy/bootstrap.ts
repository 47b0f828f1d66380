/**
 * What both engines are given: the resources that the controller makes for a sidecar among services, as a static
 * bootstrap. The listener takes the place of interception, and every cluster leads to the backend.
 */

import { type JsonValue, create, fromBinary } from '@bufbuild/protobuf';
import { anyIs } from '@bufbuild/protobuf/wkt';
import { translate } from '../../../src/xds/translate.ts';
import { proxyIdentity } from '../../../src/xds/proxy-identity.ts';
import { messageFromJson, messageToJson } from '../../../src/xds/proto/registry.ts';
import type { Cluster } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { type Node, NodeSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Listener } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfiguration } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '../../../src/xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { snapshotOf } from '../../model/snapshot-of.ts';

type Json = Readonly<Record<string, unknown>>;

export interface BenchSetup {
  readonly services: number;
  /** How many of them have rules and subsets of their own; all when it is absent. */
  readonly routed?: number;
  /** Access log, tracing headers. */
  readonly telemetry: boolean;
  /** Endpoints speak HTTP/2. */
  readonly http2?: boolean;
  readonly accessLog?: string;
}

export interface BenchPorts {
  readonly admin: number;
  readonly http: number;
  readonly tcp: number;
  readonly backend: number;
  /** Of a backend of HTTP/2. */
  readonly backend2: number;
}

/** The service that requests are for. */
export const TARGET = 'svc50.shop.svc.cluster.local';

function mesh(services: number, routed: number, http2: boolean): string {
  const parts: string[] = [];
  const port = http2 ? 'http2-web' : 'http-web';
  for (let index = 0; index < services; index++) {
    const ip = `10.96.${Math.floor(index / 250)}.${(index % 250) + 1}`;
    parts.push(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `svc${index}`, namespace: 'shop' },
        spec: {
          clusterIP: ip,
          selector: { app: `svc${index}` },
          ports: [{ name: port, port: 80, targetPort: 8080, protocol: 'TCP' }],
        },
      }),
    );
    if (index >= routed) continue;
    parts.push(
      JSON.stringify({
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: `svc${index}`, namespace: 'shop' },
        spec: {
          hosts: [`svc${index}`],
          http: [
            {
              match: [{ headers: { 'end-user': { exact: 'jason' } } }],
              route: [{ destination: { host: `svc${index}`, subset: 'v2' } }],
            },
            {
              route: [{ destination: { host: `svc${index}`, subset: 'v1' } }],
              retries: { attempts: 3, perTryTimeout: '2s', retryOn: '5xx' },
            },
          ],
        },
      }),
      JSON.stringify({
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata: { name: `svc${index}`, namespace: 'shop' },
        spec: {
          host: `svc${index}`,
          subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })),
        },
      }),
    );
  }
  return parts.join('\n---\n');
}

/** What the controller makes for the sidecar, and the sidecar. */
interface Made {
  readonly node: Node;
  /** With its routes in it. */
  readonly http: HttpConnectionManager;
  readonly route: RouteConfiguration;
  readonly clusters: readonly Cluster[];
}

function made({ services, routed = services, telemetry, http2 = false, accessLog = '' }: BenchSetup): Made {
  const snapshot = snapshotOf(
    mesh(services, routed, http2),
    telemetry
      ? { accessLogFile: accessLog, enableTracing: true, defaultConfig: { tracing: { sampling: 100 } } }
      : {},
  );
  const node = create(NodeSchema, {
    id: 'sidecar~10.40.0.1~app-0.shop~shop.svc.cluster.local',
    cluster: 'app.shop',
    metadata: { LABELS: { app: 'app' }, NAMESPACE: 'shop' },
  });
  const translated = translate(snapshot, proxyIdentity(node));
  const route = translated.routes
    .map(({ message }) => message as RouteConfiguration)
    .find(({ name }) => name === '80');
  const manager = translated.listeners
    .flatMap(({ message }) => (message as Listener).filterChains)
    .flatMap(({ filters }) => filters)
    .map(({ configType }) => (configType.case === 'typedConfig' ? configType.value : undefined))
    .find((any) => any !== undefined && anyIs(any, HttpConnectionManagerSchema));
  if (route === undefined || manager === undefined)
    throw new Error('the controller makes no listener for HTTP');
  const http = fromBinary(HttpConnectionManagerSchema, manager.value);
  http.statPrefix = 'bench';
  const clusters = translated.clusters
    .map(({ message }) => message as Cluster)
    .filter(({ name }) => name.startsWith('outbound|80'));
  return { node, http, route, clusters };
}

/** The bootstrap as Envoy and the builtin engine read it. */
export function benchBootstrap(setup: BenchSetup, ports: BenchPorts): Json {
  const { node, http, route, clusters } = made(setup);
  http.routeSpecifier = { case: 'routeConfig', value: route };
  const backend = setup.http2 === true ? ports.backend2 : ports.backend;
  return bootstrapOf(node, http, ports, [
    ...clusters.map((cluster) => {
      const json = messageToJson(cluster) as Json;
      const { eds_cluster_config: _eds, transport_socket_matches: _tls, type: _type, ...rest } = json;
      return { ...rest, type: 'STATIC', load_assignment: assignment(cluster.name, backend) };
    }),
    { name: 'tcp', type: 'STATIC', load_assignment: assignment('tcp', ports.backend) },
  ]);
}

/** What of it comes from a controller, when the rest is `discoveringBootstrap`. */
export interface BenchResources {
  readonly clusters: readonly Cluster[];
  readonly route: RouteConfiguration;
  endpointsOf(cluster: string): ClusterLoadAssignment;
}

/** A bootstrap whose clusters, endpoints and routes come by the aggregated stream of a controller at `controller`. */
export function discoveringBootstrap(
  setup: BenchSetup,
  ports: BenchPorts,
  controller: number,
): { readonly bootstrap: Json; readonly resources: BenchResources } {
  const { node, http, route, clusters } = made(setup);
  const bootstrap = bootstrapOf(node, http, ports, [
    { name: 'tcp', type: 'STATIC', load_assignment: assignment('tcp', ports.backend) },
    { name: 'xds', type: 'STATIC', load_assignment: assignment('xds', controller) },
  ]);
  const ads = { ads: {}, resource_api_version: 'V3' };
  return {
    bootstrap: {
      ...bootstrap,
      dynamic_resources: {
        cds_config: ads,
        ads_config: {
          api_type: 'DELTA_GRPC',
          transport_api_version: 'V3',
          grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
        },
      },
    },
    resources: {
      clusters,
      route,
      endpointsOf: (name) =>
        messageFromJson(ClusterLoadAssignmentSchema, assignment(name, ports.backend) as JsonValue),
    },
  };
}

/** `clusters` in JSON. */
function bootstrapOf(
  node: Node,
  http: HttpConnectionManager,
  ports: BenchPorts,
  clusters: readonly Json[],
): Json {
  return {
    node: messageToJson(node),
    admin: { address: address(ports.admin) },
    static_resources: {
      listeners: [
        listener('bench', ports.http, {
          '@type': `type.googleapis.com/${HttpConnectionManagerSchema.typeName}`,
          ...(messageToJson(http) as Json),
        }),
        listener('bench-tcp', ports.tcp, {
          '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
          stat_prefix: 'tcp',
          cluster: 'tcp',
        }),
      ],
      clusters,
    },
  };
}

function listener(name: string, port: number, filter: Json): Json {
  return { name, address: address(port), filter_chains: [{ filters: [{ name, typed_config: filter }] }] };
}

function address(port: number): Json {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function assignment(name: string, port: number): Json {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] };
}
