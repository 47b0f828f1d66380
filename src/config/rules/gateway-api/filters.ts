/** Filters of routes: which ones the mesh carries out, and where. */

import type { HTTPRouteFilter } from '../../../api/generated/types/gateway.networking.k8s.io/HTTPRoute.ts';
import type { GRPCRouteFilter } from '../../../api/generated/types/gateway.networking.k8s.io/GRPCRoute.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkBackend } from './backends.ts';

type Filter = HTTPRouteFilter | GRPCRouteFilter;

const HEADERS = ['RequestHeaderModifier', 'ResponseHeaderModifier'];
const ON_RULES = new Set<string>([...HEADERS, 'RequestMirror', 'RequestRedirect', 'URLRewrite', 'CORS']);
const ON_BACKENDS = new Set<string>(HEADERS);
const KNOWN = new Set<string>([...ON_RULES, 'ExtensionRef', 'ExternalAuth']);

/** Checks the filters of a rule (`place` rule) or of one backend. `path` is that of the list. */
export function checkFilters(
  report: RuleReport,
  path: FieldPath,
  filters: readonly Filter[] | undefined,
  place: 'rule' | 'backend',
): void {
  const supported = place === 'rule' ? ON_RULES : ON_BACKENDS;
  for (const [index, filter] of (filters ?? []).entries()) {
    const { type } = filter;
    // Words that are no filter at all are the schema's business.
    if (type !== undefined && KNOWN.has(type) && !supported.has(type)) {
      report.warn(
        [...path, index, 'type'],
        place === 'rule' || !ON_RULES.has(type)
          ? `the mesh has no filter ${type}, so the route is not accepted`
          : `the mesh carries out ${type} for whole rules only, so the route is not accepted`,
        {
          hint:
            type === 'ExternalAuth'
              ? 'Use an AuthorizationPolicy with action CUSTOM.'
              : place === 'backend'
                ? 'Move the filter to the rule, and give the backend a rule of its own.'
                : 'Use an EnvoyFilter or WasmPlugin on the gateway.',
        },
      );
    }
    checkBackend(report, [...path, index, 'requestMirror', 'backendRef'], filter.requestMirror?.backendRef);
  }
}
