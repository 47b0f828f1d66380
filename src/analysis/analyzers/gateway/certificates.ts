/** One certificate in several Gateways of a workload: clients that reuse connections can land on the wrong one. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import { matchesLabels } from '../../../model/selectors.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

type GatewaySpec = NonNullable<KindTypes['networking.istio.io/Gateway']['spec']>;
type ServerTLSSettings = NonNullable<NonNullable<GatewaySpec['servers']>[number]['tls']>;

export const analyzer: Analyzer = {
  name: 'gateway.CertificateAnalyzer',
  summary: 'Gateways of one workload have certificates of their own',
  reads: ['networking.istio.io/Gateway'],
  messages: [MESSAGES.GatewayDuplicateCertificate],
  analyze({ snapshot, report }) {
    const gateways = snapshot.list('networking.istio.io/Gateway').map((object) => ({
      object,
      name: `${snapshot.namespaceOf(object)}/${object.meta.name}`,
      selector: object.value.spec?.selector ?? {},
      certificates: (object.value.spec?.servers ?? []).map(({ tls }) => certificateOf(tls)),
    }));
    const holders = new Map<string, typeof gateways>();
    for (const gateway of gateways) {
      for (const certificate of new Set(gateway.certificates)) {
        if (certificate === undefined) continue;
        const list = holders.get(certificate);
        if (list === undefined) holders.set(certificate, [gateway]);
        else list.push(gateway);
      }
    }
    for (const gateway of gateways) {
      const told = new Set<string>();
      for (const [index, certificate] of gateway.certificates.entries()) {
        for (const other of certificate === undefined ? [] : (holders.get(certificate) ?? [])) {
          // The other Gateway serves at least the workloads of this one, so one listener gets both.
          if (other === gateway || told.has(other.name) || !matchesLabels(gateway.selector, other.selector))
            continue;
          told.add(other.name);
          report(MESSAGES.GatewayDuplicateCertificate, gateway.object, ['spec', 'servers', index, 'tls'], {
            gateways: [gateway.name, other.name],
          });
        }
      }
    }
  },
};

/** What makes two servers present the same certificate; undefined without one. */
function certificateOf(tls: ServerTLSSettings | undefined): string | undefined {
  const { credentialName = '', serverCertificate = '', privateKey = '' } = tls ?? {};
  if (credentialName !== '') return `secret ${credentialName}`;
  return serverCertificate !== '' && privateKey !== ''
    ? `files ${serverCertificate} ${privateKey}`
    : undefined;
}
