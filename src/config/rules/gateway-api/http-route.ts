/** Rules of HTTPRoute. https://gateway-api.sigs.k8s.io/reference/spec/#httproute */

import type {
  HTTPRoute,
  HTTPRouteMatch,
  HTTPRouteRule,
} from '../../../api/generated/types/gateway.networking.k8s.io/HTTPRoute.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkBackends } from './backends.ts';
import { checkExpression } from './expression.ts';
import { checkFilters } from './filters.ts';
import { checkHostnames, checkParents } from './parent-refs.ts';

export const kinds = ['gateway.networking.k8s.io/HTTPRoute'] as const;

// Filters that answer by themselves; what an extension does, nobody knows.
const ANSWERS = new Set(['RequestRedirect', 'ExtensionRef']);

export const rules: KindRules<HTTPRoute> = (object, report) => {
  const spec = object.value.spec;
  checkParents(report, spec?.parentRefs);
  checkHostnames(report, spec?.hostnames);
  for (const [index, rule] of (spec?.rules ?? []).entries())
    checkRule(report, ['spec', 'rules', index], rule);
};

function checkRule(report: RuleReport, path: FieldPath, rule: HTTPRouteRule): void {
  for (const [index, match] of (rule.matches ?? []).entries()) {
    checkMatch(report, [...path, 'matches', index], match);
  }
  const { filters, backendRefs } = rule;
  checkFilters(report, [...path, 'filters'], filters, 'rule');
  checkBackends(report, [...path, 'backendRefs'], backendRefs);
  for (const [index, backend] of (backendRefs ?? []).entries()) {
    checkFilters(report, [...path, 'backendRefs', index, 'filters'], backend.filters, 'backend');
  }
  const answered = (filters ?? []).some(({ type }) => type !== undefined && ANSWERS.has(type));
  if ((backendRefs ?? []).length === 0 && !answered) {
    report.warn(path, 'the rule has neither backendRefs nor a redirect, so its requests get status 500', {
      hint: 'Add backendRefs.',
    });
  }
}

function checkMatch(report: RuleReport, path: FieldPath, match: HTTPRouteMatch): void {
  checkExpression(report, [...path, 'path', 'value'], match.path);
  for (const [index, header] of (match.headers ?? []).entries()) {
    checkExpression(report, [...path, 'headers', index, 'value'], header);
  }
  for (const [index, parameter] of (match.queryParams ?? []).entries()) {
    checkExpression(report, [...path, 'queryParams', index, 'value'], parameter);
  }
}
