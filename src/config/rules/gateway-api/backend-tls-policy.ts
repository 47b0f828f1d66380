/** Rules of BackendTLSPolicy. https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicy */

import type { BackendTLSPolicy } from '../../../api/generated/types/gateway.networking.k8s.io/BackendTLSPolicy.ts';
import { isIp } from '../../../base/cidr.ts';
import type { KindRules } from '../rule.ts';
import { checkAllowedKind } from './group-kind.ts';

export const kinds = ['gateway.networking.k8s.io/BackendTLSPolicy'] as const;

const TARGETS = ['core/Service', 'networking.istio.io/ServiceEntry', 'gateway.networking.x-k8s.io/XBackend'];

export const rules: KindRules<BackendTLSPolicy> = (object, report) => {
  const spec = object.value.spec;
  for (const [index, { group, kind }] of (spec?.targetRefs ?? []).entries()) {
    if (group === undefined || kind === undefined) continue;
    checkAllowedKind(report, ['spec', 'targetRefs', index], { group, kind }, TARGETS);
  }
  const path = ['spec', 'validation'];
  const { hostname, caCertificateRefs, wellKnownCACertificates } = spec?.validation ?? {};
  for (const [index, { group, kind }] of (caCertificateRefs ?? []).entries()) {
    if (group === undefined || kind === undefined) continue;
    checkAllowedKind(report, [...path, 'caCertificateRefs', index], { group, kind }, [
      'core/ConfigMap',
      'core/Secret',
    ]);
  }
  if (wellKnownCACertificates?.includes('/') === true) {
    report.warn(
      [...path, 'wellKnownCACertificates'],
      `the mesh knows no root certificates "${wellKnownCACertificates}"`,
      { hint: 'Use System, or caCertificateRefs.' },
    );
  }
  if (hostname !== undefined && isIp(hostname)) {
    report.warn(
      [...path, 'hostname'],
      `"${hostname}" is an IP address; the server name of TLS must be a name`,
    );
  }
};
