/** Filter chains, and the listener filters that they need to be told apart. */

import { parseSubnet } from '../../base/cidr.ts';
import type {
  FilterChainMatchSchema,
  FilterChainSchema,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import type { ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.js';
import { HttpInspectorSchema } from '../proto/generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { OriginalDstSchema } from '../proto/generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { OriginalSrcSchema } from '../proto/generated/envoy/extensions/filters/listener/original_src/v3/original_src_pb.js';
import { ProxyProtocolSchema } from '../proto/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { TlsInspectorSchema } from '../proto/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { pack } from '../proto/registry.ts';
import { type Init, seconds } from '../values.ts';

export type ListenerInit = Init<typeof ListenerSchema>;
export type FilterChain = Init<typeof FilterChainSchema>;
export type FilterChainMatch = Init<typeof FilterChainMatchSchema>;
export type ListenerFilter = Init<typeof ListenerFilterSchema>;
export type DisabledFor = Init<typeof ListenerFilterChainMatchPredicateSchema>;

/** How long a client may take to finish the handshake of its transport. */
export const TRANSPORT_TIMEOUT = seconds(15);

/** What the first bytes of HTTP in the clear are detected as. */
export const PLAIN_HTTP: FilterChainMatch = {
  transportProtocol: 'raw_buffer',
  applicationProtocols: ['http/1.1', 'h2c'],
};

/** TLS, as the inspector finds it. */
export const TLS_TRANSPORT: FilterChainMatch = { transportProtocol: 'tls' };

/** A chain for these server names (`*` is any) to these networks. */
export function serverNameMatch(
  serverNames: readonly string[],
  subnets: readonly string[] = [],
): FilterChainMatch {
  const names = serverNames.includes('*') ? [] : [...serverNames];
  const ranges = prefixRanges(subnets);
  return {
    ...(names.length > 0 && { serverNames: names }),
    ...(ranges.length > 0 && { prefixRanges: ranges }),
  };
}

/** Addresses and CIDR blocks; what is neither is left out. */
function prefixRanges(subnets: readonly string[]): NonNullable<FilterChainMatch['prefixRanges']> {
  return subnets.flatMap((text) => {
    if (parseSubnet(text) === undefined) return [];
    const [addressPrefix = '', length] = text.split('/');
    return [{ addressPrefix, prefixLen: Number(length ?? (addressPrefix.includes(':') ? 128 : 32)) }];
  });
}

/** Nothing is asked: the chain takes every connection. */
export function takesAll(chain: FilterChain): boolean {
  return chain.filterChainMatch === undefined || Object.keys(chain.filterChainMatch).length === 0;
}

/** Detects HTTP in the clear by its first bytes. */
export function httpInspector(filterDisabled?: DisabledFor): ListenerFilter {
  return listenerFilter('http_inspector', pack(HttpInspectorSchema, {}), filterDisabled);
}

/** Reads the server name and the protocols that a TLS client offers. */
export function tlsInspector(filterDisabled?: DisabledFor): ListenerFilter {
  return listenerFilter('tls_inspector', pack(TlsInspectorSchema, {}), filterDisabled);
}

/** Finds out where a redirected connection was going. */
export function originalDestination(): ListenerFilter {
  return listenerFilter('original_dst', pack(OriginalDstSchema, {}));
}

/** Keeps the caller's address towards the workload; the mark keeps such connections out of redirection. */
export function originalSource(): ListenerFilter {
  return listenerFilter('original_src', pack(OriginalSrcSchema, { mark: 1337 }));
}

/** Takes the client's address from the PROXY protocol. */
export function proxyProtocol(): ListenerFilter {
  return listenerFilter('proxy_protocol', pack(ProxyProtocolSchema, {}));
}

function listenerFilter(
  name: string,
  value: ReturnType<typeof pack>,
  filterDisabled?: DisabledFor,
): ListenerFilter {
  return {
    name: `envoy.filters.listener.${name}`,
    configType: { case: 'typedConfig', value },
    ...(filterDisabled !== undefined && { filterDisabled }),
  };
}
