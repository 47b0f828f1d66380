/** Chains of a gateway that sends connections of the mesh on by the cluster that their server name spells. */

import { type GatewayServer, serverHosts } from '../../model/gateway-servers.ts';
import { hostCovers } from '../../model/hosts.ts';
import { type Input, ruleFor } from '../input.ts';
import { passedOnCluster } from '../names.ts';
import { type FilterChain, TRANSPORT_TIMEOUT } from './chains.ts';
import { tcpPassedOn } from './tcp-proxy.ts';

/**
 * What proxies offer when they open mutual TLS of the mesh. Nobody else's TLS goes through, and since the endpoints are
 * such as end it, nobody without a certificate reaches them.
 */
const MESH_PROTOCOLS = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

/** One for each port and subset of the services that the hosts of the server cover. */
export function passedOnChains(server: GatewayServer, input: Input): readonly FilterChain[] {
  const hosts = serverHosts(server);
  return input.scope.services.flatMap((service) => {
    if (service.external || !hosts.some((host) => hostCovers(host, service.hostname))) return [];
    const rule = ruleFor(input, service.hostname, service.namespace);
    return service.ports.flatMap((port) => {
      if (port.speaks === 'UDP') return [];
      return [undefined, ...(rule?.subsets ?? [])].map((subset): FilterChain => {
        const cluster = passedOnCluster(port.number, subset?.name, service.hostname);
        return {
          filterChainMatch: { serverNames: [cluster], applicationProtocols: MESH_PROTOCOLS },
          filters: [tcpPassedOn(cluster, service.hostname, subset?.name, port.number, input)],
          transportSocketConnectTimeout: TRANSPORT_TIMEOUT,
        };
      });
    });
  });
}
