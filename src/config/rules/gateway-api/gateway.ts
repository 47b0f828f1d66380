/** Rules of the Gateway API's Gateway. https://gateway-api.sigs.k8s.io/reference/spec/#gateway */

import type { Gateway } from '../../../api/generated/types/gateway.networking.k8s.io/Gateway.ts';
import { isIp } from '../../../base/cidr.ts';
import type { KindRules } from '../rule.ts';
import { checkAllowedKind } from './group-kind.ts';
import { checkListeners, checkNamespaces } from './listeners.ts';

export const kinds = ['gateway.networking.k8s.io/Gateway'] as const;

export const rules: KindRules<Gateway> = (object, report) => {
  const spec = object.value.spec;
  if (spec === undefined) return;
  for (const [index, { type = 'IPAddress', value }] of (spec.addresses ?? []).entries()) {
    if (type === 'IPAddress' && value !== undefined && !isIp(value)) {
      report.error(['spec', 'addresses', index, 'value'], `"${value}" is no IP address`, {
        hint: 'For a host name set type to Hostname.',
      });
    }
  }
  checkListeners(report, spec.listeners);
  checkNamespaces(report, ['spec', 'allowedListeners', 'namespaces'], spec.allowedListeners?.namespaces);
  const certificate = spec.tls?.backend?.clientCertificateRef;
  if (certificate !== undefined) {
    const { group = '', kind = 'Secret' } = certificate;
    checkAllowedKind(report, ['spec', 'tls', 'backend', 'clientCertificateRef'], { group, kind }, [
      'core/Secret',
    ]);
  }
};
