/** Routes in the form that gRPC applications without a proxy take. */

import { clone, create } from '@bufbuild/protobuf';
import { FAULT_FILTER } from '../http-filters/fault.ts';
import type { Input } from '../input.ts';
import type { ConfigReference } from '../problem.ts';
import {
  type Route,
  type RouteAction,
  RouteActionSchema,
  RouteAction_MaxStreamDurationSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../proto/generated/envoy/config/route/v3/route_pb.js';
import { HTTPFaultSchema } from '../proto/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { pack } from '../proto/registry.ts';
import { wholePercent } from '../routes/percent.ts';
import type { RouteConfigurationInit } from '../routes/configuration.ts';

/** Every call fails with UNIMPLEMENTED. https://grpc.io/docs/guides/status-codes/ */
const REFUSAL = pack(HTTPFaultSchema, {
  abort: { errorType: { case: 'grpcStatus', value: 12 }, percentage: wholePercent(100) },
});

/** The routes without what such applications would refuse; reports what is lost by that. */
export function grpcRoutes(init: RouteConfigurationInit, input: Input): RouteConfiguration {
  const routes = clone(RouteConfigurationSchema, create(RouteConfigurationSchema, init));
  for (const host of routes.virtualHosts) {
    // The configuration bears the name of the cluster that it is for.
    for (const route of host.routes) adapt(route, routes.name, input);
  }
  return routes;
}

function adapt(route: Route, cluster: string, input: Input): void {
  keepFault(route);
  const lost: string[] = [];
  if (route.action.case === 'route') {
    lost.push(...lostOf(route, route.action.value));
    adaptAction(route.action.value);
  } else {
    lost.push(route.action.case ?? 'its action');
    // Applications know no action but sending calls on; one that they may not know has made clients break down.
    const value = create(RouteActionSchema, { clusterSpecifier: { case: 'cluster', value: cluster } });
    route.action = { case: 'route', value };
    route.typedPerFilterConfig = { [FAULT_FILTER]: REFUSAL };
  }
  const owner = ownerOf(route);
  if (lost.length > 0 && owner !== undefined) {
    input.report(owner, `Not in force in gRPC applications without a proxy: ${lost.join(', ')}.`);
  }
}

/** The time limit of a call stands in another field. */
function adaptAction(action: RouteAction): void {
  const { timeout, clusterSpecifier } = action;
  if (timeout !== undefined && (timeout.seconds > 0n || timeout.nanos > 0)) {
    action.maxStreamDuration = create(RouteAction_MaxStreamDurationSchema, { maxStreamDuration: timeout });
  }
  if (clusterSpecifier.case === 'weightedClusters') clusterSpecifier.value.clusters.forEach(keepFault);
}

/** Settings of filters that the application does not have make it refuse the whole. */
function keepFault(holder: Pick<Route, 'typedPerFilterConfig'>): void {
  const fault = holder.typedPerFilterConfig[FAULT_FILTER];
  holder.typedPerFilterConfig = fault === undefined ? {} : { [FAULT_FILTER]: fault };
}

function lostOf(route: Route, action: RouteAction): readonly string[] {
  const changesHeaders = [
    route.requestHeadersToAdd,
    route.requestHeadersToRemove,
    route.responseHeadersToAdd,
    route.responseHeadersToRemove,
  ].some((list) => list.length > 0);
  return [
    ...(changesHeaders ? ['headers'] : []),
    ...(action.requestMirrorPolicies.length > 0 ? ['mirror'] : []),
    ...(action.prefixRewrite !== '' || action.regexRewrite !== undefined ? ['rewrite'] : []),
  ];
}

/** The VirtualService that a route comes from, which its metadata names by its path in the API. */
function ownerOf({ metadata }: Route): ConfigReference | undefined {
  const path = metadata?.filterMetadata['istio']?.['config'];
  if (typeof path !== 'string') return undefined;
  const [name = '', kind, namespace = ''] = path.split('/').toReversed();
  return kind === 'virtual-service' ? { kind: 'VirtualService', namespace, name } : undefined;
}
