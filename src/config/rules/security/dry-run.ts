/** Checks the annotation that lets an AuthorizationPolicy only log what it would do. */

import type { MeshObject } from '../../object.ts';
import type { RuleReport } from '../rule.ts';

export const DRY_RUN_ANNOTATION = 'istio.io/dry-run';

// What Go's strconv.ParseBool takes.
const BOOLEANS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);

/** https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/ */
export function checkDryRun(report: RuleReport, object: Pick<MeshObject, 'meta'>, action: string): void {
  const { annotations } = object.meta;
  if (!Object.hasOwn(annotations, DRY_RUN_ANNOTATION)) return;
  const path = ['metadata', 'annotations', DRY_RUN_ANNOTATION];
  const value = annotations[DRY_RUN_ANNOTATION] ?? '';
  if (action !== 'ALLOW' && action !== 'DENY') {
    report.error(path, `a dry run is possible with the actions ALLOW and DENY only, not with ${action}`);
  } else if (!BOOLEANS.has(value)) report.error(path, `must be "true" or "false", and is "${value}"`);
}
