/** Rules of stackdriver: its metrics, logs and traces. */

import type { MetricInfo, Stackdriver } from '../../../api/generated/types/config.istio.io/stackdriver.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkBuckets } from './buckets.ts';
import { checkTemplate } from './go-template.ts';
import { checkNotNegative, checkShare } from './limits.ts';
import { enumName } from './values.ts';

export const kinds = ['config.istio.io/stackdriver'] as const;

const VALUES = [
  'VALUE_TYPE_UNSPECIFIED',
  'BOOL',
  'INT64',
  'DOUBLE',
  'STRING',
  'DISTRIBUTION',
  'MONEY',
] as const;

export const rules: KindRules<Stackdriver> = (object, report) => {
  const spec = object.value.spec ?? {};
  checkNotNegative(report, ['spec', 'pushInterval'], spec.pushInterval);
  checkShare(report, ['spec', 'trace', 'sampleProbability'], spec.trace?.sampleProbability);
  for (const [name, metric] of Object.entries(spec.metricInfo ?? {})) {
    checkMetric(report, ['spec', 'metricInfo', name], metric);
  }
  for (const [name, { payloadTemplate }] of Object.entries(spec.logInfo ?? {})) {
    checkTemplate(report, ['spec', 'logInfo', name, 'payloadTemplate'], payloadTemplate);
  }
};

function checkMetric(report: RuleReport, path: FieldPath, { value, buckets }: MetricInfo): void {
  const distribution = enumName(value, VALUES) === 'DISTRIBUTION';
  if (buckets === undefined) {
    if (distribution) {
      report.warn(path, 'the distribution has no buckets', { hint: 'Set buckets.' });
    }
  } else if (distribution) checkBuckets(report, [...path, 'buckets'], buckets);
}
