/** On which ports a sidecar takes connections for its own workload. */

import { type Protocol, parseProtocol } from '../../base/protocol.ts';
import { servedPorts } from '../../model/workload-services.ts';
import type { Input } from '../input.ts';

export interface InboundPort {
  /** What clients connect to. */
  readonly port: number;
  /** The port of the service in front, for names. */
  readonly servicePort: number;
  /** The service's name; '' when a Sidecar declares the port. */
  readonly host: string;
  readonly speaks: Protocol | undefined;
  /** Where connections go; undefined to where they were going. */
  readonly endpoint: string | undefined;
  /** An address of its own, where redirection does not lead. */
  readonly bind: string | undefined;
}

/** The ports of the services of the workload, or those that its Sidecar declares instead. */
export function inboundPorts(input: Input): readonly InboundPort[] {
  const { snapshot, proxy, scope } = input;
  const found = new Map<string, InboundPort>();
  if (scope.ingress.length > 0) {
    for (const listener of scope.ingress) {
      const port = listener.port?.number ?? 0;
      const bind = listener.bind ?? '';
      const isBound = listener.captureMode === 'NONE';
      found.set(`${bind}_${port}`, {
        port,
        servicePort: port,
        host: '',
        speaks: parseProtocol(listener.port?.protocol ?? ''),
        endpoint: listener.defaultEndpoint,
        bind: isBound ? (bind === '' ? (proxy.ips[0] ?? '') : bind) : undefined,
      });
      if (listener.tls !== undefined && scope.sidecar !== undefined) {
        const { meta } = scope.sidecar;
        input.report(
          { kind: 'Sidecar', namespace: proxy.namespace, name: meta.name },
          `ingress[].tls of port ${port} is not enforced yet: connections are taken in the clear.`,
        );
      }
    }
    return [...found.values()];
  }
  for (const { service, port, targetPort } of servedPorts(proxy, snapshot)) {
    const key = String(targetPort);
    // Two services may share a port: the first one's protocol counts.
    if (found.has(key)) continue;
    found.set(key, {
      port: targetPort,
      servicePort: port.number,
      host: service.hostname,
      speaks: port.speaks,
      endpoint: undefined,
      bind: undefined,
    });
  }
  return [...found.values()];
}
