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
  const rule: HttpRoute = { ...withoutMatch, ...(match !== undefined && { match }) };
  const origin = originOfRule(own);
  return withOrigin(rule, origin === undefined ? undefined : { ...origin, ownMatches: match === own.match });
}

function mergeMatches(
  root: readonly HttpMatch[] | undefined,
  own: readonly HttpMatch[] | undefined,
): readonly HttpMatch[] | 'none' | undefined {
  if (root === undefined || root.length === 0) return own;
  if (own === undefined || own.length === 0) return root;
  const merged = own.map((inner) => root.flatMap((outer) => mergeMatch(outer, inner) ?? []));
  // Each alternative of the delegate has to fit one of the root's, else the route does not hold at all.
  return merged.some((fitting) => fitting.length === 0) ? 'none' : merged.flat();
}

/** Both together; undefined where the delegate asks for something that the root does not allow. */
function mergeMatch(root: HttpMatch, own: HttpMatch): HttpMatch | undefined {
  if (!narrows(root, own)) return undefined;
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

/** Whether the delegate's match takes requests of the root's only, as far as Istio tells the two apart. */
function narrows(root: HttpMatch, own: HttpMatch): boolean {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    if (contradicts(root[field], own[field])) return false;
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    const [outer, inner] = [root[field] ?? {}, own[field] ?? {}];
    if (common(outer, inner).some((key) => contradicts(outer[key], inner[key]))) return false;
  }
  if ((root.ignoreUriCase ?? false) !== (own.ignoreUriCase ?? false)) return false;
  if ((root.port ?? 0) !== 0 && (own.port ?? 0) !== 0 && root.port !== own.port) return false;
  const namespace = root.sourceNamespace ?? '';
  if (namespace !== '' && namespace !== own.sourceNamespace) return false;
  const [labels, ownLabels] = [root.sourceLabels ?? {}, own.sourceLabels ?? {}];
  if (common(labels, ownLabels).some((key) => labels[key] !== ownLabels[key])) return false;
  const [gateways, ownGateways] = [root.gateways ?? [], own.gateways ?? []];
  return gateways.length === 0 || ownGateways.every((gateway) => gateways.includes(gateway));
}

function common(one: object, other: object): readonly string[] {
  return Object.keys(other).filter((key) => Object.hasOwn(one, key));
}

/** An exact value or a longer prefix under its prefix narrow a match. Regular expressions cannot be compared. */
function contradicts(root: StringMatch | undefined, own: StringMatch | undefined): boolean {
  if (root === undefined || own === undefined) return false;
  if ((root.regex ?? own.regex) !== undefined) return true;
  if (root.exact !== undefined) return own.exact !== root.exact;
  // What only has to be there may not be told more precisely.
  if (root.prefix === undefined) return true;
  const value = own.exact ?? own.prefix;
  return value === undefined || !value.startsWith(root.prefix);
}
