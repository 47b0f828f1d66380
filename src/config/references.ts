/** The referential check: names by which objects refer to one another must exist, as far as the input can tell. */

import type { KindKey } from '../api/kind-info.ts';
import type { Finding } from './finding.ts';
import type { MeshObject } from './object.ts';
import { checkMixerPart, checkMixerRule, checkSpecBinding } from './references/mixer.ts';
import { ObjectNames } from './references/names.ts';
import { checkDelegates, checkRoleBinding, checkRouteGroups } from './references/policies.ts';
import { RuleReport } from './rules/rule.ts';

type ReferenceCheck = (object: MeshObject, names: ObjectNames, report: RuleReport) => void;

const CHECKS: Readonly<Record<KindKey, ReferenceCheck>> = {
  'config.istio.io/rule': checkMixerRule,
  'config.istio.io/handler': checkMixerPart,
  'config.istio.io/instance': checkMixerPart,
  'config.istio.io/adapter': checkMixerPart,
  'config.istio.io/QuotaSpecBinding': checkSpecBinding,
  'config.istio.io/HTTPAPISpecBinding': checkSpecBinding,
  'rbac.istio.io/ServiceRoleBinding': checkRoleBinding,
  'networking.istio.io/VirtualService': checkDelegates,
  'access.smi-spec.io/TrafficTarget': checkRouteGroups,
  'split.smi-spec.io/TrafficSplit': checkRouteGroups,
};

/**
 * Findings on references that lead to nothing. Where the input has no object of the kind referred to, it is
 * taken to be a part of the whole, and nothing is said.
 */
export function referenceFindings(
  objects: readonly MeshObject[],
  defaultNamespace: string,
): ReadonlyMap<MeshObject, readonly Finding[]> {
  const findings = new Map<MeshObject, readonly Finding[]>();
  let names: ObjectNames | undefined;
  for (const object of objects) {
    const check = Object.hasOwn(CHECKS, object.key) ? CHECKS[object.key] : undefined;
    if (check === undefined) continue;
    names ??= new ObjectNames(objects, defaultNamespace);
    const report = new RuleReport();
    check(object, names, report);
    if (report.findings.length > 0) findings.set(object, report.findings);
  }
  return findings;
}
