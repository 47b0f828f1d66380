/** The profile `minimal`: the control plane and no gateway. */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';

export const profile = {
  components: { ingressGateways: [{ name: 'istio-ingressgateway', enabled: false }] },
} satisfies IstioOperatorSpec;
