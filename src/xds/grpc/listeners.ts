/**
 * What gRPC applications without a proxy resolve: a listener of the API's form for each `host:port` that they
 * may call, and its routes. They ask for them by name, as `xds:///web.shop:80`.
 */

import type { MeshService, MeshServicePort } from '../../model/services.ts';
import type { EgressListener } from '../../model/sidecar-scopes.ts';
import { isHttp } from '../../base/protocol.ts';
import { FAULT_FILTER } from '../http-filters/fault.ts';
import type { Input } from '../input.ts';
import type { ListenerInit } from '../listeners/chains.ts';
import { outboundCluster } from '../names.ts';
import { HTTPFaultSchema } from '../proto/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { RouterSchema } from '../proto/generated/envoy/extensions/filters/http/router/v3/router_pb.js';
import { HttpConnectionManagerSchema } from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { pack } from '../proto/registry.ts';
import type { RouteConfiguration } from '../proto/generated/envoy/config/route/v3/route_pb.js';
import { serviceDomains } from '../routes/domains.ts';
import { routesOfService } from '../routes/sidecar.ts';
import { FROM_ADS } from '../values.ts';
import { grpcRoutes } from './routes.ts';

export interface GrpcResources {
  readonly listeners: readonly ListenerInit[];
  readonly routes: readonly RouteConfiguration[];
}

/** The listeners under all names of each service, and one route configuration for each of its ports. */
export function grpcListeners(input: Input): GrpcResources {
  const listeners = new Map<string, ListenerInit>();
  const routes = new Map<string, RouteConfiguration>();
  for (const egress of input.scope.egress) {
    for (const service of egress.services) {
      if (service.externalName !== undefined) continue;
      for (const port of service.ports) {
        // A port whose protocol nobody tells may well speak gRPC.
        if (port.speaks !== undefined && !isHttp(port.speaks)) continue;
        addPort(service, port, egress, input, listeners, routes);
      }
    }
  }
  return { listeners: [...listeners.values()], routes: [...routes.values()] };
}

function addPort(
  service: MeshService,
  port: MeshServicePort,
  egress: EgressListener,
  input: Input,
  listeners: Map<string, ListenerInit>,
  routes: Map<string, RouteConfiguration>,
): void {
  const routeName = outboundCluster(port.number, undefined, service.hostname);
  if (routes.has(routeName)) return;
  routes.set(routeName, grpcRoutes(routesOfService(routeName, { service, port }, egress, input), input));
  for (const host of serviceDomains(service, [], input).all) {
    const name = `${host}:${port.number}`;
    if (!host.includes('*') && !listeners.has(name)) listeners.set(name, apiListener(name, routeName));
  }
}

function apiListener(name: string, routeName: string): ListenerInit {
  const filter = (filterName: string, value: ReturnType<typeof pack>) => ({
    name: filterName,
    configType: { case: 'typedConfig' as const, value },
  });
  return {
    name,
    apiListener: {
      apiListener: pack(HttpConnectionManagerSchema, {
        routeSpecifier: { case: 'rds', value: { configSource: FROM_ADS, routeConfigName: routeName } },
        httpFilters: [
          filter(FAULT_FILTER, pack(HTTPFaultSchema, {})),
          filter('envoy.filters.http.router', pack(RouterSchema, {})),
        ],
      }),
    },
  };
}
