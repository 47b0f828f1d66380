/** The profile `empty`: nothing, to start from. */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';

export const profile = {
  components: {
    base: { enabled: false },
    pilot: { enabled: false },
    ingressGateways: [{ name: 'istio-ingressgateway', enabled: false }],
  },
} satisfies IstioOperatorSpec;
