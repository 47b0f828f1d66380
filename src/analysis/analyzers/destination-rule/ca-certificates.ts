/** TLS to a service without caCertificates: the connection is encrypted, but nobody checks who answers. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

type TLS = NonNullable<
  NonNullable<NonNullable<KindTypes['networking.istio.io/DestinationRule']['spec']>['trafficPolicy']>['tls']
>;

export const analyzer: Analyzer = {
  name: 'destinationrule.CaCertificateAnalyzer',
  summary: 'TLS settings of a DestinationRule say which authority vouches for the server',
  reads: ['networking.istio.io/DestinationRule'],
  messages: [
    MESSAGES.NoServerCertificateVerificationDestinationLevel,
    MESSAGES.NoServerCertificateVerificationPortLevel,
  ],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/DestinationRule')) {
      const { host = '', trafficPolicy = {}, workloadSelector } = object.value.spec ?? {};
      const about = { rule: object.meta.name, namespace: snapshot.namespaceOf(object), host };
      // A credential may bring its authority along, but is read only for rules with a workloadSelector.
      const unverified = (tls: TLS | undefined): boolean =>
        (tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL') &&
        (tls.caCertificates ?? '') === '' &&
        !((tls.credentialName ?? '') !== '' && workloadSelector !== undefined);
      if (unverified(trafficPolicy.tls)) {
        report(
          MESSAGES.NoServerCertificateVerificationDestinationLevel,
          object,
          ['spec', 'trafficPolicy', 'tls'],
          {
            ...about,
            mode: trafficPolicy.tls?.mode ?? '',
          },
        );
      }
      for (const [index, { port, tls }] of (trafficPolicy.portLevelSettings ?? []).entries()) {
        if (!unverified(tls)) continue;
        report(
          MESSAGES.NoServerCertificateVerificationPortLevel,
          object,
          ['spec', 'trafficPolicy', 'portLevelSettings', index, 'tls'],
          {
            ...about,
            mode: tls?.mode ?? '',
            port: port?.number ?? '',
          },
        );
      }
    }
  },
};
