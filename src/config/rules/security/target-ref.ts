/** Checks the resources that a policy is attached to: `targetRef` and `targetRefs`. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkSelector } from '../workload-selector.ts';

/** Every kind with a PolicyTargetReference generates this shape. */
export interface TargetRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** The ways in which a policy says what it applies to. That only one is used is in the schemas. */
export interface Attachment {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly targetRef?: TargetRef;
  readonly targetRefs?: readonly TargetRef[];
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Service: ['', 'core'],
  ServiceEntry: ['networking.istio.io'],
  Gateway: ['gateway.networking.k8s.io'],
  GatewayClass: ['gateway.networking.k8s.io'],
};

/** Checks what a policy applies to. `path` is that of the object that holds the fields. */
export function checkAttachment(report: RuleReport, path: FieldPath, attachment: Attachment): void {
  const { selector } = attachment;
  if (selector !== undefined)
    checkSelector(report, [...path, 'selector'], selector.matchLabels, 'matchLabels');
  if (attachment.targetRef !== undefined)
    checkTargetRef(report, [...path, 'targetRef'], attachment.targetRef);
  for (const [index, ref] of (attachment.targetRefs ?? []).entries()) {
    checkTargetRef(report, [...path, 'targetRefs', index], ref);
  }
}

/** https://istio.io/latest/docs/reference/config/type/workload-selector/#PolicyTargetReference */
function checkTargetRef(report: RuleReport, path: FieldPath, ref: TargetRef): void {
  if (ref.namespace !== undefined && ref.namespace !== '') {
    report.error([...path, 'namespace'], 'a policy can only be attached to resources of its own namespace', {
      hint: 'Leave namespace out, and put the policy into the namespace of the resource.',
    });
  }
  // The schema reports an absent kind.
  if (ref.kind === undefined || ref.kind === '') return;
  const groups = Object.hasOwn(GROUPS, ref.kind) ? GROUPS[ref.kind] : undefined;
  if (groups === undefined) {
    const kinds = Object.keys(GROUPS).join(', ');
    report.error([...path, 'kind'], `a policy cannot be attached to a ${ref.kind}, only to one of ${kinds}`);
  } else if (!groups.includes(ref.group ?? '')) {
    const is = (ref.group ?? '') === '' ? 'the core group' : `"${ref.group}"`;
    report.error([...path, 'group'], `must be "${groups[0]}" for a ${ref.kind}, and is ${is}`);
  }
}
