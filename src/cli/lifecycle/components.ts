/** What parts of an installation are called when something is told of them. */

import type { ComponentName } from '../../install/components.ts';
import type { Resource } from '../../install/resource.ts';

export const TITLES = {
  Base: 'Istio core',
  Pilot: 'Istiod',
  IstiodRemote: 'Istiod of another cluster',
  IngressGateways: 'Ingress gateways',
  EgressGateways: 'Egress gateways',
  Addons: 'Addons',
} as const satisfies Record<ComponentName, string>;

/** The part that an object belongs to. */
export function componentOf({ metadata }: Resource): ComponentName {
  const named = metadata.labels?.['operator.istio.io/component'];
  return isComponent(named) ? named : 'Base';
}

function isComponent(name: string | undefined): name is ComponentName {
  return name !== undefined && Object.hasOwn(TITLES, name);
}
