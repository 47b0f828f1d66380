/** Checks the permissions of Istio up to 1.5, in a ServiceRole or written out in a binding. */

import type { AccessRule } from '../../../api/generated/types/rbac.istio.io/ServiceRole.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

const PORT_ATTRIBUTE = 'destination.port';
const PAIRS = [
  ['methods', 'notMethods'],
  ['ports', 'notPorts'],
] as const;

/** https://istio.io/v1.4/docs/reference/config/security/istio.rbac.v1alpha1/#AccessRule */
export function checkAccessRule(report: RuleReport, path: FieldPath, rule: AccessRule): void {
  for (const [field, notField] of PAIRS) {
    if ((rule[field] ?? []).length === 0 || (rule[notField] ?? []).length === 0) continue;
    report.error([...path, notField], `${notField} cannot stand beside ${field}; remove one`, {
      check: 'ExclusiveFields',
    });
  }
  const hasPorts = (rule.ports ?? []).length + (rule.notPorts ?? []).length > 0;
  for (const [index, { key, values }] of (rule.constraints ?? []).entries()) {
    const place = [...path, 'constraints', index];
    // The schema reports what is empty.
    if (key === undefined) report.error(place, 'a constraint needs a key', { check: 'MissingField' });
    if (values === undefined) report.error(place, 'a constraint needs a value', { check: 'MissingField' });
    if (key === PORT_ATTRIBUTE && hasPorts) {
      report.error([...place, 'key'], `${PORT_ATTRIBUTE} cannot stand beside ports or notPorts; remove one`, {
        check: 'ExclusiveFields',
      });
    }
  }
}
