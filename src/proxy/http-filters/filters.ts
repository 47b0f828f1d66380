/** The HTTP filters that there are. Chains have the order of their configuration. */

import type { Any } from '@bufbuild/protobuf/wkt';
import { UnsupportedError } from '../route/unsupported.ts';
import { BUFFER } from './buffer.ts';
import { COMPRESSOR } from './compressor.ts';
import { CORS } from './cors.ts';
import { CSRF } from './csrf.ts';
import { DECOMPRESSOR } from './decompressor.ts';
import { DYNAMIC_FORWARD_PROXY } from './dynamic-forward-proxy.ts';
import { FAULT } from './fault.ts';
import type { FilterKind } from './filter.ts';
import { GRPC_HTTP1_BRIDGE } from './grpc-http1-bridge.ts';
import { GRPC_STATS } from './grpc-stats.ts';
import { GRPC_WEB } from './grpc-web.ts';
import { HEADER_MUTATION } from './header-mutation.ts';
import { HEADER_TO_METADATA } from './header-to-metadata.ts';
import { HEALTH_CHECK } from './health-check.ts';
import { LOCAL_RATELIMIT } from './local-ratelimit.ts';
import { PEER_METADATA } from './peer-metadata.ts';

export const HTTP_FILTERS: readonly FilterKind[] = [
  BUFFER,
  COMPRESSOR,
  CORS,
  CSRF,
  DECOMPRESSOR,
  DYNAMIC_FORWARD_PROXY,
  FAULT,
  GRPC_HTTP1_BRIDGE,
  GRPC_STATS,
  GRPC_WEB,
  HEADER_MUTATION,
  HEADER_TO_METADATA,
  HEALTH_CHECK,
  LOCAL_RATELIMIT,
  PEER_METADATA,
];

const BY_TYPE = new Map(HTTP_FILTERS.map((kind) => [kind.typeName, kind]));

/** The kind that these settings are for. Throws an `UnsupportedError` with the name of the type. */
export function filterKindOf(settings: Any): FilterKind {
  const typeName = settings.typeUrl.slice(settings.typeUrl.lastIndexOf('/') + 1);
  const kind = BY_TYPE.get(typeName);
  if (kind === undefined) throw new UnsupportedError(`HTTP filter ${typeName}`);
  return kind;
}
