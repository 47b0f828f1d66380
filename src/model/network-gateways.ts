/** Services that lead into a network from others. https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/ */

import type { MeshObject } from '../config/object.ts';
import { NETWORK_LABEL } from './topology.ts';

/** The port that takes what comes from other networks, where it is not the usual one. */
const PORT_LABEL = 'networking.istio.io/gatewayPort';
const USUAL_PORT = 15_443;

/** What of a service of the mesh says whether it is one. */
interface Service {
  readonly origin: 'Service' | 'ServiceEntry';
  readonly object: MeshObject;
  readonly ports: readonly { readonly number: number }[];
}

/** The network that a service leads into; undefined when its labels and ports do not say that it does. */
export function networkBehind({ origin, object, ports }: Service): string | undefined {
  const network = object.meta.labels?.[NETWORK_LABEL] ?? '';
  if (origin !== 'Service' || network === '') return undefined;
  const told = object.meta.labels?.[PORT_LABEL] ?? '';
  const wanted = /^\d{1,5}$/.test(told) ? Number(told) : USUAL_PORT;
  return ports.some(({ number }) => number === wanted) ? network : undefined;
}
