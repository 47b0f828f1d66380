/** How a request is sent on: destination, deadline, tries, copies. */

import type { Duration } from '@bufbuild/protobuf/wkt';
import type {
  RetryPolicy,
  RouteAction,
  RouteAction_RequestMirrorPolicy,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { type HeaderEdits, editsOf } from './headers.ts';
import { type HostRewrite, compileHostRewrite } from './rewrite.ts';
import { type RouteRequest, headerValue } from './request.ts';
import { percentOf, weighted } from './share.ts';
import { UnsupportedError } from './unsupported.ts';

/** One of the clusters that requests are spread over. */
export interface WeightedDestination {
  readonly cluster: string;
  readonly weight: number;
  readonly edits: HeaderEdits | undefined;
  readonly host: HostRewrite | undefined;
}

export interface Retries {
  /** Tries after the first. */
  readonly count: number;
  readonly on: readonly string[];
  readonly statusCodes: readonly number[];
  /** In milliseconds; undefined for that of the route. */
  readonly perTryTimeout: number | undefined;
}

export interface Mirror {
  readonly cluster: string;
  /** From 0 to 100. */
  readonly percent: number;
}

export interface Forwarding {
  /** All that the request could be sent to. */
  readonly destinations: readonly WeightedDestination[];
  readonly host: HostRewrite;
  /** In milliseconds; 0 for none. */
  readonly timeout: number;
  readonly retries: Retries | undefined;
  readonly mirrors: readonly Mirror[];
  /** The one for this request; undefined when a header had to name it and does not. */
  choose(request: RouteRequest): WeightedDestination | undefined;
}

/** Envoy's own, for routes that say nothing. */
const DEFAULT_TIMEOUT = 15_000;

export interface Inherited {
  readonly retries: RetryPolicy | undefined;
  readonly mirrors: readonly RouteAction_RequestMirrorPolicy[];
}

export function compileForwarding(action: RouteAction, inherited: Inherited): Forwarding {
  const own = action.requestMirrorPolicies;
  const retries = action.retryPolicy ?? inherited.retries;
  return {
    ...compileDestinations(action),
    host: compileHostRewrite(action),
    timeout: action.timeout === undefined ? DEFAULT_TIMEOUT : milliseconds(action.timeout),
    retries: retries === undefined ? undefined : retriesOf(retries),
    mirrors: (own.length > 0 ? own : inherited.mirrors).map(mirrorOf),
  };
}

function compileDestinations(action: RouteAction): Pick<Forwarding, 'destinations' | 'choose'> {
  const specifier = action.clusterSpecifier;
  switch (specifier.case) {
    case 'cluster': {
      const only = destination(specifier.value);
      return { destinations: [only], choose: () => only };
    }
    case 'clusterHeader': {
      const name = specifier.value.toLowerCase();
      return {
        destinations: [],
        choose(request) {
          const cluster = headerValue(request, name) ?? '';
          return cluster === '' ? undefined : destination(cluster);
        },
      };
    }
    case 'weightedClusters': {
      const { clusters, randomValueSpecifier } = specifier.value;
      if (randomValueSpecifier.case !== undefined)
        throw new UnsupportedError('weighted_clusters.header_name');
      const destinations = clusters.map((one): WeightedDestination => {
        if (one.clusterHeader !== '') throw new UnsupportedError('weighted_clusters.clusters.cluster_header');
        if (Object.keys(one.typedPerFilterConfig).length > 0) {
          throw new UnsupportedError('weighted_clusters.clusters.typed_per_filter_config');
        }
        const host = one.hostRewriteSpecifier.case === undefined ? undefined : one.hostRewriteSpecifier;
        return {
          cluster: one.name,
          weight: one.weight ?? 0,
          edits: editsOf(one),
          host: host === undefined ? undefined : compileHostRewrite({ hostRewriteSpecifier: host }),
        };
      });
      return { destinations, choose: ({ random }) => weighted(destinations, random) };
    }
    default:
      throw new UnsupportedError(
        specifier.case === undefined ? 'a route without a cluster' : 'cluster_specifier_plugin',
      );
  }
}

function destination(cluster: string): WeightedDestination {
  return { cluster, weight: 1, edits: undefined, host: undefined };
}

function retriesOf(policy: RetryPolicy): Retries {
  return {
    count: policy.numRetries ?? 1,
    on: policy.retryOn.split(',').filter((reason) => reason !== ''),
    statusCodes: policy.retriableStatusCodes,
    perTryTimeout: policy.perTryTimeout === undefined ? undefined : milliseconds(policy.perTryTimeout),
  };
}

function mirrorOf(policy: RouteAction_RequestMirrorPolicy): Mirror {
  if (policy.cluster === '') throw new UnsupportedError('request_mirror_policies.cluster_header');
  const share = policy.runtimeFraction?.defaultValue;
  return { cluster: policy.cluster, percent: share === undefined ? 100 : percentOf(share) };
}

/** A duration in milliseconds. */
export function milliseconds({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1_000_000;
}
