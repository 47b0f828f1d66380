/** Endpoints that stand in the cluster itself. */

import { type Assignment, withoutEndpoints } from '../assignment.ts';
import type { EndpointSpec } from '../host.ts';
import type { Discovery } from './discovery.ts';

/** Type STATIC: no names in it. */
export function fixedEndpoints(assignment: Assignment): Discovery {
  let pending: Assignment | undefined = assignment;
  return {
    edsName: undefined,
    isIdle: true,
    start: (onDiscovered) => {
      if (pending === undefined) return;
      const found = pending;
      // They are the cluster's from here on.
      pending = undefined;
      onDiscovered(placed(found), withoutEndpoints(found));
    },
    close: () => undefined,
  };
}

/** The endpoints whose addresses are known without asking anyone. */
export function placed({ endpoints }: Assignment): readonly EndpointSpec[] {
  return endpoints.flatMap(({ target, ...rest }) =>
    target.kind === 'name' ? [] : [{ ...rest, place: target }],
  );
}
