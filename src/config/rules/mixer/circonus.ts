/** Rules of circonus: where and how often metrics are sent. */

import type { Circonus } from '../../../api/generated/types/config.istio.io/circonus.ts';
import type { KindRules } from '../rule.ts';
import { checkUrl } from './address.ts';
import { checkSecond } from './limits.ts';
import { checkMetricNames } from './metric-names.ts';

export const kinds = ['config.istio.io/circonus'] as const;

export const rules: KindRules<Circonus> = (object, report) => {
  const { submissionUrl = '', submissionInterval, metrics = [] } = object.value.spec ?? {};
  if (submissionUrl === '') {
    report.error(['spec', 'submissionUrl'], 'there is no URL to send metrics to', {
      check: 'MissingField',
      hint: 'Set submissionUrl.',
    });
  } else checkUrl(report, ['spec', 'submissionUrl'], submissionUrl, 'an HTTPTrap check');
  checkSecond(report, ['spec', 'submissionInterval'], submissionInterval);
  checkMetricNames(report, metrics);
};
