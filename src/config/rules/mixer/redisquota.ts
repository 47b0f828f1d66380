/** Rules of redisquota: the limits that are counted in Redis. */

import type { Quota, Redisquota } from '../../../api/generated/types/config.istio.io/redisquota.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkAddress } from './address.ts';
import { checkCount } from './limits.ts';
import { checkQuotaNames, checkShadowedOverrides } from './quota-limits.ts';
import { enumName, nanoseconds, wholeNumber } from './values.ts';

export const kinds = ['config.istio.io/redisquota'] as const;

export const rules: KindRules<Redisquota> = (object, report) => {
  const { quotas = [], redisServerUrl, connectionPoolSize } = object.value.spec ?? {};
  if (quotas.length === 0) {
    report.error(['spec', 'quotas'], 'there is no quota', {
      check: 'MissingField',
      hint: 'Add at least one.',
    });
  }
  checkQuotaNames(report, quotas);
  for (const [index, quota] of quotas.entries()) checkQuota(report, ['spec', 'quotas', index], quota);
  checkAddress(report, ['spec', 'redisServerUrl'], redisServerUrl);
  checkCount(report, ['spec', 'connectionPoolSize'], connectionPoolSize);
};

function checkQuota(report: RuleReport, path: FieldPath, quota: Quota): void {
  checkAmount(report, path, quota.maxAmount);
  checkWindow(report, path, quota);
  const overrides = quota.overrides ?? [];
  for (const [index, { dimensions = {}, maxAmount }] of overrides.entries()) {
    const place = [...path, 'overrides', index];
    checkAmount(report, place, maxAmount);
    if (Object.keys(dimensions).length === 0) {
      report.error([...place, 'dimensions'], 'the override has no dimensions', {
        check: 'MissingField',
        hint: 'Say which values it is for.',
      });
    }
  }
  const limited = overrides.every(({ dimensions = {} }) => Object.keys(dimensions).length > 0);
  if (limited) checkShadowedOverrides(report, [...path, 'overrides'], overrides);
}

function checkAmount(report: RuleReport, path: FieldPath, maxAmount: number | string | undefined): void {
  if ((wholeNumber(maxAmount) ?? 0n) > 0n) return;
  const message =
    maxAmount === undefined ? 'the limit is missing' : `the limit is ${maxAmount}; it must be more than 0`;
  report.error([...path, 'maxAmount'], message, { hint: 'Set maxAmount to 1 or more.' });
}

function checkWindow(report: RuleReport, path: FieldPath, quota: Quota): void {
  const valid = nanoseconds(quota.validDuration ?? '0s');
  const bucket = nanoseconds(quota.bucketDuration ?? '0s');
  if (valid !== undefined && valid <= 0n) {
    report.error([...path, 'validDuration'], 'the window has no length', {
      hint: 'Set validDuration to more than 0s.',
    });
  }
  if (bucket === undefined) return;
  const rolling = enumName(quota.rateLimitAlgorithm, ['FIXED_WINDOW', 'ROLLING_WINDOW']) === 'ROLLING_WINDOW';
  if (!rolling) {
    if (bucket < 0n) report.error([...path, 'bucketDuration'], `${quota.bucketDuration} is negative`);
    return;
  }
  if (bucket <= 0n) {
    report.error([...path, 'bucketDuration'], 'a rolling window needs a bucketDuration of more than 0s', {
      hint: 'Set it to a part of validDuration.',
    });
  } else if (valid !== undefined && valid > 0n && valid <= bucket) {
    const message = `the parts of the window (${quota.bucketDuration}) are not shorter than the window (${quota.validDuration})`;
    report.error([...path, 'bucketDuration'], message, { hint: 'Set it to less than validDuration.' });
  }
}
