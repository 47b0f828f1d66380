/** What a cluster says of asking DNS. */

import { lookup } from 'node:dns/promises';
import {
  type Cluster,
  Cluster_DnsLookupFamily as Family,
} from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { Address } from '../../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import { CaresDnsResolverConfigSchema } from '../../../xds/proto/generated/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb.js';
import { GetAddrInfoDnsResolverConfigSchema } from '../../../xds/proto/generated/envoy/extensions/network/dns_resolver/getaddrinfo/v3/getaddrinfo_dns_resolver_pb.js';
import { canonicalIp } from '../../address.ts';
import { InvalidConfigError, milliseconds, refuseFields, typeNameOf, unpacked } from '../../config-error.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import { type DnsFamilies, type DnsResolver, systemDns } from './resolver.ts';

/** Milliseconds. */
export interface DnsSettings {
  readonly resolver: DnsResolver;
  readonly families: DnsFamilies;
  readonly refreshRate: number;
  /** After a failure: grows from the first to the second. */
  readonly failureRate: { readonly base: number; readonly max: number };
  readonly respectsTtl: boolean;
}

const FAMILIES: Readonly<Record<Family, DnsFamilies>> = {
  [Family.AUTO]: 'auto',
  [Family.V4_ONLY]: 'v4',
  [Family.V6_ONLY]: 'v6',
  [Family.V4_PREFERRED]: 'v4-preferred',
  [Family.ALL]: 'all',
};

/** Throws an `InvalidConfigError` for a number that stands for none. */
export function familyOf(field: string, family: Family): DnsFamilies {
  if (!Object.hasOwn(FAMILIES, family)) throw new InvalidConfigError(field, `there is no ${family}`);
  return FAMILIES[family];
}

/** `byDefault` is what clusters ask that name no resolver. Throws an `UnsupportedError` or `InvalidConfigError`. */
export function dnsSettings(owner: string, cluster: Cluster, byDefault: DnsResolver): DnsSettings {
  refuseFields(owner, { use_tcp_for_dns_lookups: cluster.useTcpForDnsLookups });
  const refreshRate = milliseconds(cluster.dnsRefreshRate, 5000);
  if (refreshRate < 1) throw new InvalidConfigError(`${owner}.dns_refresh_rate`, 'below 1ms');
  const failure = cluster.dnsFailureRefreshRate;
  const base = milliseconds(failure?.baseInterval, refreshRate);
  const max = milliseconds(failure?.maxInterval, failure === undefined ? refreshRate : base * 10);
  if (base < 1 || max < base) {
    throw new InvalidConfigError(`${owner}.dns_failure_refresh_rate`, 'max_interval is below base_interval');
  }
  return {
    resolver: resolverOf(owner, cluster, byDefault),
    families: familyOf(`${owner}.dns_lookup_family`, cluster.dnsLookupFamily),
    refreshRate,
    failureRate: { base, max },
    respectsTtl: cluster.respectDnsTtl,
  };
}

/** The resolver that a cluster or a cache names. Throws an `UnsupportedError` or `InvalidConfigError`. */
export function resolverOf(
  owner: string,
  cluster: Pick<Cluster, 'typedDnsResolverConfig' | 'dnsResolutionConfig'> &
    Partial<Pick<Cluster, 'dnsResolvers'>>,
  byDefault: DnsResolver,
): DnsResolver {
  const typed = cluster.typedDnsResolverConfig?.typedConfig;
  if (typed !== undefined) {
    const field = `${owner}.typed_dns_resolver_config`;
    switch (typeNameOf(typed)) {
      case CaresDnsResolverConfigSchema.typeName: {
        const { resolvers, dnsResolverOptions, useResolversAsFallback, filterUnroutableFamilies } = unpacked(
          field,
          typed,
          CaresDnsResolverConfigSchema,
        );
        refuseFields(field, {
          use_resolvers_as_fallback: useResolversAsFallback,
          filter_unroutable_families: filterUnroutableFamilies,
          'dns_resolver_options.use_tcp_for_dns_lookups': dnsResolverOptions?.useTcpForDnsLookups === true,
        });
        return systemDns({
          servers: servers(`${field}.resolvers`, resolvers),
          searches: dnsResolverOptions?.noDefaultSearchDomain !== true,
        });
      }
      case GetAddrInfoDnsResolverConfigSchema.typeName:
        return LIBC;
      default:
        throw new UnsupportedError(`${field} of type ${typeNameOf(typed)}`);
    }
  }
  const config = cluster.dnsResolutionConfig;
  if (config !== undefined) {
    const field = `${owner}.dns_resolution_config`;
    refuseFields(field, {
      'dns_resolver_options.use_tcp_for_dns_lookups': config.dnsResolverOptions?.useTcpForDnsLookups === true,
    });
    return systemDns({
      servers: servers(`${field}.resolvers`, config.resolvers),
      searches: config.dnsResolverOptions?.noDefaultSearchDomain !== true,
    });
  }
  const { dnsResolvers = [] } = cluster;
  if (dnsResolvers.length === 0) return byDefault;
  return systemDns({ servers: servers(`${owner}.dns_resolvers`, dnsResolvers) });
}

function servers(field: string, addresses: readonly Address[]): readonly string[] {
  return addresses.map(({ address }) => {
    const value = address.case === 'socketAddress' ? address.value : undefined;
    const ip = canonicalIp(value?.address ?? '');
    if (value === undefined || ip === undefined) throw new InvalidConfigError(field, 'not an IP address');
    const port = value.portSpecifier.case === 'portValue' ? value.portSpecifier.value : 53;
    return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
  });
}

/** What the C library says, which knows no times to live. */
const LIBC: DnsResolver = {
  resolve: async (name, families) => {
    const wanted = families === 'v4' ? 4 : families === 'v6' ? 6 : 0;
    try {
      const found = await lookup(name, { all: true, family: wanted });
      const first = families === 'v4-preferred' ? 4 : 6;
      const preferred = found.filter(({ family }) => family === first);
      const kept = families === 'all' || wanted !== 0 || preferred.length === 0 ? found : preferred;
      return kept.map(({ address }) => ({ ip: canonicalIp(address) ?? address, ttl: undefined }));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOTFOUND') return [];
      throw error;
    }
  },
};
