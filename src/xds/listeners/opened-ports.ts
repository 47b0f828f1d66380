/** Where a gateway's proxy listens, and which servers of its Gateways are in force there. */

import { isHttp } from '../../base/protocol.ts';
import { type GatewayServer, gatewayServers, ownedHosts } from '../../model/gateway-servers.ts';
import { servedPorts } from '../../model/workload-services.ts';
import type { Input } from '../input.ts';

/** Servers at one address of the proxy, the oldest Gateway's first. */
export interface OpenedPort {
  readonly bind: string;
  /** Where the proxy listens: what the port of the Gateway leads to in its service. */
  readonly port: number;
  readonly servers: GatewayServer[];
}

/** All addresses with the servers in force there. Reports the others. */
export function openedPorts(input: Input): readonly OpenedPort[] {
  const { snapshot, proxy } = input;
  const targets = new Map<number, number>();
  for (const { port, targetPort } of servedPorts(proxy, snapshot)) {
    if (!targets.has(port.number)) targets.set(port.number, targetPort);
  }
  const opened = new Map<string, OpenedPort & { readonly taken: Set<string> }>();
  const gateways = snapshot.list('networking.istio.io/Gateway');
  for (const server of gatewayServers(gateways, proxy.labels, (one) => snapshot.namespaceOf(one))) {
    reportDefaultEndpoint(server, input);
    const port = targets.get(server.port) ?? server.port;
    const key = `${server.bind}|${port}`;
    const found = opened.get(key) ?? { bind: server.bind, port, servers: [], taken: new Set() };
    opened.set(key, found);
    if (takesHosts(server, found.taken, input) && fitsBeside(server, found.servers, input)) {
      found.servers.push(server);
    }
  }
  return [...opened.values()];
}

/** What Istio's API has, and no version of Istio does. */
function reportDefaultEndpoint(server: GatewayServer, input: Input): void {
  if ((server.spec.defaultEndpoint ?? '') !== '') {
    tell(
      server,
      `defaultEndpoint of server ${server.index} (port ${server.port}) is not in force: use a VirtualService.`,
      input,
    );
  }
}

/**
 * Whether no older server with TLS settings has one of the hosts; then they are taken. As in Istio a redirect to
 * HTTPS, which is a TLS setting as well, holds for the first of two such servers.
 * https://github.com/istio/istio/blob/master/pilot/pkg/model/gateway.go
 */
function takesHosts(server: GatewayServer, taken: Set<string>, input: Input): boolean {
  if (server.spec.tls === undefined) return true;
  const hosts = ownedHosts(server);
  if (hosts.some((host) => taken.has(host))) {
    tell(
      server,
      `Server ${server.index} (port ${server.port}) is not open: another server of the port has one of its hosts; ` +
        'give each host to one server.',
      input,
    );
    return false;
  }
  for (const host of hosts) taken.add(host);
  return true;
}

/**
 * Servers in the clear share a port when both speak HTTP; what came first stays. One may follow servers of TLS,
 * which are told apart by the server name, and none of these may follow it.
 */
function fitsBeside(server: GatewayServer, others: readonly GatewayServer[], input: Input): boolean {
  const plain = others.find(isPlain);
  if (plain === undefined || (isHttp(plain.protocol) && isHttp(server.protocol))) return true;
  tell(
    server,
    `Server ${server.index} (port ${server.port}) is not in force: Gateway ${plain.gateway} ` +
      `uses the port for ${plain.protocol ?? 'TCP'}. Give one of them another port.`,
    input,
  );
  return false;
}

function isPlain({ protocol, spec }: GatewayServer): boolean {
  return spec.tls === undefined || isHttp(protocol);
}

function tell({ namespace, gatewayName }: GatewayServer, message: string, { report }: Input): void {
  report({ kind: 'Gateway', namespace, name: gatewayName }, message);
}
