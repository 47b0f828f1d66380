/** From what the matcher says to the answer that people read. */

import type { Message } from '@bufbuild/protobuf';
import { originOfRule } from '../../model/rule-origins.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { HeaderEdit, HeaderEdits } from '../../proxy/route/headers.ts';
import type { Faults } from '../../proxy/route/faults.ts';
import type { Outcome, Refusal, RouteResult } from '../../proxy/route/route-table.ts';
import type { RouteRequest } from '../../proxy/route/request.ts';
import { BLACK_HOLE_CLUSTER } from '../../xds/names.ts';
import type { Cluster } from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { ClusterLoadAssignment } from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import type { RouteConfiguration } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import type { Route } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { originOfMatch } from '../../xds/routes/origins.ts';
import type { Translated } from '../../xds/translation-memo.ts';
import {
  type AnswerDestination,
  type AnswerHeader,
  type RefusedRule,
  type RouteAnswer,
  type RulePlace,
  durationText,
} from './answer.ts';

export type OutcomePart = Omit<RouteAnswer, 'proxy' | 'port' | 'request' | 'listener'>;

/** What answers are made with. */
export interface OutcomeContext {
  readonly snapshot: Snapshot;
  readonly translated: Translated;
  /** What the request was asked of. */
  readonly routes: RouteConfiguration;
}

/** Where the rule behind a route was written; undefined for routes that no VirtualService asks for. */
function rulePlace(route: Route, snapshot: Snapshot): RulePlace | undefined {
  const made = originOfMatch(route.match);
  const origin = made === undefined ? undefined : originOfRule(made.rule);
  if (made === undefined || origin === undefined) return undefined;
  const { object, path, ownMatches } = origin;
  const index = made.match === undefined ? -1 : (made.rule.match ?? []).indexOf(made.match);
  const { line } = object.source.locate(index >= 0 && ownMatches ? [...path, 'match', index] : path);
  return {
    object: `VirtualService ${snapshot.namespaceOf(object)}/${object.meta.name}`,
    file: object.source.file,
    line,
    ...(route.name !== '' && { name: route.name }),
  };
}

function refusedRules(refusals: readonly Refusal[], context: OutcomeContext): readonly RefusedRule[] {
  return refusals.map((refusal) => ({
    rule: placeOf(refusal, context) ?? `route ${routeAt(refusal, context)?.name ?? ''}`,
    condition: refusal.condition,
  }));
}

/** Names of virtual hosts are unique in a configuration. */
function routeAt(
  { virtualHost, index }: Pick<Refusal, 'virtualHost' | 'index'>,
  { routes }: OutcomeContext,
): Route | undefined {
  return routes.virtualHosts.find(({ name }) => name === virtualHost.name)?.routes[index];
}

function placeOf(at: Pick<Refusal, 'virtualHost' | 'index'>, context: OutcomeContext): RulePlace | undefined {
  const route = routeAt(at, context);
  return route === undefined ? undefined : rulePlace(route, context.snapshot);
}

export function outcomePart(
  result: RouteResult,
  refusals: readonly Refusal[],
  request: RouteRequest,
  context: OutcomeContext,
): OutcomePart {
  const refused = refusedRules(refusals, context);
  switch (result.kind) {
    case 'no-host':
      return { routed: false, result: 'none', reason: `no host fits ${request.authority}`, refused };
    case 'no-route':
      return {
        routed: false,
        result: 'none',
        reason: result.virtualHost.hasRoutes
          ? 'no rule takes the request: the answer is 404'
          : 'no VirtualService has routes for this gateway and host: the answer is 404',
        virtualHost: result.virtualHost.name,
        refused,
      };
    case 'tls-required':
      return {
        routed: true,
        result: 'redirect',
        virtualHost: result.virtualHost.name,
        redirect: { status: 301, location: result.location },
        refused: [],
      };
    case 'route': {
      const rule = placeOf(result, context);
      return {
        ...outcome(result.outcome, request, context),
        virtualHost: result.virtualHost.name,
        ...(rule === undefined ? { route: result.route.name } : { rule }),
        // The name of the fallback says it: nobody declared the host, and that is refused.
        ...(result.route.name === 'block_all' && {
          routed: false,
          reason: `nothing declares ${request.authority}, and outbound traffic to hosts unknown is refused`,
        }),
        refused,
      };
    }
  }
}

type Ended = Omit<OutcomePart, 'refused'>;

function outcome(outcome: Outcome, request: RouteRequest, context: OutcomeContext): Ended {
  switch (outcome.kind) {
    case 'no-cluster':
      return { routed: false, result: 'none', reason: 'the header that names the cluster is missing' };
    case 'redirect':
      return {
        routed: true,
        result: 'redirect',
        redirect: { status: outcome.status, location: outcome.location },
        ...headers(outcome.edits),
      };
    case 'direct': {
      const body =
        typeof outcome.body === 'string' ? outcome.body : Buffer.from(outcome.body).toString('base64');
      return {
        routed: true,
        result: 'response',
        response: { status: outcome.status, ...(body !== '' && { body }) },
        ...headers(outcome.edits),
        ...faults(outcome.faults),
      };
    }
    case 'forward': {
      const destinations = destinationsOf(outcome.destinations, context.translated);
      const { retries, mirrors, timeout, path, authority } = outcome;
      const rewrite = {
        ...(path !== request.path && { path }),
        ...(authority !== undefined && authority !== request.authority && { authority }),
      };
      return {
        ...forwarded(destinations),
        ...(Object.keys(rewrite).length > 0 && { rewrite }),
        ...(timeout > 0 && { timeout: durationText(timeout) }),
        ...(retries !== undefined && {
          retries: {
            attempts: retries.count,
            on: [...retries.on, ...retries.statusCodes].join(','),
            ...(retries.perTryTimeout !== undefined && {
              perTryTimeout: durationText(retries.perTryTimeout),
            }),
          },
        }),
        ...(mirrors.length > 0 && {
          mirrors: mirrors.map(({ cluster, percent }) => ({ host: clusterParts(cluster).host, percent })),
        }),
        ...headers(outcome.edits),
        ...faults(outcome.faults),
      };
    }
  }
}

/** Whether a request gets anywhere that is sent to these. */
export function forwarded(
  destinations: readonly AnswerDestination[],
): Pick<OutcomePart, 'routed' | 'result' | 'reason' | 'destinations'> {
  const missing = destinations.filter((one) => one.missing === true && one.percent > 0);
  const [first] = missing;
  // None at all is nowhere, too.
  const closed = destinations.every(({ cluster }) => cluster === BLACK_HOLE_CLUSTER);
  if (closed)
    return { routed: false, result: 'none', reason: 'connections are closed: nothing may go there' };
  return {
    routed: first === undefined,
    result: 'forward',
    ...(first !== undefined && {
      reason:
        first.subset === undefined
          ? `no service ${first.host} with port ${first.port ?? 0} is known to the proxy: the answer is 503`
          : `no DestinationRule defines the subset ${first.subset} of ${first.host}: the answer is 503`,
    }),
    destinations,
  };
}

export function destinationsOf(
  clusters: readonly { readonly cluster: string; readonly weight: number }[],
  translated: Translated,
): readonly AnswerDestination[] {
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  return clusters.map(({ cluster, weight }) => {
    const known = find<Cluster>(translated.clusters, cluster);
    const assignment = find<ClusterLoadAssignment>(translated.endpoints, cluster) ?? known?.loadAssignment;
    return {
      ...clusterParts(cluster),
      percent: total === 0 ? 0 : Math.round((weight * 10_000) / total) / 100,
      cluster,
      endpoints: assignment === undefined ? [] : endpointsOf(assignment),
      ...(known === undefined && { missing: true as const }),
    };
  });
}

function find<Kind extends Message>(
  list: readonly { readonly name: string; readonly message: Message }[],
  name: string,
): Kind | undefined {
  return list.find((one) => one.name === name)?.message as Kind | undefined;
}

function endpointsOf({ endpoints }: ClusterLoadAssignment): readonly string[] {
  return endpoints.flatMap(({ lbEndpoints }) =>
    lbEndpoints.flatMap(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      if (address?.case === 'pipe') return [address.value.path];
      if (address?.case !== 'socketAddress') return [];
      const { address: host, portSpecifier } = address.value;
      const shown = host.includes(':') ? `[${host}]` : host;
      return [portSpecifier.case === 'portValue' ? `${shown}:${portSpecifier.value}` : shown];
    }),
  );
}

/** `outbound|80|v1|web.shop.svc.cluster.local` in parts. */
function clusterParts(cluster: string): Pick<AnswerDestination, 'host' | 'port' | 'subset'> {
  const [direction, port, subset = '', ...host] = cluster.split('|');
  if (direction !== 'outbound' || host.length === 0) return { host: cluster };
  return { host: host.join('|'), port: Number(port), ...(subset !== '' && { subset }) };
}

function headers({ request, response }: HeaderEdits): Pick<RouteAnswer, 'headers'> {
  if (request.length === 0 && response.length === 0) return {};
  return {
    headers: {
      ...(request.length > 0 && { request: request.flat().map(header) }),
      ...(response.length > 0 && { response: response.flat().map(header) }),
    },
  };
}

function header({ action, name, value }: HeaderEdit): AnswerHeader {
  return { action, name, ...(action !== 'remove' && { value }) };
}

function faults(found: Faults | undefined): Pick<RouteAnswer, 'faults'> {
  if (found === undefined) return {};
  const { delay, abort } = found;
  return {
    faults: {
      ...(delay !== undefined && {
        delay: { duration: durationText(delay.milliseconds), percent: delay.percent },
      }),
      ...(abort !== undefined && {
        abort: { status: abort.status, ...(abort.grpc && { grpc: true as const }), percent: abort.percent },
      }),
    },
  };
}
