/** Checks header names and values that a VirtualService sets, adds or removes. */

import type {
  HeaderOperations,
  Headers,
  HTTPRewrite,
  HTTPRouteDestination,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isAuthorityHeader } from '../../../base/http.ts';
import type { RuleReport } from '../rule.ts';
import { headerFormatProblem } from './header-format.ts';

type HeaderMap = Readonly<Record<string, string>>;
/** What a route and a destination have in common; `appendHeaders` is of routes only. */
type HeaderFields = Omit<HTTPRouteDestination, 'destination' | 'weight'> & {
  readonly appendHeaders?: HeaderMap;
};

/** `headers` of a route or destination, and the fields that said the same in Istio 1.2 to 1.4. */
export function checkHeaders(report: RuleReport, path: FieldPath, fields: HeaderFields): void {
  checkOperations(report, [...path, 'headers', 'request'], fields.headers?.request, true);
  checkOperations(report, [...path, 'headers', 'response'], fields.headers?.response, false);
  for (const field of ['appendHeaders', 'appendRequestHeaders', 'appendResponseHeaders'] as const) {
    for (const name of Object.keys(fields[field] ?? {}))
      checkName(report, [...path, field, name], name, false);
  }
  for (const field of ['removeRequestHeaders', 'removeResponseHeaders'] as const) {
    for (const [index, name] of (fields[field] ?? []).entries()) {
      checkName(report, [...path, field, index], name, false);
    }
  }
}

/** The authority of a request is changed in one place only: by the rewrite, or by one header. */
export function checkSingleAuthority(
  report: RuleReport,
  path: FieldPath,
  rewrite: HTTPRewrite | undefined,
  headers: Headers | undefined,
): void {
  let changed = (rewrite?.authority ?? '') !== '';
  for (const operation of ['set', 'add'] as const) {
    for (const [name, value] of Object.entries(headers?.request?.[operation] ?? {})) {
      if (!isAuthorityHeader(name)) continue;
      if (changed) {
        report.error(
          [...path, 'headers', 'request', operation, name],
          'the authority is changed in another place too; change it in the rewrite or in one header',
        );
        return;
      }
      changed = value !== '';
    }
  }
}

function checkOperations(
  report: RuleReport,
  path: FieldPath,
  operations: HeaderOperations | undefined,
  request: boolean,
): void {
  if (operations === undefined) return;
  for (const operation of ['set', 'add'] as const) {
    for (const [name, value] of Object.entries(operations[operation] ?? {})) {
      const place = [...path, operation, name];
      checkName(report, place, name, request);
      const problem = headerFormatProblem(value);
      if (problem !== undefined) report.error(place, `the value ${problem}`);
    }
  }
  for (const [index, name] of (operations.remove ?? []).entries()) {
    checkName(report, [...path, 'remove', index], name, false);
  }
}

/** Pseudo headers and Host are Envoy's own; only the authority of a request may be set or added. */
function checkName(report: RuleReport, path: FieldPath, name: string, authorityAllowed: boolean): void {
  if (name === '') report.error(path, 'a header name must not be empty');
  else if (isAuthorityHeader(name)) {
    if (authorityAllowed) return;
    report.error(path, `"${name}" cannot be changed here; use rewrite.authority, or set it in a request`);
  } else if (name.startsWith(':')) {
    report.error(path, `"${name}" is a pseudo header, which cannot be changed`);
  }
}
