/** The ingress gateway that every installation has: analysis of files alone takes it as given. */

import type { MeshObject } from '../config/object.ts';
import { findKind } from '../api/kinds.ts';

/** Ports of the Service, and where the proxy listens for them. */
const PORTS: readonly (readonly [port: number, targetPort: number])[] = [
  [80, 8080],
  [443, 8443],
  [31400, 31400],
  [15443, 15443],
];
const LABELS = { app: 'istio-ingressgateway', istio: 'ingressgateway' };

function builtin(kind: string, name: string, namespace: string, body: Record<string, unknown>): MeshObject {
  const labels = kind === 'Pod' ? LABELS : {};
  return {
    key: `core/${kind}`,
    apiVersion: 'v1',
    group: '',
    version: 'v1',
    kind,
    meta: { name, namespace, labels, annotations: {} },
    value: { apiVersion: 'v1', kind, metadata: { name, namespace, labels }, ...body },
    info: findKind(`core/${kind}`),
    source: { file: BUILTIN_FILE, line: 1, locate: () => ({ line: 1, column: 1 }) },
  };
}

/** What `source.file` says of objects that nobody wrote. */
export const BUILTIN_FILE = '(built in)';

/** Pod and Service of the gateway with the label istio=ingressgateway, in the control plane's namespace. */
export function builtinGateway(istioNamespace: string): readonly MeshObject[] {
  return [
    builtin('Pod', 'istio-ingressgateway', istioNamespace, {
      spec: { containers: [{ name: 'istio-proxy', image: 'proxyv2' }] },
    }),
    builtin('Service', 'istio-ingressgateway', istioNamespace, {
      spec: {
        selector: { istio: 'ingressgateway' },
        ports: PORTS.map(([port, targetPort]) => ({
          name: `tcp-${port}`,
          port,
          targetPort,
          protocol: 'TCP',
        })),
      },
    }),
  ];
}
