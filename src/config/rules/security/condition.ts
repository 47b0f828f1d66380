/** Checks the conditions (`when`) of rules: the attributes that exist, and what values each takes. */

import type { FieldPath } from '../../../base/field-path.ts';
import { nearestName } from '../../../base/nearest.ts';
import type { RuleReport } from '../rule.ts';
import { checkServiceAccounts, checkWildcards } from './service-account.ts';
import { checkIpBlocks, checkNotEmpty, checkPorts } from './values.ts';

export interface Condition {
  readonly key?: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

type ValueCheck = (report: RuleReport, path: FieldPath, values: readonly string[]) => void;

const accounts: ValueCheck = (report, path, values) => checkServiceAccounts(report, path, values, false);

/** https://istio.io/latest/docs/reference/config/security/conditions/ */
const ATTRIBUTES: ReadonlyMap<string, ValueCheck> = new Map([
  ['source.ip', checkIpBlocks],
  ['remote.ip', checkIpBlocks],
  ['source.namespace', checkNotEmpty],
  ['source.serviceAccount', accounts],
  ['source.principal', checkNotEmpty],
  ['source.trustDomain', checkWildcards],
  ['request.auth.principal', checkNotEmpty],
  ['request.auth.audiences', checkNotEmpty],
  ['request.auth.presenter', checkNotEmpty],
  ['destination.ip', checkIpBlocks],
  ['destination.port', checkPorts],
  ['connection.sni', checkNotEmpty],
]);

/** Attributes with a key in brackets: they start with this and end with `]`. */
const KEYED: readonly string[] = ['request.headers', 'request.auth.claims', 'experimental.envoy.filters.'];

/** Attributes of earlier versions, and what took their place. */
const GONE: readonly (readonly [start: string, hint: string])[] = [
  ['destination.namespace', 'The policy holds in its own namespace: set metadata.namespace.'],
  ['destination.labels', 'Choose workloads with the selector.'],
  ['destination.name', 'Choose workloads with the selector.'],
  ['destination.user', 'Choose workloads with the selector.'],
];

/** A condition has a known attribute, and values that the attribute can have. */
export function checkCondition(report: RuleReport, path: FieldPath, condition: Condition): void {
  const { key, values = [], notValues = [] } = condition;
  // The schema reports an absent key.
  if (key === undefined) return;
  if (key === '') return report.error([...path, 'key'], 'must name an attribute, such as source.ip');
  if (values.length === 0 && notValues.length === 0) {
    report.error(path, `the condition on ${key} needs values or notValues`, { check: 'MissingField' });
    return;
  }
  const problem = keyProblem(key);
  if (problem !== undefined) report.error([...path, 'key'], problem.message, { hint: problem.hint });
  const check = ATTRIBUTES.get(key) ?? checkNotEmpty;
  check(report, [...path, 'values'], values);
  check(report, [...path, 'notValues'], notValues);
}

function keyProblem(key: string): { message: string; hint: string } | undefined {
  if (ATTRIBUTES.has(key)) return undefined;
  const keyed = KEYED.find((start) => key.startsWith(start));
  if (keyed !== undefined) {
    const open = key.indexOf('[');
    if (open > 0 && open < key.length - 2 && key.endsWith(']')) return undefined;
    const message = `"${key}" must have a name in brackets behind it`;
    return { message, hint: `Write it as ${keyed.replace(/\.$/, '.name')}[key].` };
  }
  const gone = GONE.find(([start]) =>
    start === 'destination.labels' ? key.startsWith(start) : key === start,
  );
  if (gone !== undefined) return { message: `the attribute ${key} is no longer supported`, hint: gone[1] };
  const known = [...ATTRIBUTES.keys(), 'request.headers[name]', 'request.auth.claims[name]'];
  const near = nearestName(key, known);
  const hint = near === undefined ? `Known attributes are ${known.join(', ')}.` : `Did you mean ${near}?`;
  return { message: `there is no attribute "${key.slice(0, 100)}"`, hint };
}
