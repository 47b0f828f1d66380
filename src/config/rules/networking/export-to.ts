/** Checks `exportTo`: the namespaces that a configuration is visible in. */

import type { FieldPath } from '../../../base/field-path.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

/** What `exportTo` may hold depends on the kind. */
export interface ExportToOptions {
  /** The namespace of the object: what `.` stands for. */
  readonly namespace: string;
  /** `~` (nobody) is allowed, as it is for a ServiceEntry. */
  readonly allowNone?: boolean;
  /** The rule is bound to workloads of its namespace, so it cannot leave it. */
  readonly ownNamespaceOnly?: boolean;
}

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService */
export function checkExportTo(
  report: RuleReport,
  path: FieldPath,
  exportTo: readonly string[] | undefined,
  options: ExportToOptions,
): void {
  if (exportTo === undefined || exportTo.length === 0) return;
  const seen = new Map<string, string>();
  for (const [index, entry] of exportTo.entries()) {
    const place = [...path, index];
    const namespace = entry === '.' ? options.namespace : entry;
    const before = seen.get(namespace);
    if (before !== undefined) {
      const message =
        before === entry
          ? `"${entry}" is listed twice; remove one`
          : `"." and "${options.namespace}" are the same namespace; remove one`;
      report.error(place, message, { check: 'Duplicate' });
      continue;
    }
    const problem = entryProblem(namespace, options.allowNone ?? false);
    if (problem === undefined) seen.set(namespace, entry);
    else report.error(place, problem);
  }
  if (options.ownNamespaceOnly === true) checkOwnOnly(report, path, seen, options.namespace);
  if (exportTo.length === 1) return;
  if (seen.has('*')) {
    report.error(
      path,
      '"*" exports to all namespaces, so it must be the only entry; remove the others or "*"',
    );
  }
  if (seen.has('~')) report.error(path, '"~" exports to nobody, so it must be the only entry');
}

function checkOwnOnly(
  report: RuleReport,
  path: FieldPath,
  seen: ReadonlyMap<string, string>,
  namespace: string,
): void {
  if (seen.size === 0 || (seen.size === 1 && seen.has(namespace))) return;
  report.error(
    path,
    'a rule with a workloadSelector holds in its own namespace only: use ["."], or leave it out',
  );
}

function entryProblem(entry: string, allowNone: boolean): string | undefined {
  if (entry === '*') return undefined;
  if (entry === '~') return allowNone ? undefined : '"~" (nobody) is only for ServiceEntry';
  return isDnsLabel(entry) ? undefined : `"${entry}" must be ".", "*" or the name of a namespace`;
}
