/** Rules of webhook configurations: names, places and selectors that Kubernetes refuses. */

import type { MutatingWebhookConfiguration } from '../../../api/generated/types/admissionregistration.k8s.io/MutatingWebhookConfiguration.ts';
import type { ValidatingWebhookConfiguration } from '../../../api/generated/types/admissionregistration.k8s.io/ValidatingWebhookConfiguration.ts';
import type { KindRules } from '../rule.ts';
import { checkLabelSelector } from './label-selector.ts';

export const kinds = [
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
] as const;

export const rules: KindRules<MutatingWebhookConfiguration | ValidatingWebhookConfiguration> = (
  object,
  report,
) => {
  const names = new Set<string>();
  for (const [index, webhook] of (object.value.webhooks ?? []).entries()) {
    const at = ['webhooks', index];
    if (webhook.name !== undefined) {
      if (names.has(webhook.name)) {
        report.error([...at, 'name'], `another webhook is named "${webhook.name}" too`, {
          check: 'Duplicate',
        });
      }
      names.add(webhook.name);
    }
    const { url, service } = webhook.clientConfig ?? {};
    if (webhook.clientConfig !== undefined && (url === undefined) === (service === undefined)) {
      report.error([...at, 'clientConfig'], 'exactly one of url and service must be set', {
        check: 'ExclusiveFields',
      });
    }
    checkLabelSelector(report, [...at, 'namespaceSelector'], webhook.namespaceSelector);
    checkLabelSelector(report, [...at, 'objectSelector'], webhook.objectSelector);
  }
};
