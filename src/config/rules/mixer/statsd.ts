/** Rules of statsd: the server and how metrics are named and sent. */

import type { Statsd } from '../../../api/generated/types/config.istio.io/statsd.ts';
import type { KindRules } from '../rule.ts';
import { checkAddress } from './address.ts';
import { checkTemplate } from './go-template.ts';
import { checkCount, checkNotNegative, checkShare } from './limits.ts';

export const kinds = ['config.istio.io/statsd'] as const;

export const rules: KindRules<Statsd> = (object, report) => {
  const spec = object.value.spec ?? {};
  checkAddress(report, ['spec', 'address'], spec.address);
  checkNotNegative(report, ['spec', 'flushDuration'], spec.flushDuration);
  checkCount(report, ['spec', 'flushBytes'], spec.flushBytes);
  checkShare(report, ['spec', 'samplingRate'], spec.samplingRate);
  for (const [name, { nameTemplate }] of Object.entries(spec.metrics ?? {})) {
    checkTemplate(report, ['spec', 'metrics', name, 'nameTemplate'], nameTemplate);
  }
};
