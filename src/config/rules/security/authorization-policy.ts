/** Rules of AuthorizationPolicy. https://istio.io/latest/docs/reference/config/security/authorization-policy/ */

import type {
  AuthorizationPolicy,
  AuthorizationPolicySpec,
  Operation,
  Rule,
} from '../../../api/generated/types/security.istio.io/AuthorizationPolicy.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkCondition } from './condition.ts';
import { checkDryRun } from './dry-run.ts';
import { checkPaths } from './path-template.ts';
import { checkSource, holdsForTcp } from './source.ts';
import { checkAttachment } from './target-ref.ts';
import { checkNotEmpty, checkPorts } from './values.ts';

export const kinds = ['security.istio.io/AuthorizationPolicy'] as const;

export const rules: KindRules<AuthorizationPolicy> = (object, report) => {
  const spec = object.value.spec ?? {};
  const action = spec.action ?? 'ALLOW';
  checkDryRun(report, object, action);
  checkAttachment(report, ['spec'], spec);
  checkAction(report, spec, action);
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    checkRule(report, ['spec', 'rules', index], rule, action);
  }
};

function checkAction(report: RuleReport, spec: AuthorizationPolicySpec, action: string): void {
  // An empty list is no different from none: that is how protobuf reads it.
  const empty = (spec.rules ?? []).length === 0;
  if (empty && (action === 'DENY' || action === 'CUSTOM')) {
    report.error(['spec', 'rules'], `without rules the action ${action} is never taken`, {
      check: 'MissingField',
      hint: 'Add an empty rule, - {}, to take it for every request.',
    });
  }
  if (action !== 'CUSTOM') {
    if (spec.provider !== undefined) {
      report.error(
        ['spec', 'provider'],
        `provider is only for the action CUSTOM, and the action is ${action}`,
      );
    }
  } else if (!empty && (spec.provider?.name ?? '') === '') {
    report.error(['spec', 'provider', 'name'], 'the action CUSTOM needs the name of a provider', {
      check: 'MissingField',
      hint: 'Name one of the extensionProviders of the mesh configuration.',
    });
  }
}

function checkRule(report: RuleReport, path: FieldPath, rule: Rule, action: string): void {
  const custom = action === 'CUSTOM';
  for (const field of ['from', 'to'] as const) {
    if (rule[field]?.length !== 0) continue;
    report.warn(
      [...path, field],
      `an empty "${field}" is read as if it were not there: it matches everything`,
      {
        hint: 'Fill it, or leave it out.',
      },
    );
  }
  for (const [index, { source }] of (rule.from ?? []).entries()) {
    const place = [...path, 'from', index];
    if (source === undefined) {
      report.error(place, 'must have a source', { check: 'MissingField' });
    } else checkSource(report, [...place, 'source'], source, custom);
  }
  for (const [index, { operation }] of (rule.to ?? []).entries()) {
    const place = [...path, 'to', index];
    if (operation === undefined) {
      report.error(place, 'must have an operation', { check: 'MissingField' });
    } else checkOperation(report, [...place, 'operation'], operation);
  }
  for (const [index, condition] of (rule.when ?? []).entries()) {
    const place = [...path, 'when', index];
    checkCondition(report, place, condition);
    if (custom && isIdentity(condition.key ?? '')) {
      report.error([...place, 'key'], `${condition.key} cannot be used with the action CUSTOM`);
    }
  }
  if (action === 'DENY' && isHttpOnly(rule)) {
    report.warn(
      path,
      'the rule names HTTP attributes only, which plain TCP lacks: it denies all traffic to TCP ports',
      {
        hint: 'Add the ports that are meant to an operation.',
      },
    );
  }
}

const OPERATION_FIELDS = [
  ...(['hosts', 'notHosts', 'ports', 'notPorts', 'methods', 'notMethods', 'paths', 'notPaths'] as const),
];

function checkOperation(report: RuleReport, path: FieldPath, operation: Operation): void {
  const set = OPERATION_FIELDS.filter((field) => (operation[field] ?? []).length > 0);
  if (set.length === 0) {
    report.error(
      path,
      'the operation is empty; set a field of it, or leave the whole "to" out to match any operation',
    );
  }
  for (const field of set) {
    const values = operation[field] ?? [];
    const place = [...path, field];
    if (field === 'ports' || field === 'notPorts') checkPorts(report, place, values);
    else if (field === 'paths' || field === 'notPaths') checkPaths(report, place, values);
    else checkNotEmpty(report, place, values);
  }
}

/** Attributes that an external authorizer cannot be given. */
function isIdentity(key: string): boolean {
  const sources = ['source.namespace', 'source.serviceAccount', 'source.trustDomain', 'source.principal'];
  return sources.includes(key) || key.startsWith('request.auth.');
}

/**
 * Whether a rule cannot be decided for plain TCP, where a DENY then always holds. As the control plane sees
 * it: one field in any entry is enough to know better.
 */
function isHttpOnly(rule: Rule): boolean {
  const sources = (rule.from ?? []).flatMap(({ source }) => source ?? []);
  const operations = (rule.to ?? []).flatMap(({ operation }) => operation ?? []);
  if (operations.length === 0) return sources.length > 0 && !sources.some(holdsForTcp);
  return !operations.some(({ ports = [], notPorts = [] }) => ports.length + notPorts.length > 0);
}
