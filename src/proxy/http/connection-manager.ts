/**
 * The network filter for HTTP: compiles Envoy's HttpConnectionManager, and takes connections over.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/http_conn_man
 */

import type { StatsScope } from '../stats/stats.ts';
import type { AccessLogger } from '../stream-info.ts';
import { requestMetrics } from '../telemetry/istio/request-metrics.ts';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  type HttpFilter as HttpFilterConfig,
} from '../../xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RouterSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/router/v3/router_pb.js';
import { type TakenOut, takeOut } from '../../xds/proto/wire-fields.ts';
import { InvalidConfigError, refuseFields, typeNameOf, unpacked } from '../config-error.ts';
import type { CompiledFilter, FilterContext, FilterKind } from '../http-filters/filter.ts';
import type { TerminalFilter } from '../listeners/connection.ts';
import { discoveredFilter } from './discovered-filter.ts';
import type {
  ExtensionConfigs,
  NetworkFilterContext,
  NetworkFilterKind,
  RouteHandle,
} from '../listeners/network-filter.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { withoutTypedStruct } from '../typed-struct.ts';
import { Downstream, codecOptions } from './downstream.ts';
import { Manager, type RouterSettings } from './manager.ts';
import { compileLocalReplies } from './local-reply-config.ts';
import { type ManagerSettings, managerSettings } from './settings.ts';
import { type Tracing, compileTracing } from '../telemetry/tracing/tracing.ts';

const OWNER = 'http_connection_manager';

/** Numbers of fields in `http_connection_manager.proto` and `envoy/config/route/v3/route.proto`. */
const ROUTE_CONFIG = 4;
const VIRTUAL_HOSTS = 2;

/** `filters`: the kinds of HTTP filters that there are, but for the router. */
export function connectionManagerKind(
  filters: readonly FilterKind[],
  healthCheckFailed: () => boolean,
): NetworkFilterKind {
  const kinds = new Map(filters.map((kind) => [kind.typeName, kind]));
  return {
    kind: 'terminal',
    typeName: HttpConnectionManagerSchema.typeName,
    compile: (settings, context) => compile(settings, context, kinds, healthCheckFailed),
  };
}

function compile(
  any: Any,
  context: NetworkFilterContext,
  kinds: ReadonlyMap<string, FilterKind>,
  healthCheckFailed: () => boolean,
): TerminalFilter {
  const { config, virtualHosts } = decoded(any);
  const stats = context.stats.scope(`http.${config.statPrefix}.`);
  try {
    return compileWith(stats, config, virtualHosts, context, kinds, healthCheckFailed);
  } catch (error) {
    stats.release();
    throw error;
  }
}

function compileWith(
  stats: StatsScope,
  config: HttpConnectionManager,
  virtualHosts: readonly Uint8Array[],
  context: NetworkFilterContext,
  kinds: ReadonlyMap<string, FilterKind>,
  healthCheckFailed: () => boolean,
): TerminalFilter {
  const settings = managerSettings(config);
  const { filters, warm, router } = compileFilters(
    config,
    kinds,
    filterContext(stats, context, healthCheckFailed),
    context.extensions,
  );
  const routes = routesOf(config, virtualHosts, context);
  const manager = new Manager({
    settings,
    context,
    stats,
    routes,
    filters,
    router,
    tracing: tracingOf(config, settings, router, context, stats),
    localReplies:
      config.localReplyConfig === undefined
        ? undefined
        : compileLocalReplies(config.localReplyConfig, context.random),
    accessLog: both(
      context.accessLogs(config.accessLog),
      requestMetrics(context.stats, context.node, context.listener.direction),
    ),
  });
  const options = codecOptions(manager);
  return {
    onConnection(connection) {
      // It lives as long as its socket.
      void new Downstream(manager, connection, options);
    },
    warm: Promise.all([routes.warm, ...warm]).then(() => undefined),
    close(drained) {
      routes.release();
      manager.tracing?.close();
      manager.close();
      for (const filter of filters) filter.close?.();
      if (drained > 0) setTimeout(() => stats.release(), drained).unref();
      else stats.release();
    },
  };
}

function filterContext(
  stats: StatsScope,
  context: NetworkFilterContext,
  healthCheckFailed: () => boolean,
): FilterContext {
  return {
    stats,
    allStats: context.stats,
    clusters: context.clusters,
    healthCheckFailed,
    listener: context.listener,
    node: context.node,
    random: context.random,
  };
}

function tracingOf(
  { tracing }: HttpConnectionManager,
  settings: ManagerSettings,
  { startsChildSpan: spawns }: RouterSettings,
  context: NetworkFilterContext,
  managerStats: StatsScope,
): Tracing | undefined {
  if (tracing === undefined) return undefined;
  return compileTracing(tracing, {
    clusters: context.clusters,
    stats: context.stats,
    managerStats,
    direction: context.listener.direction,
    node: context.node,
    packsReason: settings.packTraceReason,
    usesRequestId: settings.useRequestIdForSampling,
    spawns,
    random: context.random,
  });
}

/** The virtual hosts of its routes stay as they are. */
function decoded(any: Any): {
  readonly config: HttpConnectionManager;
  readonly virtualHosts: readonly Uint8Array[];
} {
  let parts: TakenOut;
  try {
    parts = takeOut(any.value, ROUTE_CONFIG, VIRTUAL_HOSTS);
  } catch (error) {
    throw new InvalidConfigError(OWNER, (error as Error).message);
  }
  const config = unpacked(OWNER, { ...any, value: parts.rest }, HttpConnectionManagerSchema);
  return { config, virtualHosts: parts.taken };
}

function routesOf(
  config: HttpConnectionManager,
  virtualHosts: readonly Uint8Array[],
  context: NetworkFilterContext,
): RouteHandle {
  const { routeSpecifier } = config;
  switch (routeSpecifier.case) {
    case 'rds': {
      const { configSource, routeConfigName } = routeSpecifier.value;
      if (configSource === undefined)
        throw new InvalidConfigError(`${OWNER}.rds.config_source`, 'it is missing');
      return context.routes.subscribe(routeConfigName, configSource, config.statPrefix);
    }
    case 'routeConfig':
      return context.routes.inline({ config: routeSpecifier.value, virtualHosts });
    case undefined:
      throw new InvalidConfigError(`${OWNER}.route_specifier`, 'it is missing');
    default:
      throw new UnsupportedError(`${OWNER}.${routeSpecifier.case}`);
  }
}

interface CompiledFilters {
  readonly filters: readonly CompiledFilter[];
  /** Each resolves when settings that come by discovery are there. */
  readonly warm: readonly Promise<void>[];
  readonly router: RouterSettings;
}

function compileFilter(
  name: string,
  settings: Any | undefined,
  kinds: ReadonlyMap<string, FilterKind>,
  context: FilterContext,
): CompiledFilter {
  const kind = kinds.get(typeNameOf(settings));
  if (kind === undefined || settings === undefined) {
    throw new UnsupportedError(`HTTP filter ${name} of type ${typeNameOf(settings)}`);
  }
  return kind.compile(name, settings, context);
}

function compileFilters(
  { httpFilters }: HttpConnectionManager,
  kinds: ReadonlyMap<string, FilterKind>,
  context: FilterContext,
  extensions: ExtensionConfigs | undefined,
): CompiledFilters {
  const last = httpFilters.at(-1);
  if (last === undefined || typeNameOf(settingsOf(last)) !== RouterSchema.typeName) {
    throw new InvalidConfigError(`${OWNER}.http_filters`, 'the last one has to be the router');
  }
  const filters: CompiledFilter[] = [];
  const warm: Promise<void>[] = [];
  for (const filter of httpFilters.slice(0, -1)) {
    if (filter.disabled) throw new UnsupportedError(`${OWNER}.http_filters[${filter.name}].disabled`);
    if (filter.configType.case === 'configDiscovery') {
      const discovered = discoveredFilter(filter.name, filter.configType.value, extensions, (settings) =>
        compileFilter(filter.name, settings, kinds, context),
      );
      filters.push(discovered);
      warm.push(discovered.warm);
      continue;
    }
    const settings = settingsOf(filter);
    if (filter.isOptional && !kinds.has(typeNameOf(settings))) continue;
    filters.push(compileFilter(filter.name, settings, kinds, context));
  }
  return { filters, warm, router: routerSettings(settingsOf(last)) };
}

function settingsOf({ configType }: HttpFilterConfig): Any | undefined {
  return configType.case === 'typedConfig' ? withoutTypedStruct(configType.value) : undefined;
}

function routerSettings(any: Any | undefined): RouterSettings {
  const config = unpacked('router', any, RouterSchema);
  const others = config.upstreamHttpFilters.filter(
    ({ name }) => name !== 'envoy.filters.http.upstream_codec',
  );
  refuseFields('router', {
    upstream_log: config.upstreamLog.length > 0,
    strict_check_headers: config.strictCheckHeaders.length > 0,
    upstream_http_filters: others.length > 0,
  });
  return {
    suppressHeaders: config.suppressEnvoyHeaders,
    respectExpectedTimeout: config.respectExpectedRqTimeout,
    startsChildSpan: config.startChildSpan,
  };
}

/** Each is told of requests that are over. */
function both(log: AccessLogger | undefined, metrics: AccessLogger | undefined): AccessLogger | undefined {
  if (log === undefined || metrics === undefined) return log ?? metrics;
  return (info) => {
    metrics(info);
    log(info);
  };
}
