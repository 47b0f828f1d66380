/** Rules of memquota: the limits that Mixer counts in its memory. */

import type { Memquota, Override, Quota } from '../../../api/generated/types/config.istio.io/memquota.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkNotNegative, checkPositive } from './limits.ts';
import { checkQuotaNames, checkShadowedOverrides } from './quota-limits.ts';
import { wholeNumber } from './values.ts';

export const kinds = ['config.istio.io/memquota'] as const;

export const rules: KindRules<Memquota> = (object, report) => {
  const { quotas = [], minDeduplicationDuration } = object.value.spec ?? {};
  checkPositive(report, ['spec', 'minDeduplicationDuration'], minDeduplicationDuration);
  checkQuotaNames(report, quotas);
  for (const [index, quota] of quotas.entries()) {
    const path: FieldPath = ['spec', 'quotas', index];
    checkLimit(report, path, quota);
    const overrides = quota.overrides ?? [];
    for (const [at, override] of overrides.entries())
      checkLimit(report, [...path, 'overrides', at], override);
    checkShadowedOverrides(report, [...path, 'overrides'], overrides);
  }
};

function checkLimit(
  report: RuleReport,
  path: FieldPath,
  { maxAmount, validDuration }: Quota | Override,
): void {
  const amount = wholeNumber(maxAmount) ?? 0n;
  if (amount < 0n)
    report.error([...path, 'maxAmount'], `${maxAmount} is negative; the limit must be more than 0`);
  if (amount === 0n) {
    report.warn([...path, 'maxAmount'], 'the limit is 0, so every request is refused', {
      hint: 'Set maxAmount to 1 or more.',
    });
  }
  checkNotNegative(report, [...path, 'validDuration'], validDuration);
}
