/** Rules of rbac, the adapter of releases before 1.1: where roles are read. */

import type { Rbac } from '../../../api/generated/types/config.istio.io/rbac.ts';
import type { KindRules } from '../rule.ts';
import { checkNotNegative } from './limits.ts';

export const kinds = ['config.istio.io/rbac'] as const;

export const rules: KindRules<Rbac> = (object, report) => {
  const { configStoreUrl = '', cacheDuration } = object.value.spec ?? {};
  if (configStoreUrl !== '' && !/^[a-z][a-z0-9+.-]*:\/\//i.test(configStoreUrl)) {
    report.error(['spec', 'configStoreUrl'], `${JSON.stringify(configStoreUrl)} is no URL of a store`, {
      hint: 'Write k8s:// for the cluster, or fs:///directory.',
    });
  }
  checkNotNegative(report, ['spec', 'cacheDuration'], cacheDuration);
};
