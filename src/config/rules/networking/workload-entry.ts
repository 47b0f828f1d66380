/** Rules of WorkloadEntry. https://istio.io/latest/docs/reference/config/networking/workload-entry/ */

import type { WorkloadEntry } from '../../../api/generated/types/networking.istio.io/WorkloadEntry.ts';
import type { KindRules } from '../rule.ts';
import { checkWorkload } from './workload-fields.ts';

export const kinds = ['networking.istio.io/WorkloadEntry'] as const;

export const rules: KindRules<WorkloadEntry> = (object, report) => {
  const { spec } = object.value;
  // Which service selects it, and so its ports and resolution, cannot be seen from here.
  if (spec !== undefined) checkWorkload(report, ['spec'], spec, { hostNames: true });
};
