/** Checks when endpoints that fail are left out. */

import type { OutlierDetection } from '../../../api/generated/types/networking.istio.io/DestinationRule.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkDuration } from './duration-field.ts';

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection */
export function checkOutlierDetection(
  report: RuleReport,
  path: FieldPath,
  outlier: OutlierDetection | undefined,
): void {
  if (outlier === undefined) return;
  checkDuration(report, [...path, 'interval'], outlier.interval);
  checkDuration(report, [...path, 'baseEjectionTime'], outlier.baseEjectionTime);
  const localFailures = outlier.consecutiveLocalOriginFailures ?? 0;
  if (localFailures > 0 && outlier.splitExternalLocalOriginErrors !== true) {
    report.error(
      [...path, 'consecutiveLocalOriginFailures'],
      'counts only when splitExternalLocalOriginErrors is true; set that, or remove this',
    );
  }
}
