/** The filter that makes requests of bytes: HTTP settings, and the filters that each request passes. */

import type { Any } from '@bufbuild/protobuf/wkt';
import { type DnsCache, looksUpUnknown, unknownCache } from '../dynamic-dns.ts';
import type { Input } from '../input.ts';
import type { FilterSchema } from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { CorsSchema } from '../proto/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { HTTPFaultSchema } from '../proto/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { FilterConfigSchema as GrpcStatsSchema } from '../proto/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { GrpcWebSchema } from '../proto/generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js';
import { RouterSchema } from '../proto/generated/envoy/extensions/filters/http/router/v3/router_pb.js';
import {
  HttpConnectionManagerSchema,
  type HttpFilterSchema,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
} from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { UuidRequestIdConfigSchema } from '../proto/generated/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import { pack } from '../proto/registry.ts';
import type { RouteConfigurationInit } from '../routes/configuration.ts';
import { FROM_ADS, type Init, ZERO } from '../values.ts';
import { CORS_FILTER } from './cors.ts';
import { DYNAMIC_FILTER, dynamicFilter } from './dynamic-dns.ts';
import { FAULT_FILTER } from './fault.ts';
import { PEER_METADATA_FILTER, peerMetadata } from './peer-metadata.ts';
import { type TrafficClass, hidesEnvoy, identifyingHeaders } from './proxy-headers.ts';
import { tracing } from './tracing.ts';
import { accessLogs } from '../listeners/access-log.ts';

type Manager = Init<typeof HttpConnectionManagerSchema>;
type HttpFilter = Init<typeof HttpFilterSchema>;

export interface ManagerOptions {
  readonly statPrefix: string;
  readonly trafficClass: TrafficClass;
  /** A configuration of its own, or the name of one that is served. */
  readonly routes: RouteConfigurationInit | string;
  /** Browsers speak gRPC-Web to it. */
  readonly grpcWeb?: boolean;
  /** Where hosts of its requests are looked up. */
  readonly caches?: readonly DnsCache[];
}

/** The network filter for a chain that carries HTTP. */
export function connectionManager(options: ManagerOptions, input: Input): Init<typeof FilterSchema> {
  const traced = tracing(input);
  const config: Manager = {
    statPrefix: options.statPrefix,
    routeSpecifier:
      typeof options.routes === 'string'
        ? { case: 'rds', value: { configSource: FROM_ADS, routeConfigName: options.routes } }
        : { case: 'routeConfig', value: options.routes },
    httpFilters: httpFilters(options, input),
    accessLog: accessLogs(input),
    ...(traced === undefined ? {} : { tracing: traced }),
    streamIdleTimeout: ZERO,
    proxy100Continue: true,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    ...normalization(input),
    ...identifyingHeaders(options.trafficClass, input),
    requestIdExtension: {
      typedConfig: pack(UuidRequestIdConfigSchema, { useRequestIdForTraceSampling: true }),
    },
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: pack(HttpConnectionManagerSchema, config) },
  };
}

/** MeshConfig.pathNormalization: what is done to paths before they are matched. */
function normalization({
  snapshot,
}: Input): Pick<Manager, 'normalizePath' | 'mergeSlashes' | 'pathWithEscapedSlashesAction'> {
  const how = snapshot.mesh.config.pathNormalization?.normalization;
  const unescape = how === 'DECODE_AND_MERGE_SLASHES';
  return {
    normalizePath: how !== 'NONE',
    mergeSlashes: how === 'MERGE_SLASHES' || unescape,
    pathWithEscapedSlashesAction: unescape
      ? EscapedSlashes.UNESCAPE_AND_FORWARD
      : EscapedSlashes.KEEP_UNCHANGED,
  };
}

function filter(name: string, config: Any): HttpFilter {
  return { name, configType: { case: 'typedConfig', value: config } };
}

/** Routes can only give settings to filters that stand here; the router has to be the last. */
function httpFilters({ grpcWeb, trafficClass, caches = [] }: ManagerOptions, input: Input): HttpFilter[] {
  const looksUp = trafficClass === 'outbound' && looksUpUnknown(input);
  return [
    ...(input.proxy.tellsPeers ? [filter(PEER_METADATA_FILTER, peerMetadata(trafficClass, input))] : []),
    ...(grpcWeb === true ? [filter('envoy.filters.http.grpc_web', pack(GrpcWebSchema, {}))] : []),
    filter(
      'envoy.filters.http.grpc_stats',
      pack(GrpcStatsSchema, {
        emitFilterState: true,
        perMethodStatSpecifier: { case: 'statsForAllMethods', value: { value: false } },
      }),
    ),
    filter(FAULT_FILTER, pack(HTTPFaultSchema, {})),
    filter(CORS_FILTER, pack(CorsSchema, {})),
    ...[...caches, ...(looksUp ? [unknownCache(input)] : [])].map((cache) =>
      filter(DYNAMIC_FILTER, dynamicFilter(cache)),
    ),
    filter(
      'envoy.filters.http.router',
      pack(RouterSchema, hidesEnvoy(input) ? { suppressEnvoyHeaders: true } : {}),
    ),
  ];
}
