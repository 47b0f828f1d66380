/** Rules of signalfx: the account and what is sent to it. */

import type { Signalfx } from '../../../api/generated/types/config.istio.io/signalfx.ts';
import type { KindRules } from '../rule.ts';
import { checkUrl } from './address.ts';
import { checkSecond, checkShare } from './limits.ts';
import { checkMetricNames } from './metric-names.ts';
import { enumName } from './values.ts';

export const kinds = ['config.istio.io/signalfx'] as const;

const TYPES = ['NONE', 'COUNTER', 'HISTOGRAM'] as const;

export const rules: KindRules<Signalfx> = (object, report) => {
  const spec = object.value.spec ?? {};
  if ((spec.accessToken ?? '') === '') {
    report.error(['spec', 'accessToken'], 'there is no token of the account', {
      check: 'MissingField',
      hint: 'Set accessToken.',
    });
  }
  if ((spec.ingestUrl ?? '') !== '')
    checkUrl(report, ['spec', 'ingestUrl'], spec.ingestUrl ?? '', 'a server');
  checkSecond(report, ['spec', 'datapointInterval'], spec.datapointInterval);
  checkMetricNames(report, spec.metrics ?? []);
  for (const [index, { type }] of (spec.metrics ?? []).entries()) {
    if (enumName(type ?? 'NONE', TYPES) !== 'NONE') continue;
    report.error(['spec', 'metrics', index, 'type'], 'the metric has no type', {
      check: 'MissingField',
      hint: 'Set it to COUNTER or HISTOGRAM.',
    });
  }
  checkShare(report, ['spec', 'tracing', 'sampleProbability'], spec.tracing?.sampleProbability);
};
