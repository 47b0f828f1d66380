/** Runs the rules of one kind on an object written as YAML, and gives the findings as short texts. */

import { load } from 'js-yaml';
import { formatFieldPath } from '../../../../src/base/field-path.ts';
import { findKind, kindKey, splitApiVersion } from '../../../../src/api/kinds.ts';
import type { MeshObject } from '../../../../src/config/object.ts';
import { validate } from '../../../../src/config/validate.ts';
import { RuleReport } from '../../../../src/config/rules/rule.ts';
import type { KindRules } from '../../../../src/config/rules/rule.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
}

/** `Error check path` of each finding, in order. `rules` are those of the object's kind. */
export function findingsOf(rules: KindRules<never>, yaml: string): string[] {
  return reportOf(rules, yaml).findings.map(
    ({ level, check, path }) => `${level} ${check} ${formatFieldPath(path)}`,
  );
}

/** The messages and hints of the findings, in order. */
export function messagesOf(rules: KindRules<never>, yaml: string): string[] {
  return reportOf(rules, yaml).findings.map(({ message, hint }) =>
    hint === undefined ? message : `${message} | ${hint}`,
  );
}

/** The same of everything that `validate` says: schema, CEL rules, rules of the kind. */
export async function validationOf(yaml: string): Promise<string[]> {
  const results = await validate([objectOf(yaml)], { referential: false });
  return results.flatMap(({ findings }) =>
    findings.map(({ level, check, path }) => `${level} ${check} ${formatFieldPath(path)}`),
  );
}

function reportOf(rules: KindRules<never>, yaml: string): RuleReport {
  const report = new RuleReport();
  const context = { defaultNamespace: 'default', rootNamespace: 'istio-system' };
  (rules as KindRules)(objectOf(yaml), report, context);
  return report;
}

function objectOf(yaml: string): MeshObject {
  const value = load(yaml) as Manifest & Record<string, unknown>;
  const { group, version } = splitApiVersion(value.apiVersion);
  const key = kindKey(group, value.kind);
  return {
    key,
    apiVersion: value.apiVersion,
    group,
    version,
    kind: value.kind,
    meta: {
      name: value.metadata?.name ?? '',
      namespace: value.metadata?.namespace,
      labels: value.metadata?.labels ?? {},
      annotations: value.metadata?.annotations ?? {},
    },
    value,
    info: findKind(key),
    source: { file: 'test.yaml', line: 1, locate: () => ({ line: 1, column: 1 }) },
  };
}
