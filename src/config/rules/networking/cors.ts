/** Checks CORS policies. */

import type { CorsPolicy } from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import { MILLISECOND, parseDuration, SECOND } from '../../../base/duration.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { HTTP_METHODS } from '../../../base/http.ts';
import type { RuleReport } from '../rule.ts';
import { checkDuration } from './duration-field.ts';
import { checkHeaderName } from './header-name.ts';
import { checkStringMatchRegex } from './string-match.ts';

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy */
export function checkCorsPolicy(report: RuleReport, path: FieldPath, policy: CorsPolicy | undefined): void {
  if (policy === undefined) return;
  for (const [index, origin] of (policy.allowOrigins ?? []).entries()) {
    const place = [...path, 'allowOrigins', index];
    const text = origin.exact ?? origin.prefix ?? origin.regex ?? '';
    if (text === '') report.error(place, 'must have an exact text, a prefix or a regex that is not empty');
    else checkStringMatchRegex(report, place, origin);
  }
  for (const [index, method] of (policy.allowMethods ?? []).entries()) {
    if (method === '*' || HTTP_METHODS.includes(method)) continue;
    const upper = HTTP_METHODS.find((known) => known === method.toUpperCase());
    report.error([...path, 'allowMethods', index], `"${method}" is no HTTP method`, {
      hint: upper === undefined ? `Known are ${HTTP_METHODS.join(', ')} and *.` : `Write it as "${upper}".`,
    });
  }
  for (const field of ['allowHeaders', 'exposeHeaders'] as const) {
    for (const [index, name] of (policy[field] ?? []).entries()) {
      if (name === '') report.error([...path, field, index], 'must not be empty');
      else checkHeaderName(report, [...path, field, index], name);
    }
  }
  checkMaxAge(report, [...path, 'maxAge'], policy.maxAge);
}

/** The header that carries it counts in seconds. */
function checkMaxAge(report: RuleReport, path: FieldPath, maxAge: string | undefined): void {
  const nanos = maxAge === undefined ? undefined : parseDuration(maxAge);
  if (nanos !== undefined && nanos >= MILLISECOND && nanos % SECOND !== 0n) {
    report.error(path, `must be whole seconds, and is ${maxAge}`);
  } else checkDuration(report, path, maxAge);
}
