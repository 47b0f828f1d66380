/** Rules of TrafficTarget: who may call whom. */

import type { FieldPath } from '../../../base/field-path.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type {
  Identity,
  OldRule,
  Rule,
  TrafficTarget,
  V1alpha1Destination,
} from '../../../api/generated/types/access.smi-spec.io/TrafficTarget.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['access.smi-spec.io/TrafficTarget'] as const;

/** The parts of a target, wherever its version puts them. */
interface Parts {
  readonly destination?: V1alpha1Destination;
  readonly sources?: readonly Identity[];
  readonly rules?: readonly (Rule | OldRule)[];
  readonly specs?: readonly OldRule[];
}

export const rules: KindRules<TrafficTarget> = (object, report) => {
  const early = object.version === 'v1alpha1';
  const base: FieldPath = early ? [] : ['spec'];
  const value = object.value as Parts & { readonly spec?: Parts };
  const parts = (early ? value : value.spec) ?? {};
  const { destination, sources } = parts;
  if (destination !== undefined) {
    checkIdentity(report, [...base, 'destination'], destination);
    // Later versions have a whole number here, and its limits in the schema.
    if (early) checkPort(report, ['destination', 'port'], destination.port);
  }
  for (const [index, source] of (sources ?? []).entries())
    checkIdentity(report, [...base, 'sources', index], source);
  // From v1alpha3 on the schema asks for them.
  if (object.version !== 'v1alpha3' && sources?.length === 0) {
    report.warn([...base, 'sources'], 'there are no sources, so nobody is allowed', {
      hint: 'Add a service account.',
    });
  }
  const field = early ? 'specs' : 'rules';
  checkRules(report, [...base, field], parts[field] ?? []);
};

function checkIdentity(
  report: RuleReport,
  path: FieldPath,
  { kind, name = '', namespace = '' }: Identity,
): void {
  if (kind !== undefined && kind !== 'ServiceAccount') {
    report.error([...path, 'kind'], `${JSON.stringify(kind)} is no kind of identity`, {
      hint: 'Write ServiceAccount.',
    });
  }
  // Service accounts are named as subdomains are.
  if (name !== '' && !name.split('.').every((label) => isDnsLabel(label))) {
    report.error([...path, 'name'], `${JSON.stringify(name)} is no name of a service account`);
  }
  if (namespace !== '' && !isDnsLabel(namespace)) {
    report.error([...path, 'namespace'], `${JSON.stringify(namespace)} is no name of a namespace`);
  }
}

function checkPort(report: RuleReport, path: FieldPath, port: number | string | undefined): void {
  if (port === undefined || port === '') return;
  const number = Number(port);
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return;
  report.error(path, `${JSON.stringify(port)} is no port from 1 to 65535`);
}

function checkRules(report: RuleReport, path: FieldPath, list: readonly (Rule | OldRule)[]): void {
  const seen = new Set<string>();
  for (const [index, { kind, name, matches = [] }] of list.entries()) {
    const place = [...path, index];
    if (kind !== undefined && kind !== 'HTTPRouteGroup' && matches.length > 0) {
      report.warn([...place, 'matches'], `a ${kind} has no named matches, so these have no effect`, {
        hint: 'Remove matches.',
      });
    }
    const key = JSON.stringify([kind, name, [...matches].toSorted()]);
    if (seen.has(key))
      report.warn(place, `${kind} ${name} stands twice`, { check: 'Duplicate', hint: 'Remove one.' });
    seen.add(key);
  }
}
