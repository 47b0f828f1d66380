/** The filter that makes requests of bytes: HTTP settings, and the filters that each request passes. */

import type { Any } from '@bufbuild/protobuf/wkt';
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
  HttpConnectionManager_ForwardClientCertDetails as ClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
} from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { UuidRequestIdConfigSchema } from '../proto/generated/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import { pack } from '../proto/registry.ts';
import type { RouteConfigurationInit } from '../routes/configuration.ts';
import { FROM_ADS, type Init, ZERO } from '../values.ts';
import { CORS_FILTER } from './cors.ts';
import { FAULT_FILTER } from './fault.ts';
import { tracing } from './tracing.ts';
import { accessLogs } from '../listeners/access-log.ts';

type Manager = Init<typeof HttpConnectionManagerSchema>;
type HttpFilter = Init<typeof HttpFilterSchema>;

/** Which way requests go: out of a workload, into it, or through a gateway. */
export type TrafficClass = 'outbound' | 'inbound' | 'gateway';

export interface ManagerOptions {
  readonly statPrefix: string;
  readonly trafficClass: TrafficClass;
  /** A configuration of its own, or the name of one that is served. */
  readonly routes: RouteConfigurationInit | string;
  /** Browsers speak gRPC-Web to it. */
  readonly grpcWeb?: boolean;
}

/** The name that proxies give themselves in answers. */
const SERVER_NAME = 'istio-envoy';

/** The network filter for a chain that carries HTTP. */
export function connectionManager(options: ManagerOptions, input: Input): Init<typeof FilterSchema> {
  const traced = tracing(input);
  const config: Manager = {
    statPrefix: options.statPrefix,
    routeSpecifier:
      typeof options.routes === 'string'
        ? { case: 'rds', value: { configSource: FROM_ADS, routeConfigName: options.routes } }
        : { case: 'routeConfig', value: options.routes },
    httpFilters: httpFilters(options),
    accessLog: accessLogs(input),
    ...(traced === undefined ? {} : { tracing: traced }),
    streamIdleTimeout: ZERO,
    proxy100Continue: true,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    ...normalization(input),
    ...clientDetails(options.trafficClass, input),
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

/** What the workload behind is told of the caller, and the caller of the proxy. */
function clientDetails(trafficClass: TrafficClass, { snapshot }: Input): Partial<Manager> {
  switch (trafficClass) {
    case 'outbound':
      return { useRemoteAddress: false };
    case 'inbound':
      return {
        useRemoteAddress: false,
        serverName: SERVER_NAME,
        forwardClientCertDetails: ClientCertDetails.APPEND_FORWARD,
        setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
      };
    default:
      return {
        useRemoteAddress: true,
        xffNumTrustedHops: snapshot.mesh.config.defaultConfig?.gatewayTopology?.numTrustedProxies ?? 0,
        serverName: SERVER_NAME,
        forwardClientCertDetails: ClientCertDetails.SANITIZE_SET,
        setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true },
        httpProtocolOptions: {},
      };
  }
}

function filter(name: string, config: Any): HttpFilter {
  return { name, configType: { case: 'typedConfig', value: config } };
}

/** Routes can only give settings to filters that stand here; the router has to be the last. */
function httpFilters({ grpcWeb }: ManagerOptions): HttpFilter[] {
  return [
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
    filter('envoy.filters.http.router', pack(RouterSchema, {})),
  ];
}
