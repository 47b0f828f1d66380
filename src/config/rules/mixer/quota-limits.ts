/** Rules that the adapters for quotas share. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

/** Each quota needs the name of an instance, and a second one of the same name replaces the first. */
export function checkQuotaNames(report: RuleReport, quotas: readonly { readonly name?: string }[]): void {
  const seen = new Set<string>();
  for (const [index, { name = '' }] of quotas.entries()) {
    const path = ['spec', 'quotas', index, 'name'];
    if (name === '') {
      report.error(path, 'the quota has no name, so no request is counted by it', {
        check: 'MissingField',
        hint: 'Name the quota instance, as "requestcount.instance.istio-system".',
      });
    } else if (seen.has(name)) {
      report.warn(path, `another quota is called ${name}, too; the last one counts`, {
        check: 'Duplicate',
        hint: 'Remove one.',
      });
    }
    seen.add(name);
  }
}

/** The first override that matches counts, so one behind another that matches whenever it does never counts. */
export function checkShadowedOverrides(
  report: RuleReport,
  path: FieldPath,
  overrides: readonly { readonly dimensions?: Readonly<Record<string, string>> }[],
): void {
  // Each is compared with those before it; longer lists are machine-made.
  for (const [index, { dimensions = {} }] of overrides.slice(0, MAX_COMPARED).entries()) {
    const earlier = overrides
      .slice(0, index)
      .findIndex((one) =>
        Object.entries(one.dimensions ?? {}).every(([name, value]) => dimensions[name] === value),
      );
    if (earlier < 0) continue;
    report.warn([...path, index], `override ${earlier} matches all that this one does, and comes first`, {
      check: 'UnreachableRule',
      hint: 'Put the override with more dimensions first.',
    });
  }
}

const MAX_COMPARED = 200;
