/** Annotations that the control plane keeps for itself, or for one kind. */

import type { MeshObject } from '../object.ts';
import type { RuleReport } from '../rules/rule.ts';
import { DRY_RUN_ANNOTATION } from '../rules/security/dry-run.ts';

/** What the control plane writes on objects that it makes from others: by hand they would lend its rights. */
const INTERNAL = ['internal.istio.io/parents', 'internal.istio.io/parent-namespace'];
/** With it the webhook refuses any object, so that a test can see that it is called. */
const ALWAYS_REJECT = 'internal.istio.io/webhook-always-reject';

/** Reports annotations for which the admission webhook refuses any of Istio's own kinds. */
export function checkReservedAnnotations(object: MeshObject, report: RuleReport): void {
  const { info } = object;
  if (info === undefined || info.external || info.legacy !== undefined || !info.group.endsWith('.istio.io'))
    return;
  const { annotations } = object.meta;
  for (const name of INTERNAL) {
    if (!Object.hasOwn(annotations, name)) continue;
    const hint = 'Remove the annotation.';
    report.error(['metadata', 'annotations', name], 'is for the control plane alone', {
      check: 'BadMetadata',
      hint,
    });
  }
  if (Object.hasOwn(annotations, ALWAYS_REJECT)) {
    report.error(['metadata', 'annotations', ALWAYS_REJECT], 'makes the webhook refuse the object', {
      check: 'BadMetadata',
      hint: 'It is for tests of the webhook; remove it.',
    });
  }
  if (info.kind !== 'AuthorizationPolicy' && Object.hasOwn(annotations, DRY_RUN_ANNOTATION)) {
    report.error(
      ['metadata', 'annotations', DRY_RUN_ANNOTATION],
      `a ${info.kind} cannot be tried out with a dry run`,
      {
        check: 'BadMetadata',
        hint: 'Only an AuthorizationPolicy can; remove the annotation.',
      },
    );
  }
}
