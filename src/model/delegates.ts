/** Routes that a VirtualService leaves to another one: put in its place, as far as both agree. */

import { originOfRule, withOrigin } from './rule-origins.ts';
import type { HttpMatch, HttpRoute, VirtualService } from './virtual-services.ts';

type StringMatch = NonNullable<HttpMatch['uri']>;

/**
 * The HTTP routes with those of the delegates in the place of each route that delegates. A delegate that does
 * not exist, or is not shown to the root's namespace, takes the route with it.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
 */
export function mergeDelegates(
  root: VirtualService,
  delegates: ReadonlyMap<string, VirtualService>,
): readonly HttpRoute[] {
  return root.http.flatMap((route) => {
    if (route.delegate === undefined) return [route];
    const { name = '', namespace = '' } = route.delegate;
    const delegate = delegates.get(`${namespace === '' ? root.namespace : namespace}/${name}`);
    if (delegate === undefined) return [];
    const { visibility } = delegate;
    if (!visibility.all && !visibility.namespaces.has(root.namespace)) return [];
    return delegate.http.flatMap((own) => mergeRoute(route, own) ?? []);
  });
}

/** One route of a delegate under the route that delegates; undefined when no request can meet both. */
function mergeRoute(root: HttpRoute, own: HttpRoute): HttpRoute | undefined {
  // A delegate's routes may not be left to yet another one.
  if (own.delegate !== undefined) return undefined;
  const match = mergeMatches(root.match, own.match);
  if (match === 'none') return undefined;
  const { delegate: _delegate, match: _match, ...rest } = root;
  const name = [root.name, own.name].filter((part) => part !== undefined && part !== '').join('-');
  const merged: HttpRoute = { ...rest, ...own, ...(name !== '' && { name }) };
  const { match: _own, ...withoutMatch } = merged;
  const headers = mergeHeaders(root.headers, own.headers);
  const rule: HttpRoute = {
    ...withoutMatch,
    ...(match !== undefined && { match }),
    ...(headers !== undefined && { headers }),
  };
  const origin = originOfRule(own);
  return withOrigin(rule, origin === undefined ? undefined : { ...origin, ownMatches: match === own.match });
}

type Headers = NonNullable<HttpRoute['headers']>;

function mergeHeaders(root: Headers | undefined, own: Headers | undefined): Headers | undefined {
  if (root === undefined || own === undefined) return own ?? root;
  const operations = (a: Headers['request'], b: Headers['request']) =>
    a === undefined || b === undefined
      ? (b ?? a)
      : {
          set: { ...a.set, ...b.set },
          add: { ...a.add, ...b.add },
          remove: [...(a.remove ?? []), ...(b.remove ?? [])],
        };
  const request = operations(root.request, own.request);
  const response = operations(root.response, own.response);
  return { ...(request !== undefined && { request }), ...(response !== undefined && { response }) };
}

function mergeMatches(
  root: readonly HttpMatch[] | undefined,
  own: readonly HttpMatch[] | undefined,
): readonly HttpMatch[] | 'none' | undefined {
  if (root === undefined || root.length === 0) return own;
  if (own === undefined || own.length === 0) return root;
  // Each alternative of the delegate has to fit one of the root's, else the route does not hold at all.
  const merged = own.flatMap((inner) => root.flatMap((outer) => mergeMatch(outer, inner) ?? []));
  return merged.length === 0 ? 'none' : merged;
}

/** Both together; undefined where they contradict each other. */
function mergeMatch(root: HttpMatch, own: HttpMatch): HttpMatch | undefined {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    if (contradicts(root[field], own[field])) return undefined;
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    const [outer, inner] = [root[field] ?? {}, own[field] ?? {}];
    if (Object.keys(inner).some((key) => Object.hasOwn(outer, key) && contradicts(outer[key], inner[key])))
      return undefined;
  }
  if (root.port !== undefined && own.port !== undefined && root.port !== own.port) return undefined;
  const name = [root.name, own.name].filter((part) => part !== undefined && part !== '').join('-');
  return {
    ...root,
    ...own,
    ...(name !== '' && { name }),
    ...mergedMap('headers', root, own),
    ...mergedMap('withoutHeaders', root, own),
    ...mergedMap('queryParams', root, own),
    ...mergedMap('sourceLabels', root, own),
  };
}

function mergedMap(
  field: 'headers' | 'withoutHeaders' | 'queryParams' | 'sourceLabels',
  root: HttpMatch,
  own: HttpMatch,
): Partial<HttpMatch> {
  return root[field] === undefined && own[field] === undefined
    ? {}
    : { [field]: { ...root[field], ...own[field] } };
}

/** The delegate may only narrow what the root asks for: an exact value or longer prefix under its prefix. */
function contradicts(root: StringMatch | undefined, own: StringMatch | undefined): boolean {
  if (root === undefined || own === undefined) return false;
  if (root.regex !== undefined || own.regex !== undefined) return root.regex !== own.regex;
  if (root.exact !== undefined) return own.exact !== root.exact;
  const prefix = root.prefix ?? '';
  return !(own.exact ?? own.prefix ?? '').startsWith(prefix);
}
