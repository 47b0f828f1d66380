/** Gateways that the control plane generates are its own business: a VirtualService should not name them. */

import { isGeneratedGateway } from '../../../model/gateways.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'virtualservice.GatewayAnalyzer',
  summary: 'No VirtualService names a Gateway that is generated from a Gateway API resource',
  reads: ['networking.istio.io/VirtualService'],
  messages: [MESSAGES.ReferencedInternalGateway],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      for (const [index, gateway] of (object.value.spec?.gateways ?? []).entries()) {
        if (!isGeneratedGateway(gateway)) continue;
        report(MESSAGES.ReferencedInternalGateway, object, ['spec', 'gateways', index], {
          virtualService: `${snapshot.namespaceOf(object)}/${object.meta.name}`,
          gateway,
        });
      }
    }
  },
};
