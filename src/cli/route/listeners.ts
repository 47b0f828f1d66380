/** The listener of a proxy that a request arrives at, and the routes that it is asked with. */

import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { fullHostname } from '../../model/hosts.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { servedPorts } from '../../model/workload-services.ts';
import { withoutPort } from '../../proxy/route/virtual-hosts.ts';
import type { FilterChain } from '../../xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '../../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfiguration } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { HttpConnectionManagerSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { TcpProxySchema } from '../../xds/proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { typeUrlOf } from '../../xds/proto/registry.ts';
import type { ProxyIdentity } from '../../xds/proxy-identity.ts';
import type { Translated } from '../../xds/translation-memo.ts';

/** Where a request ends up before any route is asked. */
export type Arrival =
  | {
      readonly kind: 'http';
      readonly listener: string;
      readonly routes: RouteConfiguration;
      readonly scheme: 'http' | 'https';
      /** What is done to the path before it is matched. */
      readonly normalizePath: boolean;
      readonly mergeSlashes: boolean;
    }
  /** Bytes go on as they are: to a cluster, with weights where there are several. */
  | {
      readonly kind: 'tcp';
      readonly listener: string;
      readonly clusters: readonly { readonly cluster: string; readonly weight: number }[];
    }
  | { readonly kind: 'none'; readonly reason: string };

const HTTP_DEFAULT = 80;
const HTTPS_DEFAULT = 443;

/** The port of a request: what is asked for, else that of the host, else the first of 80, 443 and the lowest. */
export function requestPort(asked: number | undefined, authority: string, open: readonly number[]): number {
  if (asked !== undefined) return asked;
  const written = authority.slice(withoutPort(authority).length + 1);
  if (written !== '') return Number(written);
  return (
    [HTTP_DEFAULT, HTTPS_DEFAULT].find((port) => open.includes(port)) ??
    [...open].sort((a, b) => a - b)[0] ??
    HTTP_DEFAULT
  );
}

/** The ports that clients call a gateway on. */
export function gatewayPorts(
  proxy: ProxyIdentity,
  snapshot: Snapshot,
  translated: Translated,
): readonly number[] {
  const called = new Map(
    servedPorts(proxy, snapshot).map(({ port, targetPort }) => [targetPort, port.number]),
  );
  return listenersOf(translated).map((one) => called.get(portOf(one)) ?? portOf(one));
}

export function arrivalAtGateway(
  port: number,
  authority: string,
  proxy: ProxyIdentity,
  snapshot: Snapshot,
  translated: Translated,
): Arrival {
  const served = servedPorts(proxy, snapshot);
  const target = served.find((one) => one.port.number === port)?.targetPort ?? port;
  const listener = listenersOf(translated).find((one) => portOf(one) === target);
  if (listener === undefined) {
    const open = gatewayPorts(proxy, snapshot, translated);
    const list = open.length === 0 ? 'it opens none' : `it opens ${open.join(', ')}`;
    return { kind: 'none', reason: `the gateway does not listen on port ${port}: ${list}` };
  }
  const chain = chainFor(chainsOf(listener), withoutPort(authority).toLowerCase());
  if (chain === undefined) {
    return { kind: 'none', reason: `no server on port ${port} has TLS for ${withoutPort(authority)}` };
  }
  return arrivalAt(listener, chain, translated);
}

export function arrivalAtSidecar(
  port: number,
  authority: string,
  proxy: ProxyIdentity,
  snapshot: Snapshot,
  translated: Translated,
): Arrival {
  const listeners = listenersOf(translated);
  const addresses = addressesOf(withoutPort(authority).toLowerCase(), proxy, snapshot);
  const names = [...addresses, '0.0.0.0'].map((address) => `${address}_${port}`);
  const found = names
    .map((name) => listeners.find((one) => one.name === name))
    .find((one) => one !== undefined);
  const listener = found ?? listeners.find(({ name }) => name === 'virtualOutbound');
  if (listener === undefined) return { kind: 'none', reason: `the sidecar does not take port ${port}` };
  const chains = chainsOf(listener);
  const http = chains.find((one) => filterOf(one, typeUrlOf(HttpConnectionManagerSchema)) !== undefined);
  // The chain for the port of the capture itself is there for loops only.
  const open = chains.filter((one) => one.filterChainMatch?.destinationPort === undefined);
  const chain = http ?? chainFor(open, withoutPort(authority).toLowerCase()) ?? open[0];
  if (chain === undefined) return { kind: 'none', reason: `the sidecar does not take port ${port}` };
  return arrivalAt(listener, chain, translated);
}

/** Addresses of the service that a host names, as this proxy's DNS would resolve it. */
function addressesOf(host: string, proxy: ProxyIdentity, snapshot: Snapshot): readonly string[] {
  const { domain } = snapshot.mesh;
  const forms = [
    host,
    fullHostname(host, proxy.namespace, domain),
    `${host}.${domain}`,
    `${host}.svc.${domain}`,
  ];
  const scope = snapshot.sidecarScopes.of(proxy.namespace, proxy.labels);
  return forms.flatMap((form) => scope.byHost.get(form)?.addresses ?? []);
}

function listenersOf({ listeners }: Translated): readonly Listener[] {
  return listeners.map(({ message }) => message as Listener);
}

function portOf({ address }: Listener): number {
  const socket = address?.address;
  return socket?.case === 'socketAddress' && socket.value.portSpecifier.case === 'portValue'
    ? socket.value.portSpecifier.value
    : 0;
}

/** The chain for a server name: the name itself, then the longest `*.suffix`, then one that asks for none. */
function chainFor(chains: readonly FilterChain[], name: string): FilterChain | undefined {
  const wanted = [name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    wanted.push(`*${name.slice(dot)}`);
  }
  for (const one of wanted) {
    const found = chains.find((chain) => namesOf(chain).some((own) => own.toLowerCase() === one));
    if (found !== undefined) return found;
  }
  return chains.find((chain) => namesOf(chain).length === 0);
}

/** The one for everything else comes last. */
function chainsOf({ filterChains, defaultFilterChain }: Listener): readonly FilterChain[] {
  return defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
}

function namesOf({ filterChainMatch }: FilterChain): readonly string[] {
  return filterChainMatch?.serverNames ?? [];
}

function filterOf({ filters }: FilterChain, typeUrl: string): Any | undefined {
  for (const { configType } of filters) {
    if (configType.case === 'typedConfig' && configType.value.typeUrl === typeUrl) return configType.value;
  }
  return undefined;
}

function arrivalAt({ name }: Listener, chain: FilterChain, translated: Translated): Arrival {
  const http = filterOf(chain, typeUrlOf(HttpConnectionManagerSchema));
  if (http !== undefined) {
    const manager = fromBinary(HttpConnectionManagerSchema, http.value);
    const source = manager.routeSpecifier;
    const rds = source.case === 'rds' ? source.value.routeConfigName : undefined;
    const served = translated.routes.find((one) => one.name === rds)?.message as
      | RouteConfiguration
      | undefined;
    const routes = source.case === 'routeConfig' ? source.value : served;
    if (routes === undefined) return { kind: 'none', reason: `the listener ${name} has no routes` };
    return {
      kind: 'http',
      listener: name,
      routes,
      scheme: chain.transportSocket === undefined ? 'http' : 'https',
      normalizePath: manager.normalizePath === true,
      mergeSlashes: manager.mergeSlashes,
    };
  }
  const tcp = filterOf(chain, typeUrlOf(TcpProxySchema));
  if (tcp === undefined) return { kind: 'none', reason: `the listener ${name} does nothing with requests` };
  const target = fromBinary(TcpProxySchema, tcp.value).clusterSpecifier;
  const clusters =
    target.case === 'cluster'
      ? [{ cluster: target.value, weight: 1 }]
      : target.case === 'weightedClusters'
        ? target.value.clusters.map((one) => ({ cluster: one.name, weight: one.weight }))
        : [];
  return { kind: 'tcp', listener: name, clusters };
}
