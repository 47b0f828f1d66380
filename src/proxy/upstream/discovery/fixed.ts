/** Endpoints that stand in the cluster itself. */

import type { Assignment } from '../assignment.ts';
import type { EndpointSpec } from '../host.ts';
import type { Discovery } from './discovery.ts';

/** Type STATIC: no names in it. */
export function fixedEndpoints(assignment: Assignment): Discovery {
  return {
    edsName: undefined,
    start: (onDiscovered) => onDiscovered(placed(assignment), assignment),
    close: () => undefined,
  };
}

/** The endpoints whose addresses are known without asking anyone. */
export function placed({ endpoints }: Assignment): readonly EndpointSpec[] {
  return endpoints.flatMap(({ target, ...rest }) =>
    target.kind === 'name' ? [] : [{ ...rest, place: target }],
  );
}
