/**
 * What is asked of routes and virtual hosts once they are compiled. Their messages are several times as large, and a mesh has
 * thousands of them.
 */

import type { Any } from '@bufbuild/protobuf/wkt';
import { withoutTypedStruct } from '../typed-struct.ts';
import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type {
  Decorator,
  RateLimit,
  Route,
  Tracing,
  VirtualHost,
  VirtualHost_TlsRequirementType as TlsRequirement,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';

export interface RouteParts {
  readonly name: string;
  readonly statPrefix: string;
  readonly metadata: Metadata | undefined;
  readonly tracing: Tracing | undefined;
  readonly decorator: Pick<Decorator, 'operation' | 'propagate'> | undefined;
  /** Settings of filters by their names. */
  readonly typedPerFilterConfig: Readonly<Record<string, Any>>;
  readonly rateLimits: readonly RateLimit[];
  readonly includeVhRateLimits: boolean;
  /** `auto_host_rewrite`: the host is the endpoint's name. */
  readonly namesEndpoint: boolean;
}

export interface HostParts {
  readonly name: string;
  readonly metadata: Metadata | undefined;
  readonly requireTls: TlsRequirement;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly typedPerFilterConfig: Readonly<Record<string, Any>>;
  readonly rateLimits: readonly RateLimit[];
  readonly hasRoutes: boolean;
}

const NO_SETTINGS: Readonly<Record<string, Any>> = Object.freeze({});
const NO_LIMITS: readonly RateLimit[] = Object.freeze([]);

export function routeParts(route: Route): RouteParts {
  const { name, statPrefix, metadata, tracing, decorator, typedPerFilterConfig, action } = route;
  const own = action.case === 'route' ? action.value : undefined;
  const rewrite = own?.hostRewriteSpecifier;
  return {
    name,
    statPrefix,
    metadata,
    tracing,
    decorator: decorator && { operation: decorator.operation, propagate: decorator.propagate },
    typedPerFilterConfig: settings(typedPerFilterConfig),
    rateLimits: limits(own?.rateLimits),
    includeVhRateLimits: own?.includeVhRateLimits ?? false,
    namesEndpoint: rewrite?.case === 'autoHostRewrite' && rewrite.value.value,
  };
}

export function hostParts(host: VirtualHost): HostParts {
  return {
    name: host.name,
    metadata: host.metadata,
    requireTls: host.requireTls,
    includeRequestAttemptCount: host.includeRequestAttemptCount,
    includeAttemptCountInResponse: host.includeAttemptCountInResponse,
    typedPerFilterConfig: settings(host.typedPerFilterConfig),
    rateLimits: limits(host.rateLimits),
    hasRoutes: host.routes.length > 0,
  };
}

/** Settings of filters, each as a message of its own type. */
export function settings(given: Readonly<Record<string, Any>>): Readonly<Record<string, Any>> {
  const all = Object.entries(given);
  return all.length === 0
    ? NO_SETTINGS
    : Object.fromEntries(all.map(([name, one]) => [name, withoutTypedStruct(one)]));
}

function limits(given: readonly RateLimit[] | undefined): readonly RateLimit[] {
  return given === undefined || given.length === 0 ? NO_LIMITS : given;
}
