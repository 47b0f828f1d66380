/**
 * The profile `sds`, which Istio 1.4 had for keys by secret discovery: beyond `default`, it requires mutual TLS in the
 * whole mesh.
 */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';

export const profile = { meshConfig: { authPolicy: 'MUTUAL_TLS' } } satisfies IstioOperatorSpec;
