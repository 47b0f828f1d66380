/** Rules of GRPCRoute. https://gateway-api.sigs.k8s.io/reference/spec/#grpcroute */

import type {
  GRPCRoute,
  GRPCRouteMatch,
} from '../../../api/generated/types/gateway.networking.k8s.io/GRPCRoute.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkBackends } from './backends.ts';
import { checkExpression } from './expression.ts';
import { checkFilters } from './filters.ts';
import { checkHostnames, checkParents } from './parent-refs.ts';

export const kinds = ['gateway.networking.k8s.io/GRPCRoute'] as const;

export const rules: KindRules<GRPCRoute> = (object, report) => {
  const spec = object.value.spec;
  checkParents(report, spec?.parentRefs);
  checkHostnames(report, spec?.hostnames);
  for (const [index, rule] of (spec?.rules ?? []).entries()) {
    const path = ['spec', 'rules', index];
    for (const [place, match] of (rule.matches ?? []).entries()) {
      checkMatch(report, [...path, 'matches', place], match);
    }
    const { filters, backendRefs } = rule;
    checkFilters(report, [...path, 'filters'], filters, 'rule');
    checkBackends(report, [...path, 'backendRefs'], backendRefs);
    for (const [place, backend] of (backendRefs ?? []).entries()) {
      checkFilters(report, [...path, 'backendRefs', place, 'filters'], backend.filters, 'backend');
    }
    if ((backendRefs ?? []).length === 0 && !(filters ?? []).some(({ type }) => type === 'ExtensionRef')) {
      report.warn(path, 'the rule has no backendRefs, so its calls end with UNAVAILABLE', {
        hint: 'Add backendRefs.',
      });
    }
  }
};

function checkMatch(report: RuleReport, path: FieldPath, { method, headers }: GRPCRouteMatch): void {
  for (const part of ['service', 'method'] as const) {
    checkExpression(report, [...path, 'method', part], { type: method?.type, value: method?.[part] });
  }
  for (const [index, header] of (headers ?? []).entries()) {
    checkExpression(report, [...path, 'headers', index, 'value'], header);
  }
}
