/** How a request is sent on: destination, deadline, tries, copies. */

import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { RoutingPriority } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import {
  type HedgePolicy,
  type RetryPolicy,
  type RouteAction,
  RouteAction_ClusterNotFoundResponseCode as NotFoundCode,
  type RouteAction_RequestMirrorPolicy,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { InvalidConfigError } from '../config-error.ts';
import { type ConnectConfig, connectConfig } from './connect-config.ts';
import { type HashPolicy, compileHashPolicies } from './hash-policies.ts';
import { type HeaderEdits, editsOf } from './headers.ts';
import { type InternalRedirects, compileInternalRedirects } from './internal-redirects.ts';
import { milliseconds } from './milliseconds.ts';
import { type Retries, compileRetries } from './retries.ts';
import { type HostRewrite, compileHostRewrite } from './rewrite.ts';
import { type RouteRequest, firstValue } from './request.ts';
import { percentOf, weighted } from './share.ts';
import { UnsupportedError } from './unsupported.ts';

/** One of the clusters that requests are spread over. */
export interface WeightedDestination {
  readonly cluster: string;
  readonly weight: number;
  readonly edits: HeaderEdits | undefined;
  readonly host: HostRewrite | undefined;
  /** In addition to that of the route. */
  readonly metadataMatch: Metadata | undefined;
}

export interface Mirror {
  /** The cluster for copies of this request; undefined when a header had to name it and does not. */
  clusterFor(request: RouteRequest): string | undefined;
  /** From 0 to 100. */
  readonly percent: number;
  /** `-shadow` is put behind the host. */
  readonly hostSuffix: boolean;
}

export interface Forwarding {
  /** All that the request could be sent to. */
  readonly destinations: readonly WeightedDestination[];
  readonly host: HostRewrite;
  /** In milliseconds; 0 for none. */
  readonly timeout: number;
  readonly retries: Retries | undefined;
  readonly mirrors: readonly Mirror[];
  /** Those of endpoints that the proxy follows itself. */
  readonly redirects: InternalRedirects | undefined;
  /** A try that takes too long goes on beside the next one (`hedge_on_per_try_timeout`). */
  readonly hedges: boolean;
  readonly priority: 'default' | 'high';
  readonly metadataMatch: Metadata | undefined;
  /** What a request is answered whose cluster is not there. */
  readonly clusterNotFound: number;
  readonly appendForwardedHost: boolean;
  /** In milliseconds, 0 for none; undefined for that of the connection manager. */
  readonly idleTimeout: number | undefined;
  /** In milliseconds, 0 for none; undefined for that of the connection manager. */
  readonly maxStreamDuration: number | undefined;
  /** `max_stream_duration` is set: the timeout does not count. */
  readonly limitsDuration: boolean;
  /** The most that `grpc-timeout` may ask for, in milliseconds, 0 for any; undefined: it counts for nothing. */
  readonly grpcTimeoutMax: number | undefined;
  /** Taken from `grpc-timeout`, in milliseconds. */
  readonly grpcTimeoutOffset: number;
  readonly hash: readonly HashPolicy[];
  /** By the protocol's name in lower case, whether requests may go over to it. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** CONNECT requests end here, and their bytes go on. */
  readonly connect: ConnectConfig | undefined;
  /** The one for this request; undefined when a header had to name it and does not. */
  choose(request: RouteRequest): WeightedDestination | undefined;
}

/** Envoy's own, for routes that say nothing. */
const DEFAULT_TIMEOUT = 15_000;

export interface Inherited {
  readonly retries: RetryPolicy | undefined;
  readonly mirrors: readonly RouteAction_RequestMirrorPolicy[];
  readonly hedging: HedgePolicy | undefined;
}

export function compileForwarding(action: RouteAction, inherited: Inherited): Forwarding {
  refuseUnknown(action);
  const own = action.requestMirrorPolicies;
  const retries = action.retryPolicy ?? inherited.retries;
  return {
    ...compileDestinations(action),
    host: compileHostRewrite(action),
    timeout: action.timeout === undefined ? DEFAULT_TIMEOUT : milliseconds(action.timeout),
    retries: retries === undefined ? undefined : compileRetries(retries),
    mirrors: mirrorsOf(own.length > 0 ? own : inherited.mirrors),
    redirects: compileInternalRedirects(action),
    hedges: (action.hedgePolicy ?? inherited.hedging)?.hedgeOnPerTryTimeout ?? false,
    priority: action.priority === RoutingPriority.HIGH ? 'high' : 'default',
    metadataMatch: action.metadataMatch,
    clusterNotFound: NOT_FOUND[action.clusterNotFoundResponseCode],
    appendForwardedHost: action.appendXForwardedHost,
    idleTimeout: action.idleTimeout === undefined ? undefined : milliseconds(action.idleTimeout),
    ...streamDurations(action),
    hash: compileHashPolicies(action.hashPolicy),
    upgrades: upgradesOf(action.upgradeConfigs),
    connect: connectConfig(action.upgradeConfigs),
  };
}

const NO_UPGRADES: ReadonlyMap<string, boolean> = new Map();
const NO_MIRRORS: readonly Mirror[] = [];

function upgradesOf(configs: RouteAction['upgradeConfigs']): ReadonlyMap<string, boolean> {
  if (configs.length === 0) return NO_UPGRADES;
  return new Map(configs.map(({ upgradeType, enabled }) => [upgradeType.toLowerCase(), enabled ?? true]));
}

function mirrorsOf(policies: readonly RouteAction_RequestMirrorPolicy[]): readonly Mirror[] {
  return policies.length === 0 ? NO_MIRRORS : policies.map(mirrorOf);
}

const NOT_FOUND: Readonly<Record<NotFoundCode, number>> = {
  [NotFoundCode.SERVICE_UNAVAILABLE]: 503,
  [NotFoundCode.NOT_FOUND]: 404,
  [NotFoundCode.INTERNAL_SERVER_ERROR]: 500,
};

function refuseUnknown(action: RouteAction): void {
  if (action.retryPolicyTypedConfig !== undefined) throw new UnsupportedError('retry_policy_typed_config');
  if (action.earlyDataPolicy !== undefined) throw new UnsupportedError('early_data_policy');
  if (action.cors !== undefined) throw new UnsupportedError('route.cors');
}

function streamDurations(
  action: RouteAction,
): Pick<Forwarding, 'limitsDuration' | 'maxStreamDuration' | 'grpcTimeoutMax' | 'grpcTimeoutOffset'> {
  const durations = action.maxStreamDuration;
  const most = durations?.grpcTimeoutHeaderMax ?? action.maxGrpcTimeout;
  const offset = durations?.grpcTimeoutHeaderOffset ?? action.grpcTimeoutOffset;
  return {
    limitsDuration: durations !== undefined,
    maxStreamDuration:
      durations?.maxStreamDuration === undefined ? undefined : milliseconds(durations.maxStreamDuration),
    grpcTimeoutMax: most === undefined ? undefined : milliseconds(most),
    grpcTimeoutOffset: offset === undefined ? 0 : milliseconds(offset),
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
          const cluster = firstValue(request, name) ?? '';
          return cluster === '' ? undefined : destination(cluster);
        },
      };
    }
    case 'weightedClusters': {
      const { clusters, randomValueSpecifier } = specifier.value;
      if (randomValueSpecifier.case !== undefined)
        throw new UnsupportedError('weighted_clusters.header_name');
      // The host of the whole route takes the place of that of a share.
      const { case: hostOfAll, value: written } = action.hostRewriteSpecifier;
      const isRewritten = hostOfAll !== undefined && written !== '';
      const destinations = clusters.map((one): WeightedDestination => {
        if (one.clusterHeader !== '') throw new UnsupportedError('weighted_clusters.clusters.cluster_header');
        if (Object.keys(one.typedPerFilterConfig).length > 0) {
          throw new UnsupportedError('weighted_clusters.clusters.typed_per_filter_config');
        }
        const host =
          isRewritten || one.hostRewriteSpecifier.case === undefined ? undefined : one.hostRewriteSpecifier;
        return {
          cluster: one.name,
          weight: one.weight ?? 0,
          edits: editsOf(one),
          host: host === undefined ? undefined : compileHostRewrite({ hostRewriteSpecifier: host }),
          metadataMatch: one.metadataMatch,
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
  return { cluster, weight: 1, edits: undefined, host: undefined, metadataMatch: undefined };
}

function mirrorOf(policy: RouteAction_RequestMirrorPolicy): Mirror {
  const { cluster, clusterHeader } = policy;
  if ((cluster === '') === (clusterHeader === '')) {
    throw new InvalidConfigError(
      'request_mirror_policies',
      'exactly one of cluster and cluster_header names it',
    );
  }
  const name = clusterHeader.toLowerCase();
  const share = policy.runtimeFraction?.defaultValue;
  return {
    clusterFor: cluster === '' ? (request) => firstValue(request, name) : () => cluster,
    percent: share === undefined ? 100 : percentOf(share),
    hostSuffix: !policy.disableShadowHostSuffixAppend,
  };
}
