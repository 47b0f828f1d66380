/**
 * The profile `sds`, for secret discovery. Keys never leave the pod of a proxy and are handed out by its agent
 * in every profile; beyond `default`, this one requires mutual TLS with them, as Istio 1.4's profile did.
 */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';

export const profile = { meshConfig: { authPolicy: 'MUTUAL_TLS' } } satisfies IstioOperatorSpec;
