/** The profile `demo-auth`: `demo`, with mutual TLS required in the whole mesh. */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';
import { profile as demo } from './demo.ts';

export const profile = {
  ...demo,
  // Not a PeerAuthentication: the kind is only known to the cluster once the same manifest has been applied.
  meshConfig: { ...demo.meshConfig, authPolicy: 'MUTUAL_TLS' },
} satisfies IstioOperatorSpec;
