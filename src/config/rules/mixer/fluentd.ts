/** Rules of fluentd: the daemon's address and the limits of the queue before it. */

import type { Fluentd } from '../../../api/generated/types/config.istio.io/fluentd.ts';
import type { KindRules } from '../rule.ts';
import { checkAddress } from './address.ts';
import { checkCount, checkNotNegative } from './limits.ts';

export const kinds = ['config.istio.io/fluentd'] as const;

export const rules: KindRules<Fluentd> = (object, report) => {
  const spec = object.value.spec ?? {};
  checkAddress(report, ['spec', 'address'], spec.address);
  checkCount(report, ['spec', 'instanceBufferSize'], spec.instanceBufferSize);
  checkCount(report, ['spec', 'maxBatchSizeBytes'], spec.maxBatchSizeBytes);
  checkNotNegative(report, ['spec', 'pushIntervalDuration'], spec.pushIntervalDuration);
  checkNotNegative(report, ['spec', 'pushTimeoutDuration'], spec.pushTimeoutDuration);
};
