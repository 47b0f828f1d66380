/** What is said of a DNS cache: https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/common/dynamic_forward_proxy/v3/dns_cache.proto */

import type { DnsCacheConfig } from '../../../xds/proto/generated/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js';
import { InvalidConfigError, milliseconds, refuseFields } from '../../config-error.ts';
import type { DnsFamilies, DnsResolver } from './resolver.ts';
import { familyOf, resolverOf } from './settings.ts';

/** Times in milliseconds. */
export interface CacheSettings {
  readonly resolver: DnsResolver;
  readonly families: DnsFamilies;
  readonly queryTimeout: number;
  /** A name that nobody asked for so long is forgotten. */
  readonly hostTtl: number;
  readonly maxHosts: number;
  readonly maxPending: number;
  /** Until a name is asked for again, by its time to live in seconds and how often it was not found. */
  wait(ttl: number | undefined, failures: number): number;
}

const MINUTE = 60_000;

/** Throws an `UnsupportedError` or `InvalidConfigError`. */
export function cacheSettings(field: string, config: DnsCacheConfig, byDefault: DnsResolver): CacheSettings {
  refuseFields(field, {
    use_tcp_for_dns_lookups: config.useTcpForDnsLookups,
    preresolve_hostnames: config.preresolveHostnames.length > 0,
    key_value_config: config.keyValueConfig !== undefined,
  });
  const refresh = milliseconds(config.dnsRefreshRate, MINUTE);
  const shortest = milliseconds(config.dnsMinRefreshRate, 5_000);
  const { baseInterval, maxInterval } = config.dnsFailureRefreshRate ?? {};
  const base = milliseconds(baseInterval, refresh);
  const max = milliseconds(maxInterval, config.dnsFailureRefreshRate === undefined ? refresh : base * 10);
  if (base < 1 || max < base)
    throw new InvalidConfigError(`${field}.dns_failure_refresh_rate`, 'max_interval is below base_interval');
  return {
    resolver: resolverOf(field, config, byDefault),
    families: familyOf(`${field}.dns_lookup_family`, config.dnsLookupFamily),
    queryTimeout: milliseconds(config.dnsQueryTimeout, 5_000),
    hostTtl: milliseconds(config.hostTtl, 5 * MINUTE),
    maxHosts: config.maxHosts ?? 1024,
    maxPending: config.dnsCacheCircuitBreaker?.maxPendingRequests ?? 1024,
    wait: (ttl, failures) => {
      if (failures === 0) return ttl === undefined || ttl === 0 ? refresh : Math.max(shortest, ttl * 1000);
      const ceiling = Math.min(max, base * 2 ** Math.min(30, failures - 1));
      return base + Math.random() * (ceiling - base);
    },
  };
}
