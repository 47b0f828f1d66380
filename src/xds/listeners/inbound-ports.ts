/** On which ports a sidecar takes connections for its own workload. */

import type { JsonObject } from '@bufbuild/protobuf';
import { type Protocol, parseProtocol } from '../../base/protocol.ts';
import { PeerPolicies } from '../../model/peer-authentication.ts';
import type { IngressListener } from '../../model/sidecar-scopes.ts';
import { type ServedPort, servedPorts } from '../../model/workload-services.ts';
import { serviceMetadata } from '../service-metadata.ts';
import type { Input } from '../input.ts';
import type { ConfigReference } from '../problem.ts';

export interface InboundPort {
  /** What clients connect to. */
  readonly port: number;
  /** The port of the service in front, for names. */
  readonly servicePort: number;
  /** The service's name; '' when a Sidecar declares the port. */
  readonly host: string;
  /** All services in front that are called at `servicePort`, for metrics. None of what is outside of the mesh. */
  readonly services: readonly JsonObject[];
  readonly speaks: Protocol | undefined;
  /** Where connections go; undefined to where they were going. */
  readonly endpoint: string | undefined;
  /** An address of its own, where redirection does not lead. */
  readonly bind: string | undefined;
  /** TLS of clients outside of the mesh that ends here, by the Sidecar's word. */
  readonly tls?: IngressListener['tls'];
  /** Bounds of the connections to it that its Sidecar sets. */
  readonly connectionPool?: IngressListener['connectionPool'];
}

/** The ports of the services of the workload, or those that its Sidecar declares instead. */
export function inboundPorts(input: Input): readonly InboundPort[] {
  const { snapshot, proxy, scope } = input;
  const found = new Map<string, InboundPort>();
  const served = servedPorts(proxy, snapshot);
  if (scope.ingress.length > 0) {
    for (const listener of scope.ingress) {
      const port = listener.port?.number ?? 0;
      const bind = listener.bind ?? '';
      const isBound = listener.captureMode === 'NONE';
      const tls = tlsOf(listener, port, input);
      const speaks = parseProtocol(listener.port?.protocol ?? '');
      found.set(`${bind}_${port}`, {
        port,
        servicePort: port,
        host: '',
        services: declaredServices(served, port),
        speaks: tls === undefined ? speaks : withoutTls(speaks),
        endpoint: listener.defaultEndpoint,
        bind: isBound ? (bind === '' ? (proxy.ips[0] ?? '') : bind) : undefined,
        ...(tls !== undefined && { tls }),
        ...(listener.connectionPool !== undefined && { connectionPool: listener.connectionPool }),
      });
    }
    return [...found.values()];
  }
  const isLocal = snapshot.mesh.config.inboundTrafficPolicy?.mode === 'LOCALHOST';
  for (const { service, port, targetPort } of served) {
    const key = String(targetPort);
    // Two services may share a port: the first one's protocol counts.
    if (found.has(key)) continue;
    found.set(key, {
      port: targetPort,
      servicePort: port.number,
      host: service.hostname,
      services: servicesAt(served, targetPort),
      speaks: port.speaks,
      endpoint: isLocal ? `127.0.0.1:${targetPort}` : undefined,
      bind: undefined,
    });
  }
  return [...found.values()];
}

/**
 * Only where the mesh's own TLS is off on the port: clients of both could not be told apart. Istio has it so behind
 * the switch ENABLE_TLS_ON_SIDECAR_INGRESS.
 */
function tlsOf({ tls }: IngressListener, port: number, input: Input): IngressListener['tls'] {
  if (tls === undefined) return undefined;
  const { snapshot, proxy } = input;
  const { mode } = new PeerPolicies(snapshot).atPort(proxy.namespace, proxy.labels, port);
  if (mode === 'DISABLE') return tls;
  input.report(
    sidecarOf(input),
    `ingress[].tls of port ${port} is not in force: the port takes the mesh's own TLS (${mode}). ` +
      'Set mode DISABLE for it in a PeerAuthentication.',
  );
  return undefined;
}

function withoutTls(speaks: Protocol | undefined): Protocol | undefined {
  if (speaks === 'HTTPS') return 'HTTP';
  return speaks === 'TLS' ? 'TCP' : speaks;
}

/** The Sidecar that holds for the proxy, which has one. */
export function sidecarOf({ scope, proxy, snapshot }: Input): ConfigReference {
  const { sidecar } = scope;
  const namespace = sidecar === undefined ? proxy.namespace : snapshot.namespaceOf(sidecar);
  return { kind: 'Sidecar', namespace, name: sidecar?.meta.name ?? '' };
}

/** Of those behind which the workload listens on a port, the ones that are called as the first is. */
function servicesAt(served: readonly ServedPort[], targetPort: number): readonly JsonObject[] {
  const there = served.filter((one) => one.targetPort === targetPort);
  const [first] = there;
  if (first === undefined || first.service.external) return [];
  const named = there.filter(({ port }) => port.number === first.port.number);
  return [...new Set(named.map(({ service }) => service))].map(serviceMetadata);
}

/** A port that a Sidecar declares is a service's when the service leads to it. */
function declaredServices(served: readonly ServedPort[], port: number): readonly JsonObject[] {
  const behind = served.find(({ targetPort }) => targetPort === port);
  return behind === undefined || behind.service.external ? [] : [serviceMetadata(behind.service)];
}
