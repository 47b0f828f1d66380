/** Checks that a kind is named together with the API group it belongs to. */

import type { FieldPath } from '../../../base/field-path.ts';
import { nearestName } from '../../../base/nearest.ts';
import type { RuleReport } from '../rule.ts';

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Kinds that references of the Gateway API often name, and their groups. */
const GROUP_OF: ReadonlyMap<string, string> = new Map([
  ...['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'].map(
    (kind): [string, string] => [kind, GATEWAY_GROUP],
  ),
  ...['Service', 'Secret', 'ConfigMap'].map((kind): [string, string] => [kind, '']),
]);

/**
 * Warns of a well-known kind in a group that has none of that name, so that the reference points at nothing.
 * `group` and `kind` are the values in force, defaults included; `path` is that of the reference.
 */
export function checkGroupOfKind(report: RuleReport, path: FieldPath, group: string, kind: string): void {
  const right = GROUP_OF.get(kind);
  // ServiceEntry, ServiceImport and the like live in groups of their own, which nobody knows in full.
  if (right === undefined || right === group) return;
  const name = right === '' ? 'the core group, written as ""' : right;
  report.warn(
    [...path, 'group'],
    group === ''
      ? `there is no kind ${kind} in the core group`
      : `there is no kind ${kind} in the group ${group}`,
    {
      check: 'BrokenReference',
      hint: `Set group to ${right === '' ? '""' : right}: ${kind} belongs to ${name}.`,
    },
  );
}

/** Warns when a kind is none of those that can stand here. `allowed` has `group/Kind`, `core/Kind`. */
export function checkAllowedKind(
  report: RuleReport,
  path: FieldPath,
  reference: { readonly group: string; readonly kind: string },
  allowed: readonly string[],
): void {
  const { group, kind } = reference;
  // The core group has no name; "core" is a slip.
  if (group !== 'core' && allowed.includes(`${group === '' ? 'core' : group}/${kind}`)) return;
  const names = allowed.map((key) => key.slice(key.indexOf('/') + 1));
  if (names.includes(kind)) return checkGroupOfKind(report, path, group, kind);
  const near = nearestName(kind, names);
  report.warn([...path, 'kind'], `the mesh cannot use the kind ${kind} here`, {
    check: 'BrokenReference',
    hint: near === undefined ? `It understands ${names.join(', ')}.` : `Did you mean ${near}?`,
  });
}
