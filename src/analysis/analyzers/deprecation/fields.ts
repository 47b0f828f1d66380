/** Fields and kinds that Istio gave up: what replaced them. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import { KINDS } from '../../../api/kinds.ts';

export const analyzer: Analyzer = {
  name: 'deprecation.DeprecationAnalyzer',
  summary: 'No field or kind is used that Istio has given up',
  reads: [
    'apiextensions.k8s.io/CustomResourceDefinition',
    'networking.istio.io/Sidecar',
    'networking.istio.io/VirtualService',
  ],
  messages: [MESSAGES.Deprecated],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      for (const [index, { fault }] of (object.value.spec?.http ?? []).entries()) {
        if ((fault?.delay?.percent ?? 0) <= 0) continue;
        report(MESSAGES.Deprecated, object, ['spec', 'http', index, 'fault', 'delay', 'percent'], {
          detail: 'fault.delay.percent; use fault.delay.percentage instead',
        });
      }
    }
    for (const object of snapshot.list('networking.istio.io/Sidecar')) {
      if (object.value.spec?.outboundTrafficPolicy?.egressProxy === undefined) continue;
      report(MESSAGES.Deprecated, object, ['spec', 'outboundTrafficPolicy', 'egressProxy'], {
        detail: 'outboundTrafficPolicy.egressProxy is ignored',
      });
    }
    for (const object of snapshot.list('apiextensions.k8s.io/CustomResourceDefinition')) {
      const { group = '', names = {} } = object.value.spec ?? {};
      const removed = KINDS.find(
        (info) => info.group === group && info.kind === names.kind && info.legacy !== undefined,
      );
      if (removed === undefined) continue;
      report(MESSAGES.Deprecated, object, ['spec', 'names', 'kind'], {
        detail: `kind ${removed.kind} of ${group}: ${removed.legacy}`,
      });
    }
  },
};
