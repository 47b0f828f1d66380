/** `image: auto`: it works only where injection puts the real image in its place. */

import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import type { KindTypes } from '../../../api/generated/kind-types.ts';
import { PROXY_CONTAINER } from '../../../model/membership.ts';
import { type Labels, matchesSelector } from '../../../base/label-selector.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS, type PodSpec } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

type Webhook = NonNullable<
  KindTypes['admissionregistration.k8s.io/MutatingWebhookConfiguration']['webhooks']
>[number];

/** Kubernetes gives each namespace this label with its name. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

export const analyzer: Analyzer = {
  name: 'injection.ImageAutoAnalyzer',
  summary: 'Containers with `image: auto` are in pods that get injected',
  reads: [...WORKLOAD_KINDS, 'admissionregistration.k8s.io/MutatingWebhookConfiguration', 'core/Namespace'],
  messages: [MESSAGES.ImageAutoWithoutInjectionWarning, MESSAGES.ImageAutoWithoutInjectionError],
  analyze({ snapshot, report }) {
    const webhooks = injectionWebhooks(snapshot);
    const knowsNamespaces = snapshot.list('core/Namespace').length > 0;
    for (const { object, namespace, labels, spec, templatePath } of snapshot.workloads.all) {
      const index = autoContainer(spec);
      if (index < 0 || object.source.file === BUILTIN_FILE) continue;
      const path = [...templatePath, 'spec', 'containers', index, 'image'];
      const values = { kind: object.kind, name: object.meta.name };
      if (object.key === 'core/Pod') {
        // A pod that exists has been past the webhooks.
        report(MESSAGES.ImageAutoWithoutInjectionError, object, path, values);
        continue;
      }
      if (webhooks.length === 0) continue;
      const namespaceLabels = knowsNamespaces ? labelsOfNamespace(snapshot, namespace) : undefined;
      if (webhooks.some((webhook) => mayMatch(webhook, namespaceLabels, labels))) continue;
      report(MESSAGES.ImageAutoWithoutInjectionWarning, object, path, values);
    }
  },
};

function autoContainer({ containers = [] }: PodSpec): number {
  return containers.findIndex(({ name, image }) => name === PROXY_CONTAINER && image === 'auto');
}

function injectionWebhooks(snapshot: Snapshot): readonly Webhook[] {
  return snapshot
    .list('admissionregistration.k8s.io/MutatingWebhookConfiguration')
    .flatMap((object) => object.value.webhooks ?? [])
    .filter(({ name = '' }) => name.endsWith('.istio.io'));
}

function labelsOfNamespace(snapshot: Snapshot, namespace: string): Labels {
  return { [NAME_LABEL]: namespace, ...snapshot.find('core/Namespace', '', namespace)?.meta.labels };
}

/** Whether the webhook is called for such a pod. Labels of a namespace that are not known could be any. */
function mayMatch(webhook: Webhook, namespaceLabels: Labels | undefined, labels: Labels): boolean {
  const { namespaceSelector = {}, objectSelector = {} } = webhook;
  return (
    (namespaceLabels === undefined || matchesSelector(namespaceSelector, namespaceLabels)) &&
    matchesSelector(objectSelector, labels)
  );
}
