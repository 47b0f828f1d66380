/** Rules of what turns access control on in Istio up to 1.5: RbacConfig and ClusterRbacConfig. */

import type { RbacConfig } from '../../../api/generated/types/rbac.istio.io/RbacConfig.ts';
import type { KindRules } from '../rule.ts';

export const kinds = ['rbac.istio.io/RbacConfig', 'rbac.istio.io/ClusterRbacConfig'] as const;

const NEEDS = [
  ['ON_WITH_INCLUSION', 'inclusion'],
  ['ON_WITH_EXCLUSION', 'exclusion'],
] as const;

/** https://istio.io/v1.4/docs/reference/config/security/istio.rbac.v1alpha1/#RbacConfig */
export const rules: KindRules<RbacConfig> = (object, report) => {
  if (object.meta.name !== 'default') {
    report.error(
      ['metadata', 'name'],
      `a ${object.kind} must be called "default", and not "${object.meta.name}"`,
    );
  }
  const spec = object.value.spec ?? {};
  for (const [mode, field] of NEEDS) {
    if (spec.mode !== mode || spec[field] !== undefined) continue;
    report.error(['spec', field], `the mode ${mode} needs ${field}`, {
      check: 'MissingField',
      hint: `For none at all, write ${field}: {}.`,
    });
  }
};
