/** Who injects what: the webhooks of a cluster, and how they decide on namespaces and pods. */

import { isTree } from '../install/setting-path.ts';
import type { Resource } from '../install/resource.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Verdict {
  readonly webhook: string;
  readonly revision: string;
  readonly isInjecting: boolean;
  readonly reason: string;
}

const REFUSAL = 'sidecar.istio.io/inject';

/** What each of the webhooks would do with a pod that is made anew. */
export function verdicts(webhooks: readonly Resource[], namespace: Labels, pod: Labels): readonly Verdict[] {
  return webhooks.map((one) => {
    const base = { webhook: one.metadata.name, revision: revisionOf(one) };
    if (pod[REFUSAL] === 'false') {
      const reason = `Pod has ${REFUSAL}=false label, preventing injection`;
      return { ...base, isInjecting: false, reason };
    }
    const match = webhookList(one).find(
      (webhook) =>
        matches(webhook['namespaceSelector'], namespace) && matches(webhook['objectSelector'], pod),
    );
    if (match === undefined) {
      const wanted = new Set(webhookList(one).flatMap((webhook) => wordsOf(webhook['namespaceSelector'])));
      const reason = `No matching namespace labels (${[...wanted].join(', ')}) or pod labels`;
      return { ...base, isInjecting: false, reason };
    }
    const [ofNamespace, ofPod] = [wordsOf(match['namespaceSelector']), wordsOf(match['objectSelector'])];
    const reason = [
      ...(ofNamespace.length === 0 ? [] : [`Namespace label ${ofNamespace.join(', ')} matches`]),
      ...(ofPod.length === 0 ? [] : [`pod label ${ofPod.join(', ')} matches`]),
    ].join(', and ');
    return {
      ...base,
      isInjecting: true,
      reason: reason === '' ? 'It injects all that says nothing' : reason,
    };
  });
}

/** Whether any of the webhooks would inject pods of the namespace that say nothing themselves. */
export function injectorOf(webhooks: readonly Resource[], namespace: Labels): Resource | undefined {
  return webhooks.find((one) =>
    webhookList(one).some(
      (webhook) => matches(webhook['namespaceSelector'], namespace) && matches(webhook['objectSelector'], {}),
    ),
  );
}

/** The revision or tag that the webhook answers for. */
export function revisionOf({ metadata }: Resource): string {
  return metadata.labels?.['istio.io/rev'] ?? 'default';
}

function webhookList(one: Resource): readonly Readonly<Record<string, unknown>>[] {
  const list = one['webhooks'];
  return Array.isArray(list) ? (list as readonly unknown[]).filter(isTree) : [];
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function requirementsOf(selector: unknown): readonly Requirement[] {
  if (!isTree(selector)) return [];
  const { matchExpressions, matchLabels } = selector as {
    readonly matchExpressions?: readonly Requirement[];
    readonly matchLabels?: Labels;
  };
  return [
    ...(matchExpressions ?? []),
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
  ];
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
function matches(selector: unknown, labels: Labels): boolean {
  return requirementsOf(selector).every(({ key, operator, values = [] }) => {
    const own = labels[key];
    switch (operator) {
      case 'In':
        return own !== undefined && values.includes(own);
      case 'NotIn':
        return own === undefined || !values.includes(own);
      case 'Exists':
        return own !== undefined;
      case 'DoesNotExist':
        return own === undefined;
      default:
        return false;
    }
  });
}

/** `istio-injection=enabled` for what a selector asks for. */
function wordsOf(selector: unknown): readonly string[] {
  return requirementsOf(selector).flatMap(({ key, operator, values = [] }) =>
    operator === 'In' ? [`${key}=${values.join('|')}`] : [],
  );
}
