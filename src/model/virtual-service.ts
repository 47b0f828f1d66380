/** What a VirtualService sends requests to. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { FieldPath } from '../base/field-path.ts';

type VirtualServiceSpec = NonNullable<KindTypes['networking.istio.io/VirtualService']['spec']>;
type HTTPRoute = NonNullable<VirtualServiceSpec['http']>[number];
type Destination = NonNullable<NonNullable<NonNullable<HTTPRoute['route']>[number]>['destination']>;

export interface RouteDestination {
  readonly destination: Destination;
  /** Path of the destination from the object's root. */
  readonly path: FieldPath;
  /** A copy of the traffic goes there; the answer does not count. */
  readonly mirror: boolean;
}

/** Every destination of every route, in the order of http, tls, tcp; mirrors behind the routes of their rule. */
export function destinationsOf(spec: VirtualServiceSpec): RouteDestination[] {
  const found: RouteDestination[] = [];
  const add = (destination: Destination | undefined, path: FieldPath, mirror: boolean) => {
    if (destination !== undefined) found.push({ destination, path, mirror });
  };
  for (const [index, rule] of (spec.http ?? []).entries()) {
    const at: FieldPath = ['spec', 'http', index];
    (rule.route ?? []).forEach((route, i) =>
      add(route.destination, [...at, 'route', i, 'destination'], false),
    );
    add(rule.mirror, [...at, 'mirror'], true);
    (rule.mirrors ?? []).forEach((mirror, i) =>
      add(mirror.destination, [...at, 'mirrors', i, 'destination'], true),
    );
  }
  for (const protocol of ['tls', 'tcp'] as const) {
    for (const [index, rule] of (spec[protocol] ?? []).entries()) {
      (rule.route ?? []).forEach((route, i) =>
        add(route.destination, ['spec', protocol, index, 'route', i, 'destination'], false),
      );
    }
  }
  return found;
}
