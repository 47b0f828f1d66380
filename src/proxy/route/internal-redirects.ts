/**
 * Which redirects of endpoints the proxy follows itself:
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_connection_management#internal-redirects
 */

import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type InternalRedirectPolicy,
  type RouteAction,
  RouteAction_InternalRedirectAction as LegacyAction,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { AllowListedRoutesConfigSchema } from '../../xds/proto/generated/envoy/extensions/internal_redirect/allow_listed_routes/v3/allow_listed_routes_config_pb.js';
import { UnsupportedError } from './unsupported.ts';

/** What has to be so of the route that the redirect leads to. */
export type RedirectPredicate =
  | { readonly kind: 'previous' }
  | { readonly kind: 'listed'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'safe-scheme' };

export interface InternalRedirects {
  /** How many are followed for one request. */
  readonly max: number;
  readonly statuses: ReadonlySet<number>;
  readonly predicates: readonly RedirectPredicate[];
  /** From `http` to `https` and back. */
  readonly crossesScheme: boolean;
  /** Headers of the answer, in lower case, that go into the new request. */
  readonly copied: readonly string[];
}

const FOUND = 302;
const STATUSES: ReadonlySet<number> = new Set([301, FOUND, 303, 307, 308]);

/** Undefined where all redirects go to the client. */
export function compileInternalRedirects(action: RouteAction): InternalRedirects | undefined {
  const policy = action.internalRedirectPolicy;
  if (policy !== undefined) return compilePolicy(policy);
  if (action.internalRedirectAction !== LegacyAction.HANDLE_INTERNAL_REDIRECT) return undefined;
  return {
    max: action.maxInternalRedirects ?? 1,
    statuses: new Set([FOUND]),
    predicates: [],
    crossesScheme: false,
    copied: [],
  };
}

function compilePolicy(policy: InternalRedirectPolicy): InternalRedirects {
  // Others mean nothing, as in Envoy.
  const statuses = policy.redirectResponseCodes.filter((status) => STATUSES.has(status));
  return {
    max: policy.maxInternalRedirects ?? 1,
    statuses: new Set(policy.redirectResponseCodes.length === 0 ? [FOUND] : statuses),
    predicates: policy.predicates.map(({ name, typedConfig }) => predicate(name, typedConfig)),
    crossesScheme: policy.allowCrossSchemeRedirect,
    copied: policy.responseHeadersToCopy.map((name) => name.toLowerCase()),
  };
}

const TYPES = 'envoy.extensions.internal_redirect';

function predicate(name: string, config: Any | undefined): RedirectPredicate {
  const type = config?.typeUrl.slice(config.typeUrl.lastIndexOf('/') + 1) ?? '';
  switch (type) {
    case `${TYPES}.previous_routes.v3.PreviousRoutesConfig`:
      return { kind: 'previous' };
    case `${TYPES}.allow_listed_routes.v3.AllowListedRoutesConfig`: {
      const { allowedRouteNames } = fromBinary(
        AllowListedRoutesConfigSchema,
        config?.value ?? new Uint8Array(),
      );
      return { kind: 'listed', names: new Set(allowedRouteNames) };
    }
    case `${TYPES}.safe_cross_scheme.v3.SafeCrossSchemeConfig`:
      return { kind: 'safe-scheme' };
    default:
      throw new UnsupportedError(`internal_redirect_policy.predicates ${name}`);
  }
}
