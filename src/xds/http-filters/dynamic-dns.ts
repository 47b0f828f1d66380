/** The filter that looks the host of a request up, before the router asks a cluster for an endpoint. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { DnsCache } from '../dynamic-dns.ts';
import { FilterConfigSchema } from '../proto/generated/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js';
import { pack } from '../proto/registry.ts';

export const DYNAMIC_FILTER = 'envoy.filters.http.dynamic_forward_proxy';

/** It leaves requests alone whose cluster looks nothing up. */
export function dynamicFilter(cache: DnsCache): Any {
  return pack(FilterConfigSchema, { implementationSpecifier: { case: 'dnsCacheConfig', value: cache } });
}
