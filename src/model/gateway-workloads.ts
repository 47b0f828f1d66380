/** Which workloads a Gateway's selector stands for. */

import type { MeshObject } from '../config/object.ts';
import type { KindTypes } from '../api/generated/kind-types.ts';
import type { Labels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';
import type { Workload } from './workloads.ts';

/** Values of the label `istio` on the gateways that an installation of the mesh brings along. */
const INSTALLED_GATEWAYS: ReadonlySet<string> = new Set([
  'ingressgateway',
  'egressgateway',
  'eastwestgateway',
]);

/** Workloads that a Gateway configures, in any namespace; all of them when it has no selector. */
export function gatewayWorkloads(
  snapshot: Snapshot,
  gateway: MeshObject<KindTypes['networking.istio.io/Gateway']>,
): readonly Workload[] {
  return snapshot.workloads.select(gateway.value.spec?.selector ?? {});
}

/**
 * The selector names a gateway that comes with an installation, not with an application's files. That no
 * workload of the input has its labels says nothing then.
 */
export function selectsInstalledGateway(selector: Labels): boolean {
  return Object.keys(selector).length === 1 && INSTALLED_GATEWAYS.has(selector['istio'] ?? '');
}
