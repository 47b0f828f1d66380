/** What a TCP proxy is told: where connections go, for how long, and what is kept of them. */

import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { TcpProxy } from '../../xds/proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import type { HashPolicy } from '../../xds/proto/generated/envoy/type/v3/hash_policy_pb.js';
import { xxHash64 } from '../../base/xxhash64.ts';
import { InvalidConfigError, milliseconds, refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { DownstreamConnection } from '../listeners/connection.ts';
import { type TunnelSettings, tunnelSettings } from './tunnel-settings.ts';

export type MetadataMatch = ReadonlyMap<string, unknown> | undefined;

export interface TcpTarget {
  readonly cluster: string;
  readonly metadataMatch: MetadataMatch;
}

export interface TcpSettings {
  /** One for a connection; a number from 0 to 2^32 - 1 decides where there are several. */
  target(random: () => number): TcpTarget;
  /** Milliseconds; 0 for no limit. */
  readonly idleTimeout: number;
  readonly maxDuration: number;
  readonly connectAttempts: number;
  /** Milliseconds between lines of the access log while a connection is open; 0 for none. */
  readonly logInterval: number;
  readonly logsOnConnect: boolean;
  hash(connection: DownstreamConnection): bigint | undefined;
  /** Connections go through the next proxy, which is asked for that in HTTP. */
  readonly tunnel: TunnelSettings | undefined;
}

const HOUR = 3_600_000;
const LB = 'envoy.lb';

/** Throws an `UnsupportedError` or `InvalidConfigError`. */
export function tcpSettings(message: TcpProxy): TcpSettings {
  const field = 'tcp_proxy';
  if (message.statPrefix === '') throw new InvalidConfigError(`${field}.stat_prefix`, 'empty');
  refuseFields(field, {
    on_demand: message.onDemand !== undefined,
    downstream_idle_timeout: message.downstreamIdleTimeout !== undefined,
    upstream_idle_timeout: message.upstreamIdleTimeout !== undefined,
  });
  const attempts = message.maxConnectAttempts ?? 1;
  if (attempts < 1) throw new InvalidConfigError(`${field}.max_connect_attempts`, 'below 1');
  const interval = message.accessLogOptions?.accessLogFlushInterval ?? message.accessLogFlushInterval;
  return {
    target: targets(field, message),
    idleTimeout: milliseconds(message.idleTimeout, HOUR),
    maxDuration: milliseconds(message.maxDownstreamConnectionDuration, 0),
    connectAttempts: attempts,
    logInterval: milliseconds(interval, 0),
    logsOnConnect: message.accessLogOptions?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
    hash: hashOf(field, message.hashPolicy),
    tunnel:
      message.tunnelingConfig === undefined
        ? undefined
        : tunnelSettings(`${field}.tunneling_config`, message.tunnelingConfig),
  };
}

function targets(field: string, message: TcpProxy): TcpSettings['target'] {
  const common = matchOf(message.metadataMatch);
  const specifier = message.clusterSpecifier;
  switch (specifier.case) {
    case 'cluster': {
      const target = { cluster: specifier.value, metadataMatch: common };
      return () => target;
    }
    case 'weightedClusters': {
      const { clusters } = specifier.value;
      const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
      if (clusters.length === 0) throw new InvalidConfigError(`${field}.weighted_clusters.clusters`, 'empty');
      if (clusters.some(({ weight }) => weight < 1)) {
        throw new InvalidConfigError(`${field}.weighted_clusters.clusters.weight`, 'below 1');
      }
      const rows = clusters.map(({ name, weight, metadataMatch }) => {
        const own = matchOf(metadataMatch);
        const both = own === undefined ? common : new Map([...(common ?? []), ...own]);
        return { weight, target: { cluster: name, metadataMatch: both } };
      });
      return (random) => {
        let left = random() % total;
        for (const { weight, target } of rows) {
          if (left < weight) return target;
          left -= weight;
        }
        throw new Error('weights of clusters do not add up');
      };
    }
    default:
      throw new InvalidConfigError(field, 'neither cluster nor weighted_clusters is set');
  }
}

function matchOf(metadata: Metadata | undefined): MetadataMatch {
  const wanted = metadata?.filterMetadata[LB];
  return wanted === undefined ? undefined : new Map(Object.entries(wanted));
}

function hashOf(field: string, policies: readonly HashPolicy[]): TcpSettings['hash'] {
  const [policy] = policies;
  if (policy === undefined) return () => undefined;
  if (policies.length > 1) throw new InvalidConfigError(`${field}.hash_policy`, 'more than one');
  if (policy.policySpecifier.case !== 'sourceIp') {
    throw new UnsupportedError(`${field}.hash_policy ${policy.policySpecifier.case ?? 'without a policy'}`);
  }
  return ({ remotePlace }) => (remotePlace.kind === 'ip' ? xxHash64(remotePlace.ip) : undefined);
}
