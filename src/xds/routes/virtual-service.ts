/** The HTTP routes of one VirtualService for one proxy and port. */

import { matchesLabels } from '../../model/selectors.ts';
import type { HttpMatch, HttpRoute, VirtualService } from '../../model/virtual-services.ts';
import { CORS_FILTER, corsConfig } from '../http-filters/cors.ts';
import { FAULT_FILTER, faultConfig } from '../http-filters/fault.ts';
import { configPath } from '../names.ts';
import { istioMetadata } from '../values.ts';
import { REDIRECT_CODES, type RouteContext, type RouteInit, routeAction } from './action.ts';
import { claimPath } from './claims.ts';
import { isCatchAll, routeMatch } from './match.ts';
import { matchWithOrigin } from './origins.ts';

/** In order, up to the first that takes every request. */
export function httpRoutes(service: VirtualService, context: RouteContext): RouteInit[] {
  const routes: RouteInit[] = [];
  for (const rule of service.http) {
    const matches = rule.match ?? [];
    // Alternatives are routes of their own.
    for (const match of matches.length === 0 ? [undefined] : matches) {
      if (!holdsFor(match, context)) continue;
      const built = routeOf(service, rule, match, context);
      routes.push(built);
      if (built.match !== undefined && isCatchAll(built.match)) return routes;
    }
  }
  return routes;
}

/** Conditions on the caller and the listener, which are known now. */
function holdsFor(match: HttpMatch | undefined, { input, listenPort, gateways }: RouteContext): boolean {
  if (match === undefined) return true;
  if (match.port !== undefined && match.port !== 0 && match.port !== listenPort) return false;
  const named = match.gateways ?? [];
  // Who names gateways says nothing of labels.
  if (named.length > 0) return named.some((gateway) => gateways.has(gateway));
  // The proxy's own traits are read only where something is asked of them: others can share the result.
  if (match.sourceLabels !== undefined && !matchesLabels(match.sourceLabels, input.proxy.labels))
    return false;
  const wanted = match.sourceNamespace ?? '';
  return wanted === '' || wanted === input.proxy.namespace;
}

function routeOf(
  service: VirtualService,
  rule: HttpRoute,
  match: HttpMatch | undefined,
  context: RouteContext,
): RouteInit & { match: NonNullable<RouteInit['match']> } {
  const condition = routeMatch(match);
  const { sentTo, ...action } = routeAction(rule, context);
  const ofMatch = match?.name ?? '';
  const name = `${rule.name ?? ''}${ofMatch === '' ? '' : `.${ofMatch}`}`;
  const path = shownPath(condition);
  const operation =
    sentTo === undefined
      ? `${service.name}:${context.listenPort}${path}`
      : `${sentTo.host}:${sentTo.port}${path}`;
  reportUnenforced(service, rule, match, context);
  const filters = perRouteFilters(rule);
  return {
    match: matchWithOrigin(condition, { rule, match }),
    ...(name !== '' && { name }),
    ...((match?.statPrefix ?? '') !== '' && { statPrefix: match?.statPrefix ?? '' }),
    ...action,
    metadata: istioMetadata({ config: configPath(service.apiVersion, 'virtual-service', service) }),
    decorator: { operation },
    ...(Object.keys(filters).length > 0 && { typedPerFilterConfig: filters }),
  };
}

function perRouteFilters(rule: HttpRoute): NonNullable<RouteInit['typedPerFilterConfig']> {
  const fault = rule.fault === undefined ? undefined : faultConfig(rule.fault);
  return {
    ...(fault !== undefined && { [FAULT_FILTER]: fault }),
    ...(rule.corsPolicy !== undefined && { [CORS_FILTER]: corsConfig(rule.corsPolicy) }),
  };
}

function shownPath({ pathSpecifier }: ReturnType<typeof routeMatch>): string {
  switch (pathSpecifier?.case) {
    case 'prefix':
      return `${pathSpecifier.value}*`;
    case 'path':
      return pathSpecifier.value;
    case 'safeRegex':
      return pathSpecifier.value.regex ?? '';
    default:
      return '/*';
  }
}

function reportUnenforced(
  service: VirtualService,
  rule: HttpRoute,
  match: HttpMatch | undefined,
  { input }: RouteContext,
): void {
  const object = { kind: 'VirtualService', namespace: service.namespace, name: service.name };
  const names = [...Object.keys(match?.headers ?? {}), ...Object.keys(match?.withoutHeaders ?? {})];
  if (names.some((name) => claimPath(name) !== undefined)) {
    input.report(object, 'Matches on @request.auth.claims fit no request: tokens are not checked yet.');
  }
  if (rule.fault?.delay !== undefined && rule.fault.delay.fixedDelay === undefined) {
    input.report(object, 'A fault.delay without fixedDelay is not in force. Set fixedDelay.');
  }
  const code = rule.redirect?.redirectCode ?? 0;
  if (code !== 0 && !(code in REDIRECT_CODES)) {
    input.report(
      object,
      `redirectCode ${code} cannot be answered with, so such requests get 500. Use 301, 302, 303, 307 or 308.`,
    );
  }
  const { abort } = rule.fault ?? {};
  if (abort !== undefined && abort.httpStatus === undefined && abort.grpcStatus === undefined) {
    input.report(object, 'A fault.abort without httpStatus or grpcStatus is not in force. Set one of them.');
  }
}
