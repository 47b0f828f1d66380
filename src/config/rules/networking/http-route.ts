/** Checks HTTP routes: what each does with a request, and that its parts go together. */

import type {
  HTTPMirrorPolicy,
  HTTPRoute,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkCorsPolicy } from './cors.ts';
import { checkDestination, checkRouteDestinations } from './destination.ts';
import { checkDuration } from './duration-field.ts';
import { checkFault } from './fault.ts';
import { checkHeaders, checkSingleAuthority } from './http-headers.ts';
import { checkHttpMatch } from './http-match.ts';
import { checkDirectResponse, checkRedirect, checkRewrite } from './http-response.ts';
import { checkHttpRetry } from './http-retry.ts';

/** What a route may do depends on the object it stands in. */
export interface RouteSettings {
  /** The object has no hosts: another VirtualService delegates to it. */
  readonly delegate: boolean;
  /** The object was made from a Gateway API route, which has checked names already. */
  readonly generated: boolean;
}

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute */
export function checkHttpRoute(
  report: RuleReport,
  path: FieldPath,
  route: HTTPRoute,
  settings: RouteSettings,
): void {
  checkAction(report, path, route, settings.delegate);
  const matches = route.match ?? [];
  for (const [index, match] of matches.entries()) checkHttpMatch(report, [...path, 'match', index], match);
  checkHeaders(report, path, route);
  checkCorsPolicy(report, [...path, 'corsPolicy'], route.corsPolicy);
  checkFault(report, [...path, 'fault'], route.fault);
  checkDestination(report, [...path, 'mirror'], route.mirror);
  checkMirrors(report, [...path, 'mirrors'], route.mirrors);
  checkRedirect(report, [...path, 'redirect'], route.redirect, matches);
  checkDirectResponse(report, [...path, 'directResponse'], route.directResponse);
  checkHttpRetry(report, [...path, 'retries'], route.retries);
  checkRewrite(report, [...path, 'rewrite'], route.rewrite);
  checkSingleAuthority(report, path, route.rewrite, route.headers);
  for (const [index, destination] of (route.route ?? []).entries()) {
    checkHeaders(report, [...path, 'route', index], destination);
  }
  checkRouteDestinations(report, [...path, 'route'], route.route, settings.generated);
  checkDuration(report, [...path, 'timeout'], route.timeout);
}

function checkMirrors(
  report: RuleReport,
  path: FieldPath,
  mirrors: readonly HTTPMirrorPolicy[] | undefined,
): void {
  for (const [index, mirror] of (mirrors ?? []).entries()) {
    checkDestination(report, [...path, index, 'destination'], mirror.destination);
  }
}

/** A route forwards, redirects, answers or delegates: one of them, with what goes with it. */
function checkAction(report: RuleReport, path: FieldPath, route: HTTPRoute, delegate: boolean): void {
  const forwards = (route.route?.length ?? 0) > 0;
  if (route.delegate !== undefined && delegate) {
    report.error(
      [...path, 'delegate'],
      'a VirtualService without hosts is a delegate itself, and cannot delegate further; give it hosts, or routes',
    );
  } else if (route.delegate !== undefined) {
    if (route.redirect !== undefined) exclude(report, path, 'redirect', 'delegate');
    if (forwards) exclude(report, path, 'route', 'delegate');
    return;
  }

  const action =
    route.redirect !== undefined
      ? 'redirect'
      : route.directResponse !== undefined
        ? 'directResponse'
        : undefined;
  if (action !== undefined) {
    if (forwards) exclude(report, path, 'route', action);
    if (route.fault !== undefined) exclude(report, path, 'fault', action);
    if (route.rewrite !== undefined) exclude(report, path, 'rewrite', action);
    if (action === 'redirect' && route.directResponse !== undefined) {
      exclude(report, path, 'directResponse', action);
    }
    if (action === 'redirect' && route.websocketUpgrade === true) {
      exclude(report, path, 'websocketUpgrade', action);
    }
  } else if (!forwards) {
    report.error(path, 'must do something: give it a route, a redirect, a directResponse or a delegate', {
      check: 'MissingField',
    });
  }
  if (route.mirror !== undefined && (route.mirrors?.length ?? 0) > 0)
    exclude(report, path, 'mirror', 'mirrors');
}

function exclude(report: RuleReport, path: FieldPath, field: string, other: string): void {
  report.error([...path, field], `cannot stand beside ${other}; remove one of them`, {
    check: 'ExclusiveFields',
  });
}
