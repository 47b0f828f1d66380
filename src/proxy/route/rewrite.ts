/** The path, host and location that a request is given. */

import { compileRe2 } from '../../base/re2.ts';
import type {
  RedirectAction,
  RouteAction,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import type { RegexMatchAndSubstitute } from '../../xds/proto/generated/envoy/type/matcher/v3/regex_pb.js';
import { headerText } from './header-text.ts';
import type { PathMatcher } from './path-matcher.ts';
import { type RouteRequest, firstValue, plainPath, queryOf } from './request.ts';
import { UnsupportedError } from './unsupported.ts';

export type PathRewrite = (path: string) => string;

/** What a route does to the path; the query stays. */
export function compilePathRewrite(action: RouteAction, matcher: PathMatcher): PathRewrite {
  if (action.pathRewritePolicy !== undefined) throw new UnsupportedError('path_rewrite_policy');
  if (action.regexRewrite !== undefined) return byRegex(action.regexRewrite);
  return action.prefixRewrite === ''
    ? samePath
    : byPrefix(headerText('prefix_rewrite', action.prefixRewrite), matcher);
}

const samePath: PathRewrite = (path) => path;

function byPrefix(replacement: string, matcher: PathMatcher): PathRewrite {
  return (path) => replacement + path.slice(matcher.rewritten(path));
}

function byRegex({ pattern, substitution }: RegexMatchAndSubstitute): PathRewrite {
  const compiled = compileRe2(pattern?.regex ?? '');
  headerText('substitution', substitution);
  return (path) => {
    const plain = plainPath(path);
    return compiled.replaceAll(plain, substitution) + path.slice(plain.length);
  };
}

/** The host that the destination sees; undefined for that of the endpoint, which only its proxy knows. */
export type HostRewrite = (request: RouteRequest) => string | undefined;

export function compileHostRewrite({
  hostRewriteSpecifier: specifier,
}: Pick<RouteAction, 'hostRewriteSpecifier'>): HostRewrite {
  switch (specifier.case) {
    case 'hostRewriteLiteral': {
      const value = headerText('host_rewrite_literal', specifier.value);
      return ({ authority }) => (value === '' ? authority : value);
    }
    case 'hostRewriteHeader': {
      const name = specifier.value.toLowerCase();
      return (request) => {
        const value = firstValue(request, name) ?? '';
        return value === '' ? request.authority : value;
      };
    }
    case 'hostRewritePathRegex': {
      const rewrite = byRegex(specifier.value);
      return ({ path }) => rewrite(plainPath(path));
    }
    case 'autoHostRewrite': {
      const own = specifier.value.value;
      return ({ authority }) => (own ? undefined : authority);
    }
    default:
      return sameHost;
  }
}

const sameHost: HostRewrite = ({ authority }) => authority;

/** Where a redirect sends the client. */
export function compileLocation(
  action: RedirectAction,
  matcher: PathMatcher,
): (request: RouteRequest) => string {
  const path = compileRedirectPath(action, matcher);
  const scheme = action.schemeRewriteSpecifier;
  if (scheme.case === 'schemeRedirect') headerText('redirect.scheme_redirect', scheme.value);
  headerText('redirect.host_redirect', action.hostRedirect);
  return (request) => {
    const shown =
      scheme.case === 'schemeRedirect' && scheme.value !== ''
        ? scheme.value
        : scheme.case === 'httpsRedirect' && scheme.value
          ? 'https'
          : request.scheme;
    const port = action.portRedirect === 0 ? '' : `:${action.portRedirect}`;
    const host = action.hostRedirect === '' ? keptHost(request, shown, port !== '') : action.hostRedirect;
    const target = path(request.path);
    return `${shown}://${host}${port}${target.startsWith('/') ? '' : '/'}${target}`;
  };
}

function compileRedirectPath(
  { pathRewriteSpecifier: specifier, stripQuery }: RedirectAction,
  matcher: PathMatcher,
): PathRewrite {
  const kept = (path: string) => (stripQuery ? plainPath(path) : path);
  switch (specifier.case) {
    case 'prefixRewrite': {
      const rewrite = byPrefix(headerText('redirect.prefix_rewrite', specifier.value), matcher);
      return specifier.value === '' ? kept : (path) => kept(rewrite(path));
    }
    case 'regexRewrite': {
      const rewrite = byRegex(specifier.value);
      return (path) => kept(rewrite(path));
    }
    case 'pathRedirect': {
      const value = headerText('redirect.path_redirect', specifier.value);
      if (value === '') return kept;
      // A query of its own takes the place of the request's.
      return (path) => (value.includes('?') || stripQuery ? value : value + queryOf(path));
    }
    default:
      return kept;
  }
}

/** The host of the request; its port goes when another one is set, or was only the old scheme's own. */
function keptHost({ authority, scheme }: RouteRequest, shown: string, otherPort: boolean): string {
  const colon = authority.startsWith('[') ? authority.lastIndexOf(']:') + 1 : authority.lastIndexOf(':');
  if (colon <= 0) return authority;
  const port = authority.slice(colon);
  const was = scheme === 'https' ? ':443' : ':80';
  return otherPort || (shown !== scheme && port === was) ? authority.slice(0, colon) : authority;
}
