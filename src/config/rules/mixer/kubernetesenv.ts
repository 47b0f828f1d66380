/** Rules of kubernetesenv: how it reads the cluster. */

import { isDnsLabel } from '../../../base/labels.ts';
import type { Kubernetesenv } from '../../../api/generated/types/config.istio.io/kubernetesenv.ts';
import type { KindRules } from '../rule.ts';
import { checkNotNegative } from './limits.ts';

export const kinds = ['config.istio.io/kubernetesenv'] as const;

export const rules: KindRules<Kubernetesenv> = (object, report) => {
  const { cacheRefreshDuration, clusterRegistriesNamespace: namespace = '' } = object.value.spec ?? {};
  checkNotNegative(report, ['spec', 'cacheRefreshDuration'], cacheRefreshDuration);
  if (namespace !== '' && !isDnsLabel(namespace)) {
    report.error(
      ['spec', 'clusterRegistriesNamespace'],
      `${JSON.stringify(namespace)} is no name of a namespace`,
    );
  }
};
