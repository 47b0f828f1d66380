/**
 * Hosts whose addresses the proxy looks up when a request names them: Envoy's dynamic forward proxy. A cluster and the
 * filters in front of it share a cache by its name, and have to describe it alike.
 */

import type { MeshService } from '../model/services.ts';
import type { Input } from './input.ts';
import { ALLOW_ANY_DYNAMIC } from './names.ts';
import { Cluster_DnsLookupFamily } from './proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { DnsCacheConfigSchema } from './proto/generated/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js';
import { CaresDnsResolverConfigSchema } from './proto/generated/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb.js';
import { pack } from './proto/registry.ts';
import { type Init, addressOf } from './values.ts';

export type DnsCache = Init<typeof DnsCacheConfigSchema>;

/** Where an agent that answers DNS does so, unless the proxy says something else. */
const DNS_PROXY = { host: '127.0.0.1', port: 15_053 };

/** Whether each request's host is looked up. */
export function isDynamic({ resolution, hostname }: MeshService): boolean {
  return resolution === 'dynamic-dns' && hostname.startsWith('*');
}

/** The cache of what is looked up under a service's wildcard. */
export function cacheOf(service: MeshService, input: Input): DnsCache {
  return { name: `${service.hostname}_dfp_dns_cache`, dnsLookupFamily: lookupFamily(input) };
}

/** Whether requests to hosts that nobody declared are looked up, and not sent to where they were going. */
export function looksUpUnknown({ scope, proxy }: Input): boolean {
  return proxy.type === 'sidecar' && scope.outboundTrafficPolicy.mode === ALLOW_ANY_DYNAMIC;
}

/** The cache of hosts that nobody declared. */
export function unknownCache(input: Input): DnsCache {
  const { DNS_CAPTURE: captures, DNS_PROXY_ADDR: at } = input.proxy.metadata;
  const cache: DnsCache = {
    name: 'allow_any_dfp_dns_cache',
    dnsLookupFamily: lookupFamily(input),
    // Envoy's own bound, which is seen in what is served.
    maxHosts: 1024,
  };
  if (captures !== 'true' && captures !== '1' && captures !== true) return cache;
  const { host, port } = dnsProxy(at);
  return {
    ...cache,
    typedDnsResolverConfig: {
      name: 'envoy.network.dns_resolver.cares',
      typedConfig: pack(CaresDnsResolverConfigSchema, { resolvers: [addressOf(host, port)] }),
    },
  };
}

function dnsProxy(at: unknown): typeof DNS_PROXY {
  const [, host = '', port = ''] = typeof at === 'string' ? (/^\[?(.+?)\]?:(\d+)$/.exec(at) ?? []) : [];
  if (host === '') return DNS_PROXY;
  return { host: host === 'localhost' ? DNS_PROXY.host : host, port: Number(port) };
}

function lookupFamily({ proxy }: Input): Cluster_DnsLookupFamily {
  return proxy.ips.every((ip) => ip.includes(':'))
    ? Cluster_DnsLookupFamily.V6_ONLY
    : Cluster_DnsLookupFamily.V4_ONLY;
}
