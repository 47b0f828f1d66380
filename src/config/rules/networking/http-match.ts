/** Checks the conditions of HTTP routes. */

import type {
  HTTPMatchRequest,
  StringMatch,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isPseudoHeader } from '../../../base/http.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';
import { checkGatewayNames } from './gateway-names.ts';
import { checkHeaderName } from './header-name.ts';
import { checkLabels } from './label-map.ts';
import { checkStringMatch, checkStringMatchRegex } from './string-match.ts';

const CLAIM_PREFIX = '@request.auth.claims';

/**
 * Whether a header name stands for a claim of the caller's JWT: `@request.auth.claims.NAME`, or
 * `@request.auth.claims[NAME]`. The prefix is read in any case.
 */
export function isJwtClaim(name: string): boolean {
  if (name.slice(0, CLAIM_PREFIX.length).toLowerCase() !== CLAIM_PREFIX) return false;
  const claim = name.slice(CLAIM_PREFIX.length);
  if (claim.length < 2) return false;
  return claim.startsWith('.') || (claim.startsWith('[') && claim.endsWith(']') && claim.length > 2);
}

/** One match: conditions on the request, and on who the rule is for. */
export function checkHttpMatch(report: RuleReport, path: FieldPath, match: HTTPMatchRequest): void {
  checkHeaderConditions(report, [...path, 'headers'], match.headers);
  checkHeaderConditions(report, [...path, 'withoutHeaders'], match.withoutHeaders, true);
  checkStringMatchRegex(report, [...path, 'uri'], match.uri);
  for (const field of ['scheme', 'method', 'authority'] as const) {
    checkStringMatch(report, [...path, field], match[field]);
  }
  for (const [name, condition] of Object.entries(match.queryParams ?? {})) {
    checkStringMatch(report, [...path, 'queryParams', name], condition);
  }
  checkLabels(report, [...path, 'sourceLabels'], match.sourceLabels);
  checkGatewayNames(report, [...path, 'gateways'], match.gateways);
  checkSourceNamespace(report, [...path, 'sourceNamespace'], match.sourceNamespace);
}

/** Claims are known at gateways only; sidecars would never match them. */
export function checkNoJwtClaims(report: RuleReport, path: FieldPath, match: HTTPMatchRequest): void {
  for (const field of ['headers', 'withoutHeaders'] as const) {
    for (const name of Object.keys(match[field] ?? {})) {
      if (!isJwtClaim(name)) continue;
      report.error(
        [...path, field, name],
        `"${name}" matches a JWT claim, which only gateways can do; list gateways, without "mesh", in spec.gateways`,
      );
    }
  }
}

function checkHeaderConditions(
  report: RuleReport,
  path: FieldPath,
  conditions: Readonly<Record<string, StringMatch>> | undefined,
  absent = false,
): void {
  for (const [name, condition] of Object.entries(conditions ?? {})) {
    const place = [...path, name];
    if (name === '') report.error(place, 'a header name must not be empty');
    else if (!isJwtClaim(name) && !isPseudoHeader(name)) checkHeaderName(report, place, name);
    // Here `*` is no regular expression, and stands for any value.
    if (!absent || condition.regex !== '*') checkStringMatch(report, place, condition);
  }
}

function checkSourceNamespace(report: RuleReport, path: FieldPath, namespace: string | undefined): void {
  if (namespace === undefined || namespace === '' || isDnsLabel(namespace)) return;
  report.error(path, `"${namespace}" cannot be the name of a namespace`);
}
