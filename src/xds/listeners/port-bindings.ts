/** At which addresses a listener waits for the connections to a service's port. */

import { isIp } from '../../base/cidr.ts';
import type { MeshService, MeshServicePort } from '../../model/services.ts';
import type { Input } from '../input.ts';
import { LOCALHOST, WILDCARD_ADDRESS } from '../names.ts';

export interface PortBinding {
  readonly bind: string;
  /** It is bound for real; else it gets what is redirected to the proxy. */
  readonly bound: boolean;
  /** Networks that connections must go to; none when the address says it all. */
  readonly subnets: readonly string[];
}

/**
 * For services with addresses one listener an address; for headless ones one for each pod, since clients
 * connect to the pods; for names without an address one on all addresses.
 */
export function portBindings(
  service: MeshService,
  port: MeshServicePort,
  listener: { readonly bind: string; readonly bound: boolean },
  { snapshot, proxy }: Input,
): readonly PortBinding[] {
  const { bound } = listener;
  if (listener.bind !== '') return [{ bind: listener.bind, bound, subnets: [] }];
  if (bound) return [{ bind: LOCALHOST, bound, subnets: [] }];
  if (service.headless) {
    const own = new Set(proxy.ips);
    const pods = snapshot
      .endpointsOf(service, port)
      .map(({ address }) => address)
      .filter((address) => isIp(address) && !own.has(address));
    return [...new Set(pods)].map((bind) => ({ bind, bound, subnets: [] }));
  }
  const single = service.addresses.filter(isIp).map((bind) => ({ bind, bound, subnets: [] }));
  const subnets = service.addresses.filter((address) => !isIp(address));
  if (subnets.length > 0) return [...single, { bind: WILDCARD_ADDRESS, bound, subnets }];
  return single.length > 0 ? single : [{ bind: WILDCARD_ADDRESS, bound, subnets: [] }];
}
