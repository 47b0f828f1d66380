/** The profile `remote`: a cluster whose sidecars are served by a control plane in another cluster. */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';

export const profile = {
  components: {
    pilot: { enabled: false },
    ingressGateways: [{ name: 'istio-ingressgateway', enabled: false }],
  },
  values: { istiodRemote: { enabled: true }, global: { multiCluster: { enabled: true } } },
} satisfies IstioOperatorSpec;
