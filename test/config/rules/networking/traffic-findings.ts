/** Runs the rules of VirtualService and DestinationRule on a spec, and gives the findings as short texts. */

import { formatFieldPath } from '../../../../src/base/field-path.ts';
import type { MeshObject } from '../../../../src/config/object.ts';
import * as destinationRule from '../../../../src/config/rules/networking/destination-rule.ts';
import * as virtualService from '../../../../src/config/rules/networking/virtual-service.ts';
import { RuleReport } from '../../../../src/config/rules/rule.ts';
import type { Finding } from '../../../../src/config/finding.ts';
import type { KindRules } from '../../../../src/config/rules/rule.ts';

export interface TestMeta {
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

type Spec = Readonly<Record<string, unknown>>;

export function virtualServiceFindings(spec: Spec, meta: TestMeta = {}): readonly Finding[] {
  return run(virtualService.rules as KindRules, 'VirtualService', spec, meta);
}

export function destinationRuleFindings(spec: Spec, meta: TestMeta = {}): readonly Finding[] {
  return run(destinationRule.rules as KindRules, 'DestinationRule', spec, meta);
}

/** `Error http[0].route`: level and path within the spec, of each finding. */
export function places(findings: readonly Finding[]): string[] {
  return findings.map(({ level, path }) => `${level} ${formatFieldPath(path.slice(1))}`.trimEnd());
}

/** What the rules say of an HTTP route at a sidecar, as `places` without the route's own path. */
export function httpRoutePlaces(route: Spec, spec: Spec = {}): string[] {
  const whole = { hosts: ['a.example.com'], http: [route], ...spec };
  return places(virtualServiceFindings(whole)).map((place) => place.replace(/http\[0\]\.?/, '').trimEnd());
}

/** What the rules say of a traffic policy, as `places` without the policy's own path. */
export function policyPlaces(policy: Spec, meta: TestMeta = {}): string[] {
  const findings = destinationRuleFindings({ host: 'a.example.com', trafficPolicy: policy }, meta);
  return places(findings).map((place) => place.replace(/trafficPolicy\.?/, '').trimEnd());
}

/** A route's destinations, when it does not matter which. */
export const SOMEWHERE = [{ destination: { host: 'b.example.com' } }] as const;

function run(
  rules: KindRules,
  kind: string,
  spec: Spec,
  { namespace, annotations = {} }: TestMeta,
): readonly Finding[] {
  const report = new RuleReport();
  const object: MeshObject = {
    key: `networking.istio.io/${kind}`,
    apiVersion: 'networking.istio.io/v1',
    group: 'networking.istio.io',
    version: 'v1',
    kind,
    meta: { name: 'test', namespace, labels: {}, annotations },
    value: { spec },
    info: undefined,
    source: { file: '-', line: 1, locate: () => ({ line: 1, column: 1 }) },
  };
  rules(object, report, { defaultNamespace: 'default', rootNamespace: 'istio-system' });
  return report.findings;
}
