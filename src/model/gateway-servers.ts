/** The servers that all Gateways together open on one gateway's proxy. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import { isHttp, isTls, parseProtocol, type Protocol } from '../base/protocol.ts';
import type { MeshObject } from '../config/object.ts';
import { byAge, creationTime } from './age.ts';
import { offeredHost } from './gateways.ts';
import { hostCovers } from './hosts.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { VirtualService } from './virtual-services.ts';

export type GatewayObject = MeshObject<KindTypes['networking.istio.io/Gateway']>;
export type ServerSpec = NonNullable<
  NonNullable<KindTypes['networking.istio.io/Gateway']['spec']>['servers']
>[number];

export interface GatewayServer {
  readonly object: GatewayObject;
  /** `namespace/name` of its Gateway. */
  readonly gateway: string;
  readonly namespace: string;
  readonly gatewayName: string;
  /** Where it stands in the Gateway. */
  readonly index: number;
  /** As written in the Gateway: what clients call. */
  readonly port: number;
  readonly portName: string;
  readonly protocol: Protocol | undefined;
  readonly bind: string;
  readonly spec: ServerSpec;
}

/** Servers of the Gateways that select a proxy with these labels, the oldest Gateway's first. */
export function gatewayServers(
  gateways: readonly GatewayObject[],
  labels: Labels,
  namespaceOf: (object: MeshObject) => string,
): readonly GatewayServer[] {
  return gateways
    .filter((gateway) => matchesLabels(gateway.value.spec?.selector ?? {}, labels))
    .map((object) => ({
      object,
      created: creationTime(object),
      name: object.meta.name,
      namespace: namespaceOf(object),
    }))
    .sort(byAge)
    .flatMap(({ object, name, namespace }) =>
      (object.value.spec?.servers ?? []).map((spec, index) => ({
        object,
        gateway: `${namespace}/${name}`,
        namespace,
        gatewayName: name,
        index,
        port: spec.port?.number ?? 0,
        portName: spec.port?.name ?? '',
        protocol: parseProtocol(spec.port?.protocol ?? ''),
        bind: spec.bind ?? '',
        spec,
      })),
    );
}

/** Whether the proxy sees HTTP on it: in the clear, or because it ends TLS itself. */
export function servesHttp(server: GatewayServer): boolean {
  if (isHttp(server.protocol)) return true;
  return server.protocol === 'HTTPS' && !passesTlsOn(server);
}

/** TLS goes through as it is: nothing here has a certificate for it. */
export function passesTlsOn({ protocol, spec }: GatewayServer): boolean {
  if (isHttp(protocol)) return false;
  const mode = spec.tls?.mode;
  return mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH';
}

/** TLS goes through to the cluster that the server name spells: `outbound_.80_._.web.shop.svc.cluster.local`. */
export function passesByName(server: GatewayServer): boolean {
  return passesTlsOn(server) && server.spec.tls?.mode === 'AUTO_PASSTHROUGH';
}

/** Whether TLS ends at the gateway: of a server of bytes its settings say so, whatever it calls its protocol. */
export function endsTls(server: GatewayServer): boolean {
  const { protocol, spec } = server;
  return !isHttp(protocol) && (isTls(protocol) || spec.tls !== undefined) && !passesTlsOn(server);
}

/** The hosts of a server with the namespaces that they are for, where these are certain ones: `shop/a.example.com`. */
export function ownedHosts({ spec, namespace }: GatewayServer): readonly string[] {
  return (spec.hosts ?? []).map((written) => {
    const host = written.toLowerCase();
    if (host.startsWith('*/')) return host.slice(2);
    return host.startsWith('./') ? `${namespace}/${host.slice(2)}` : host;
  });
}

/** The hosts of a server without the namespaces in front of them. */
export function serverHosts({ spec }: GatewayServer): readonly string[] {
  return (spec.hosts ?? []).map((host) => host.slice(host.indexOf('/') + 1).toLowerCase());
}

/**
 * The hosts of a VirtualService that a server takes requests for: where one covers the other, the narrower
 * of the two. Empty when the VirtualService is not bound to the server.
 */
export function boundHosts(server: GatewayServer, service: VirtualService): readonly string[] {
  if (!service.gateways.includes(server.gateway)) return [];
  const offered = (server.spec.hosts ?? []).flatMap((host) => {
    const name = offeredHost(host, server.namespace, service.namespace);
    return name ?? [];
  });
  const found = new Set<string>();
  for (const host of service.hosts) {
    for (const own of offered) {
      if (hostCovers(own, host)) found.add(host);
      else if (hostCovers(host, own)) found.add(own);
    }
  }
  return [...found];
}
