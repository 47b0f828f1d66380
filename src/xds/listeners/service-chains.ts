/** The chains that carry connections to one service on as they are. */

import { isTls } from '../../base/protocol.ts';
import { MESH_GATEWAY } from '../../model/gateways.ts';
import { hostsOverlap } from '../../model/hosts.ts';
import type { MeshService, MeshServicePort } from '../../model/services.ts';
import type { EgressListener } from '../../model/sidecar-scopes.ts';
import { cacheOf, isDynamic } from '../dynamic-dns.ts';
import type { Input } from '../input.ts';
import { WILDCARD_ADDRESS, outboundCluster } from '../names.ts';
import { type FilterChain, TRANSPORT_TIMEOUT, serverNameMatch } from './chains.ts';
import { tcpChains, tlsChains } from './l4-routes.ts';
import { lookUpServerName, tcpToService } from './tcp-proxy.ts';

const MESH: ReadonlySet<string> = new Set([MESH_GATEWAY]);

export interface ServiceChainOptions {
  readonly bind: string;
  readonly subnets: readonly string[];
  readonly listener: EgressListener;
  readonly input: Input;
}

/** What VirtualServices say of the service's connections, and where those go of which none speaks. */
export function serviceTcpChains(
  service: MeshService,
  port: MeshServicePort,
  { bind, subnets, listener, input }: ServiceChainOptions,
): readonly FilterChain[] {
  const services = listener.virtualServices.filter(({ hosts }) =>
    hosts.some((host) => hostsOverlap(host, service.hostname)),
  );
  const context = { input, listenPort: port.number, gateways: MESH, isGateway: false };
  if (isTls(port.speaks)) {
    const chains = tlsChains(services, subnets, context);
    if (chains.length > 0) return chains;
    // Without an address of its own only the server name tells the service.
    const isShared = subnets.length > 0 || bind === WILDCARD_ADDRESS || isDynamic(service);
    const names = isShared ? [service.hostname] : [];
    return [plainChain(service, port, names, subnets, input)];
  }
  const { chains, complete } = tcpChains(services, subnets, context);
  return complete ? chains : [...chains, plainChain(service, port, [], subnets, input)];
}

function plainChain(
  service: MeshService,
  port: MeshServicePort,
  names: readonly string[],
  subnets: readonly string[],
  input: Input,
): FilterChain {
  const match = serverNameMatch(names, subnets);
  const cluster = outboundCluster(port.number, undefined, service.hostname);
  return {
    ...(Object.keys(match).length > 0 && { filterChainMatch: match }),
    filters: [
      ...(isDynamic(service) ? [lookUpServerName(cacheOf(service, input), port.number)] : []),
      tcpToService(cluster, service.hostname, port.number, input),
    ],
    transportSocketConnectTimeout: TRANSPORT_TIMEOUT,
  };
}
