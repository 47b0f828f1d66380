/** An outbound policy that says nothing: the mode that it then has is not the mesh's. */

import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'sidecar.OutboundPolicyAnalyzer',
  summary: 'The outbound policy of a Sidecar names its mode',
  reads: ['networking.istio.io/Sidecar'],
  messages: [MESH_MESSAGES.OutboundPolicyWithoutMode],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/Sidecar')) {
      const policy = object.value.spec?.outboundTrafficPolicy;
      if (policy === undefined || policy.mode !== undefined) continue;
      report(MESH_MESSAGES.OutboundPolicyWithoutMode, object, ['spec', 'outboundTrafficPolicy'], {});
    }
  },
};
