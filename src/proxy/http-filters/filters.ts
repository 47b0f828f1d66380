/** The HTTP filters that there are. Chains have the order of their configuration. */

import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { findType } from '../../xds/proto/registry.ts';
import { InvalidConfigError, typeNameOf } from '../config-error.ts';
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

const BY_PACKAGE = new Map(HTTP_FILTERS.map((kind) => [packageOf(kind.typeName), kind]));

/**
 * Throws an `InvalidConfigError` for settings at a route that are wrong, or ask for what a filter does not have: nobody reads
 * them before a request comes. Those of filters that there are not here do nothing, and have to be readable.
 */
export function checkRouteSettings(settings: Readonly<Record<string, Any>>): void {
  for (const [name, one] of Object.entries(settings)) {
    try {
      checkOne(one);
    } catch (error) {
      throw new InvalidConfigError(`typed_per_filter_config[${name}]`, (error as Error).message);
    }
  }
}

function checkOne(settings: Any): void {
  const typeName = typeNameOf(settings);
  const kind = BY_PACKAGE.get(packageOf(typeName));
  if (kind?.checkRouteSettings !== undefined) {
    kind.checkRouteSettings(settings);
    return;
  }
  const schema = findType(typeName);
  if (kind !== undefined || schema === undefined || typeName === ROUTE_FILTER)
    throw new UnsupportedError(`${typeName} at a route`);
  fromBinary(schema, settings.value);
}

/** Turns any filter on or off. */
const ROUTE_FILTER = 'envoy.config.route.v3.FilterConfig';

function packageOf(typeName: string): string {
  return typeName.slice(0, typeName.lastIndexOf('.'));
}

/** The kind that these settings are for. Throws an `UnsupportedError` with the name of the type. */
export function filterKindOf(settings: Any): FilterKind {
  const typeName = settings.typeUrl.slice(settings.typeUrl.lastIndexOf('/') + 1);
  const kind = BY_TYPE.get(typeName);
  if (kind === undefined) throw new UnsupportedError(`HTTP filter ${typeName}`);
  return kind;
}
