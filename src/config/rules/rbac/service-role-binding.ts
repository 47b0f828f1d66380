/** Rules of ServiceRoleBinding, which gives the permissions of a ServiceRole to callers (Istio up to 1.5). */

import type {
  ServiceRoleBinding,
  ServiceRoleBindingSpec,
  Subject,
} from '../../../api/generated/types/rbac.istio.io/ServiceRoleBinding.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkAccessRule } from './access-rule.ts';

export const kinds = ['rbac.istio.io/ServiceRoleBinding'] as const;

/** https://istio.io/v1.4/docs/reference/config/security/istio.rbac.v1alpha1/#ServiceRoleBinding */
export const rules: KindRules<ServiceRoleBinding> = (object, report) => {
  const { spec } = object.value;
  if (spec === undefined) return;
  for (const [index, subject] of (spec.subjects ?? []).entries()) {
    checkSubject(report, ['spec', 'subjects', index], subject);
  }
  checkRole(report, spec);
  for (const [index, rule] of (spec.actions ?? []).entries())
    checkAccessRule(report, ['spec', 'actions', index], rule);
};

/** Properties that have a field of their own, which takes several values. */
const FIELD_OF_PROPERTY: Readonly<Record<string, 'names' | 'groups' | 'namespaces' | 'ips'>> = {
  'source.principal': 'names',
  'request.auth.claims[groups]': 'groups',
  'source.namespace': 'namespaces',
  'source.ip': 'ips',
};

function checkSubject(report: RuleReport, path: FieldPath, subject: Subject): void {
  if (Object.values(subject).every((value) => Object.keys(value).length === 0)) {
    report.error(path, 'the subject is empty; for all callers, write user: "*"');
  }
  for (const property of Object.keys(subject.properties ?? {})) {
    const field = Object.hasOwn(FIELD_OF_PROPERTY, property) ? FIELD_OF_PROPERTY[property] : undefined;
    if (field === undefined || (subject[field] ?? []).length === 0) continue;
    report.error([...path, 'properties', property], `${property} cannot stand beside ${field}; remove one`, {
      check: 'ExclusiveFields',
    });
  }
  for (const field of ['names', 'notNames'] as const) {
    for (const [index, name] of (subject[field] ?? []).entries()) {
      if (name !== '*') continue;
      report.error([...path, field, index], `"*" is not allowed in ${field}`, {
        hint: 'For all callers write user: "*", for all that are authenticated properties: {source.principal: "*"}.',
      });
    }
  }
}

function checkRole(report: RuleReport, spec: ServiceRoleBindingSpec): void {
  const { roleRef, role = '', actions = [] } = spec;
  const given = [roleRef !== undefined, role !== '', actions.length > 0].filter(Boolean).length;
  if (given !== 1) {
    const message =
      given === 0
        ? 'one of roleRef, role and actions must be set'
        : 'only one of roleRef, role and actions may be set';
    report.error(['spec'], message, { check: given === 0 ? 'MissingField' : 'ExclusiveFields' });
  }
  if (roleRef?.kind !== undefined && roleRef.kind !== 'ServiceRole') {
    report.error(['spec', 'roleRef', 'kind'], `must be ServiceRole, and is "${roleRef.kind}"`);
  }
  if (role === '/') report.error(['spec', 'role'], 'names no ServiceRole behind the slash');
}
