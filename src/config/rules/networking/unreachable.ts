/** Finds routes and matches of a VirtualService that no traffic ever reaches. */

import type {
  HTTPMatchRequest,
  HTTPRoute,
  VirtualServiceSpec,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import { MESH_GATEWAY } from './gateway-names.ts';
import { matchCovers } from './http-cover.ts';

/** The list of routes that a finding is about: a field of the spec. */
export type RouteList = 'http' | 'tls' | 'tcp';

/** A route, or a match of one, that is never used. Routes and matches are given by their index. */
export type Unused =
  | {
      readonly kind: 'route';
      readonly list: RouteList;
      readonly route: number;
      /** An earlier route has no match, or earlier routes have all matches of this one. */
      readonly reason: 'takes-all-before' | 'matches-used-before';
      /** The earlier route; of several, the last. */
      readonly by: number;
    }
  | {
      readonly kind: 'match';
      readonly list: RouteList;
      readonly route: number;
      readonly match: number;
      /** Whether the earlier match is equal, or takes all that this one would. */
      readonly reason: 'duplicate' | 'covered';
      readonly by: { readonly route: number; readonly match: number };
    };

interface Route {
  readonly match?: readonly object[];
}

interface Seen {
  readonly route: number;
  readonly match: number;
}

/** Comparisons of matches for one object at most: real ones have some dozens of matches. */
const MAX_COMPARISONS = 20_000;

/** Prefixes of real routes are shorter; of longer ones only so much is looked up. */
const MAX_PREFIX = 512;

/**
 * All that is never used, in the order of the lists. Routes that delegate take only what their delegate has
 * routes for, so they take nothing away from those behind them.
 */
export function findUnused(spec: VirtualServiceSpec): Unused[] {
  const covered = findCovered(spec);
  return [
    ...findRepeated('http', spec.http ?? [], covered),
    ...findRepeated('tls', spec.tls ?? [], covered),
    ...findRepeated('tcp', spec.tcp ?? [], covered),
  ];
}

/** Routes behind one without a match, and matches that stand there twice or are in `covered`, by `list.route.match`. */
function findRepeated(
  list: RouteList,
  routes: readonly (Route & Pick<HTTPRoute, 'delegate'>)[],
  covered: ReadonlyMap<string, Seen>,
): Unused[] {
  const unused: Unused[] = [];
  const seen = new Map<string, Seen>();
  let takesAll: number | undefined;
  for (const [route, { match: matches = [], delegate }] of routes.entries()) {
    if (takesAll !== undefined) {
      unused.push({ kind: 'route', list, route, reason: 'takes-all-before', by: takesAll });
      continue;
    }
    if (matches.length === 0) {
      if (delegate === undefined) takesAll = route;
      continue;
    }
    let duplicates = 0;
    let by = route;
    for (const [match, value] of matches.entries()) {
      const key = matchKey(value);
      const before = seen.get(key);
      const wider = covered.get(`${list}.${route}.${match}`);
      if (before !== undefined) {
        unused.push({ kind: 'match', list, route, match, reason: 'duplicate', by: before });
        duplicates++;
        by = before.route;
      } else if (wider !== undefined) {
        unused.push({ kind: 'match', list, route, match, reason: 'covered', by: wider });
      }
      if (before === undefined && delegate === undefined) seen.set(key, { route, match });
    }
    if (duplicates === matches.length) {
      unused.push({ kind: 'route', list, route, reason: 'matches-used-before', by });
    }
  }
  return unused;
}

type Earlier = Seen & { readonly value: HTTPMatchRequest };

/**
 * HTTP matches by path prefix that an earlier match by path prefix covers. Earlier ones are looked up by the
 * prefixes of the later one, and comparisons are counted, so that the work stays in bounds.
 */
function findCovered(spec: VirtualServiceSpec): Map<string, Seen> {
  const covered = new Map<string, Seen>();
  const gateways = spec.gateways !== undefined && spec.gateways.length > 0 ? spec.gateways : [MESH_GATEWAY];
  const earlier = new Map<string, Earlier[]>();
  let comparisons = 0;
  const firstCover = (value: HTTPMatchRequest, prefix: string): Earlier | undefined => {
    for (let end = 1; end <= Math.min(prefix.length, MAX_PREFIX); end++) {
      for (const one of earlier.get(prefix.slice(0, end)) ?? []) {
        if (++comparisons > MAX_COMPARISONS) return undefined;
        if (matchCovers(one.value, value, gateways)) return one;
      }
    }
    return undefined;
  };
  for (const [route, { match: matches = [], delegate }] of (spec.http ?? []).entries()) {
    for (const [match, value] of matches.entries()) {
      const prefix = value.uri?.prefix?.toLowerCase() ?? '';
      if (prefix === '') continue;
      const by = firstCover(value, prefix);
      if (by !== undefined) covered.set(`http.${route}.${match}`, { route: by.route, match: by.match });
      else if (delegate === undefined) {
        const known = earlier.get(prefix);
        if (known === undefined) earlier.set(prefix, [{ route, match, value }]);
        else known.push({ route, match, value });
      }
    }
  }
  return covered;
}

/** Equal for matches with the same conditions, whatever their names and the order of their fields. */
function matchKey(value: object): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner).filter(([name]) => !(key === '' && name === 'name'));
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
