/** Rules of ServiceRole. https://istio.io/v1.4/docs/reference/config/security/istio.rbac.v1alpha1/#ServiceRole */

import type { ServiceRole } from '../../../api/generated/types/rbac.istio.io/ServiceRole.ts';
import type { KindRules } from '../rule.ts';
import { checkAccessRule } from './access-rule.ts';

export const kinds = ['rbac.istio.io/ServiceRole'] as const;

export const rules: KindRules<ServiceRole> = (object, report) => {
  for (const [index, rule] of (object.value.spec?.rules ?? []).entries()) {
    checkAccessRule(report, ['spec', 'rules', index], rule);
  }
};
