/** What belongs to the control plane's own installation. */

import type { Labels } from './selectors.ts';

/** Whether an object with these labels came with an installation of the mesh, and not from its users. */
export function isControlPlane(labels: Labels): boolean {
  return Object.hasOwn(labels, 'istio') || labels['release'] === 'istio';
}

/** Label of what a Gateway API controller makes for a Gateway. Its value names the controller. */
export const GATEWAY_MANAGED_LABEL = 'gateway.istio.io/managed';

const WAYPOINT_CONTROLLER = 'istio.io-mesh-controller';

const GATEWAY_CONTROLLERS: ReadonlySet<string> = new Set([
  'istio.io-gateway-controller',
  'istio.io-eastwest-controller',
  WAYPOINT_CONTROLLER,
]);

/** Whether the mesh's controller made the object for a Gateway of the Gateway API. */
export function isMadeForGateway(labels: Labels): boolean {
  return GATEWAY_CONTROLLERS.has(labels[GATEWAY_MANAGED_LABEL] ?? '');
}

/** Whether the mesh's controller made the object for a waypoint. */
export function isMadeForWaypoint(labels: Labels): boolean {
  return labels[GATEWAY_MANAGED_LABEL] === WAYPOINT_CONTROLLER;
}
