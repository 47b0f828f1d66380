/** The paths that a route takes, and what a rewrite puts in the place of the part that fitted. */

import type { RouteMatch } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { type RouteRequest, plainPath } from './request.ts';
import { exactText, prefixText, regexText } from './string-matcher.ts';
import { UnsupportedError } from './unsupported.ts';

export interface PathMatcher {
  fits(request: RouteRequest): boolean;
  /** How many characters of the path `prefix_rewrite` takes away. */
  rewritten(path: string): number;
  readonly description: string;
}

/** Paths are matched without their query. Throws an `UnsupportedError` for matchers that are extensions. */
export function compilePath(match: RouteMatch, ignoreParameters: boolean): PathMatcher {
  const ignoreCase = match.caseSensitive === false;
  const shown = (path: string): string => {
    const plain = plainPath(path);
    const semicolon = ignoreParameters ? plain.indexOf(';') : -1;
    return semicolon < 0 ? plain : plain.slice(0, semicolon);
  };
  const specifier = match.pathSpecifier;
  switch (specifier.case) {
    case 'prefix': {
      const text = prefixText(specifier.value, ignoreCase);
      return onPath(shown, text, () => specifier.value.length);
    }
    case 'path':
      return onPath(shown, exactText(specifier.value, ignoreCase), (path) => shown(path).length);
    case 'safeRegex':
      return onPath(shown, regexText(specifier.value.regex), (path) => shown(path).length);
    case 'pathSeparatedPrefix': {
      const { value } = specifier;
      const text = prefixText(value, ignoreCase);
      const fits = (path: string) =>
        text.fits(path) && (path.length === value.length || path[value.length] === '/');
      return onPath(
        shown,
        { fits, description: `prefix ${JSON.stringify(value)} up to a /` },
        () => value.length,
      );
    }
    case 'connectMatcher':
      return {
        fits: ({ method }) => method === 'CONNECT',
        rewritten: (path) => shown(path).length,
        description: 'CONNECT requests only',
      };
    default:
      throw new UnsupportedError(
        specifier.case === undefined ? 'a match without a path' : 'path_match_policy',
      );
  }
}

function onPath(
  shown: (path: string) => string,
  text: { fits(text: string): boolean; readonly description: string },
  rewritten: (path: string) => number,
): PathMatcher {
  return {
    // CONNECT has no path, so that only routes made for it take it.
    fits: ({ path }) => path !== '' && text.fits(shown(path)),
    rewritten,
    description: `path ${text.description}`,
  };
}
