/** Which requests a route takes. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HttpMatch } from '../../model/virtual-services.ts';
import type {
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import type { MetadataMatcherSchema } from '../proto/generated/envoy/type/matcher/v3/metadata_pb.js';
import type { Init } from '../values.ts';
import { claimPath } from './claims.ts';
import {
  type StringMatch,
  asksPresence,
  headerMatcher,
  stringMatcher,
  withoutHeaderMatcher,
} from './string-match.ts';

export type RouteMatch = Init<typeof RouteMatchSchema>;

/** Takes every request. */
export function matchAll(): RouteMatch {
  return { pathSpecifier: { case: 'prefix', value: '/' } };
}

/** All conditions of a match together; those that the proxy's identity decides are not among them. */
export function routeMatch(match: HttpMatch | undefined): RouteMatch {
  if (match === undefined) return matchAll();
  const plain = (map: Readonly<Record<string, StringMatch>> | undefined) =>
    Object.entries(map ?? {}).filter(([name]) => claimPath(name) === undefined);
  const headers = [
    ...plain(match.headers).map(([name, value]) => headerMatcher(name, value)),
    ...plain(match.withoutHeaders).map(([name, value]) => withoutHeaderMatcher(name, value)),
  ].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  for (const [name, value] of [
    [':method', match.method],
    [':authority', match.authority],
    [':scheme', match.scheme],
  ] as const) {
    if (value !== undefined) headers.push(headerMatcher(name, value));
  }
  const dynamicMetadata = [...claims(match.headers, false), ...claims(match.withoutHeaders, true)];
  return {
    pathSpecifier: pathSpecifier(match.uri),
    caseSensitive: match.ignoreUriCase !== true,
    ...(headers.length > 0 && { headers }),
    ...(dynamicMetadata.length > 0 && { dynamicMetadata }),
    ...(match.queryParams !== undefined && {
      queryParameters: Object.entries(match.queryParams).map(([name, value]) => queryMatcher(name, value)),
    }),
  };
}

function pathSpecifier(uri: StringMatch | undefined): NonNullable<RouteMatch['pathSpecifier']> {
  if (uri?.exact !== undefined) return { case: 'path', value: uri.exact };
  if (uri?.regex !== undefined) return { case: 'safeRegex', value: { regex: uri.regex } };
  return { case: 'prefix', value: uri?.prefix ?? '/' };
}

function queryMatcher(name: string, match: StringMatch): Init<typeof QueryParameterMatcherSchema> {
  if (asksPresence(match)) {
    return { name, queryParameterMatchSpecifier: { case: 'presentMatch', value: true } };
  }
  return { name, queryParameterMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) } };
}

/** What the filter that checks tokens says of the token's claims; a list fits when one of its items does. */
function claims(
  map: Readonly<Record<string, StringMatch>> | undefined,
  invert: boolean,
): Init<typeof MetadataMatcherSchema>[] {
  return Object.entries(map ?? {}).flatMap(([name, match]) => {
    const path = claimPath(name);
    if (path === undefined) return [];
    const matcher = stringMatcher(match);
    return [
      {
        filter: 'envoy.filters.http.jwt_authn',
        path: ['payload', ...path].map((key) => ({ segment: { case: 'key' as const, value: key } })),
        value: {
          matchPattern: {
            case: 'orMatch' as const,
            value: {
              valueMatchers: [
                { matchPattern: { case: 'stringMatch' as const, value: matcher } },
                {
                  matchPattern: {
                    case: 'listMatch' as const,
                    value: {
                      matchPattern: {
                        case: 'oneOf' as const,
                        value: { matchPattern: { case: 'stringMatch' as const, value: matcher } },
                      },
                    },
                  },
                },
              ],
            },
          },
        },
        invert,
      },
    ];
  });
}

/** No later route can get a request: every path fits, and nothing else is asked. */
export function isCatchAll(match: MessageInitShape<typeof RouteMatchSchema>): boolean {
  const path = match.pathSpecifier;
  const everyPath =
    (path?.case === 'prefix' && path.value === '/') ||
    (path?.case === 'safeRegex' && path.value.regex === '.*');
  const asked = (list: readonly unknown[] | undefined) => (list ?? []).length > 0;
  return everyPath && !asked(match.headers) && !asked(match.queryParameters) && !asked(match.dynamicMetadata);
}
