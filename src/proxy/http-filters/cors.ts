/** Which other origins may call from a browser: preflight requests are answered, answers get the headers. */

import type { Any } from '@bufbuild/protobuf/wkt';
import {
  CorsPolicySchema,
  CorsSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { compileStringMatcher } from '../route/string-matcher.ts';
import type { FilterContext, FilterKind, FilterStream, HttpFilter } from './filter.ts';
import { RouteSettings, isHit, unpack } from './settings.ts';

function compilePolicy(settings: Any) {
  const policy = unpack(CorsPolicySchema, settings);
  return {
    ...policy,
    origins: policy.allowOriginStringMatch.map(compileStringMatcher),
  };
}

type Policy = ReturnType<typeof compilePolicy>;

/** Of several levels the most specific that says something. */
function firstText(policies: readonly Policy[], textOf: (policy: Policy) => string): string {
  return policies.map(textOf).find((text) => text !== '') ?? '';
}

function firstFlag(
  policies: readonly Policy[],
  flagOf: (policy: Policy) => boolean | undefined,
  absent: boolean,
) {
  return policies.map(flagOf).find((flag) => flag !== undefined) ?? absent;
}

function allows(policies: readonly Policy[], origin: string): boolean {
  const origins = policies.find((policy) => policy.origins.length > 0)?.origins ?? [];
  return origins.some((one) => one.fits('*') || one.fits(origin));
}

/** What an allowed origin is told, beside its own name. */
function credentials(policies: readonly Policy[]): [string, string][] {
  return firstFlag(policies, ({ allowCredentials }) => allowCredentials, false)
    ? [['access-control-allow-credentials', 'true']]
    : [];
}

/** What may be asked for; whether an origin may ask is said with every answer. */
function preflightHeaders(policies: readonly Policy[], stream: FilterStream): [string, string][] {
  const headers = credentials(policies);
  const add = (name: string, value: string) => {
    if (value !== '') headers.push([name, value]);
  };
  // As in Envoy `*` alone is answered with what the request asks for.
  const addOrAsked = (what: 'method' | 'headers', name: string, value: string) => {
    if (value !== '*') add(name, value);
    else headers.push([name, stream.requestHeaders.get(`access-control-request-${what}`) ?? '']);
  };
  addOrAsked(
    'method',
    'access-control-allow-methods',
    firstText(policies, ({ allowMethods }) => allowMethods),
  );
  addOrAsked(
    'headers',
    'access-control-allow-headers',
    firstText(policies, ({ allowHeaders }) => allowHeaders),
  );
  add(
    'access-control-max-age',
    firstText(policies, ({ maxAge }) => maxAge),
  );
  if (
    stream.requestHeaders.get('access-control-request-private-network') === 'true' &&
    firstFlag(policies, ({ allowPrivateNetworkAccess }) => allowPrivateNetworkAccess, false)
  ) {
    headers.push(['access-control-allow-private-network', 'true']);
  }
  return headers;
}

export const CORS: FilterKind = {
  typeName: CorsSchema.typeName,

  compile(name, settings, { stats, random }: FilterContext) {
    unpack(CorsSchema, settings);
    const routes = new RouteSettings(compilePolicy);
    const valid = stats.counter('cors.origin_valid');
    const invalid = stats.counter('cors.origin_invalid');

    function filterFor(stream: FilterStream, policies: readonly Policy[], origin: string): HttpFilter {
      let isAllowed = false;
      return {
        onRequestHeaders() {
          // Shares count for the first policy only, and are asked for once.
          const [policy] = policies;
          const enabled = isHit(policy?.filterEnabled, random, true);
          if (!enabled && !isHit(policy?.shadowEnabled, random, false)) return 'continue';
          const isPreflight =
            stream.method === 'OPTIONS' &&
            (stream.requestHeaders.get('access-control-request-method') ?? '') !== '';
          if (!allows(policies, origin)) {
            invalid.value++;
            const forward = firstFlag(policies, (one) => one.forwardNotMatchingPreflights, true);
            if (!isPreflight || forward || !enabled) return 'continue';
            const headers = preflightHeaders(policies, stream);
            stream.reply({ status: 200, body: '', headers, details: 'cors_response', isFinal: true });
            return 'stop';
          }
          valid.value++;
          if (!enabled) return 'continue';
          isAllowed = true;
          if (!isPreflight) return 'continue';
          const headers = preflightHeaders(policies, stream);
          stream.reply({ status: 200, body: '', headers, details: 'cors_response', isFinal: true });
          return 'stop';
        },

        onResponseHeaders(_, __, headers) {
          if (!isAllowed) return 'continue';
          headers.set('access-control-allow-origin', origin);
          for (const [name, value] of credentials(policies)) headers.set(name, value);
          const exposed = firstText(policies, ({ exposeHeaders }) => exposeHeaders);
          if (exposed !== '') headers.set('access-control-expose-headers', exposed);
          return 'continue';
        },
      };
    }

    return {
      name,
      forStream(stream) {
        const origin = stream.requestHeaders.get('origin') ?? '';
        // As in Envoy, answers of routes that send nothing on say nothing of origins.
        if (origin === '' || stream.routeCluster === '') return undefined;
        const policies = routes.all(stream, name);
        return policies.length === 0 ? undefined : filterFor(stream, policies, origin);
      },
    };
  },

  checkRouteSettings(settings) {
    compilePolicy(settings);
  },
};
