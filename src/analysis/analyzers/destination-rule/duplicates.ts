/** Several DestinationRules of a namespace for one host are merged, and what two of them say is lost in one. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { fullHostname } from '../../../model/hosts.ts';
import { formatLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { visibilitiesMeet, visibilityOf } from '../../../model/visibility.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

type Rule = MeshObject<KindTypes['networking.istio.io/DestinationRule']>;

export const analyzer: Analyzer = {
  name: 'destinationrule.DuplicateAnalyzer',
  summary: 'DestinationRules for one host do not contradict each other',
  reads: ['networking.istio.io/DestinationRule'],
  messages: [MESH_MESSAGES.DuplicateDestinationRule],
  analyze({ snapshot, report }) {
    const rules = snapshot.list('networking.istio.io/DestinationRule');
    for (const group of groupBy(rules, (rule) => mergeKey(snapshot, rule)).values()) {
      if (group.length < 2) continue;
      for (const rule of group) {
        const rivals = group.filter((other) => isRival(snapshot, rule, other));
        for (const { path, part, test } of partsOf(rule)) {
          const same = rivals.filter(test);
          if (same.length === 0) continue;
          report(MESH_MESSAGES.DuplicateDestinationRule, rule, path, {
            rules: [rule, ...same].map(({ meta }) => meta.name).sort(),
            host: rule.value.spec?.host ?? '',
            part,
          });
        }
      }
    }
  },
};

/** Rules with one key are merged: of one namespace, for one host and for the same clients. */
function mergeKey(snapshot: Snapshot, rule: Rule): string {
  const { host = '', workloadSelector } = rule.value.spec ?? {};
  const namespace = snapshot.namespaceOf(rule);
  const clients = workloadSelector === undefined ? '*' : formatLabels(workloadSelector.matchLabels ?? {});
  return `${namespace}|${fullHostname(host, namespace, snapshot.mesh.domain)}|${clients}`;
}

/** Another rule that some namespace sees together with this one; rules of one name are versions of one. */
function isRival(snapshot: Snapshot, rule: Rule, other: Rule): boolean {
  if (other === rule || other.meta.name === rule.meta.name) return false;
  const visibility = (one: Rule) =>
    visibilityOf(
      one.value.spec?.exportTo,
      snapshot.namespaceOf(one),
      snapshot.mesh.config.defaultDestinationRuleExportTo,
    );
  return visibilitiesMeet(visibility(rule), visibility(other));
}

/** What a merge keeps of one rule only, and whether another rule has it too. */
function partsOf(rule: Rule): { path: FieldPath; part: string; test: (other: Rule) => boolean }[] {
  const { trafficPolicy, subsets = [] } = rule.value.spec ?? {};
  const top =
    trafficPolicy === undefined
      ? []
      : [
          {
            path: ['spec', 'trafficPolicy'],
            part: 'a trafficPolicy',
            test: (other: Rule) => other.value.spec?.trafficPolicy !== undefined,
          },
        ];
  return [
    ...top,
    ...subsets.map(({ name = '' }, index) => ({
      path: ['spec', 'subsets', index],
      part: `a subset ${name}`,
      test: (other: Rule) => (other.value.spec?.subsets ?? []).some((subset) => subset.name === name),
    })),
  ];
}
