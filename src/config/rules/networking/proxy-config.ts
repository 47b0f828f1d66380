/** Rules of ProxyConfig. https://istio.io/latest/docs/reference/config/networking/proxy-config/ */

import type { ProxyConfig } from '../../../api/generated/types/networking.istio.io/ProxyConfig.ts';
import type { KindRules } from '../rule.ts';
import { checkSelector } from '../workload-selector.ts';

export const kinds = ['networking.istio.io/ProxyConfig'] as const;

export const rules: KindRules<ProxyConfig> = (object, report) => {
  const selector = object.value.spec?.selector;
  if (selector === undefined) return;
  checkSelector(report, ['spec', 'selector'], selector.matchLabels, 'matchLabels');
};
