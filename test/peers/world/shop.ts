/** The world that tests of single features stand on: services with pods, as a Kubernetes API would list them. */

import { BACKEND_PORTS } from './courier-messages.ts';

export interface ServiceOptions {
  readonly namespace?: string;
  readonly name: string;
  /** Address of the service. */
  readonly address: string;
  /** Pods by address, with their version. */
  readonly pods: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly portName: string;
  readonly targetPort: number;
  readonly appProtocol?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Service with its pods and their slice. */
export function service(options: ServiceOptions): readonly object[] {
  const { namespace = 'shop', name, address, pods, port = 80, portName, targetPort, appProtocol } = options;
  const list = Object.entries(pods).map(([ip, version], index) => ({
    ip,
    name: `${name}-${index}`,
    labels: { app: name, version, ...options.labels },
  }));
  const extra = appProtocol === undefined ? {} : { appProtocol };
  return [
    ...list.map((one) => pod({ ...one, namespace, port: targetPort })),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: {
        clusterIP: address,
        selector: { app: name },
        ports: [{ name: portName, port, targetPort, protocol: 'TCP', ...extra }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: portName, port: targetPort, protocol: 'TCP' }],
      endpoints: list.map((one) => ({
        addresses: [one.ip],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'node-1',
        targetRef: { kind: 'Pod', name: one.name, namespace },
      })),
    },
  ];
}

export interface PodOptions {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
}

export function pod({ namespace, name, ip, labels, port }: PodOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      serviceAccountName: 'default',
      nodeName: 'node-1',
      containers: [{ name: 'app', image: 'app', ports: [{ containerPort: port }] }],
    },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

/** Who is behind an address. */
export const WHO: Readonly<Record<string, string>> = {
  '10.40.0.1': 'web v1',
  '10.40.0.2': 'web v2',
  '10.40.0.3': 'api v1',
  '10.40.0.4': 'api v2',
  '10.40.0.5': 'rpc v1',
  '10.40.0.6': 'bytes v1',
  '10.40.0.7': 'bytes v2',
  '10.40.0.8': 'vault v1',
  '10.40.0.11': 'client v1',
  '10.40.1.1': 'nuts v1',
  '10.50.0.1': 'outside 1',
  '10.50.0.2': 'outside 2',
};

export const ADDRESSES: readonly string[] = [...Object.keys(WHO), '10.40.9.1', '10.40.9.2'];

/** The workload that has a sidecar. */
export const CLIENT = {
  role: 'sidecar',
  name: 'client-0',
  namespace: 'shop',
  ip: '10.40.0.11',
  labels: { app: 'client', version: 'v1' },
  ports: 15,
} as const;

export const INGRESS = {
  role: 'router',
  name: 'ingress-0',
  namespace: 'istio-system',
  ip: '10.40.9.1',
  labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
  ports: 25,
} as const;

/** A gateway for traffic of the mesh itself. */
export const EAST = {
  role: 'router',
  name: 'east-0',
  namespace: 'istio-system',
  ip: '10.40.9.2',
  labels: { app: 'istio-eastwestgateway', istio: 'eastwestgateway' },
  ports: 28,
} as const;

const { http, http2, tls, tcp, greeting } = BACKEND_PORTS;

/** Addresses of services, by name. */
export const SERVICES = {
  web: '10.96.0.1',
  api: '10.96.0.2',
  rpc: '10.96.0.3',
  bytes: '10.96.0.4',
  vault: '10.96.0.5',
  guess: '10.96.0.6',
  told: '10.96.0.7',
  greeter: '10.96.0.8',
  client: '10.96.0.9',
  nuts: '10.96.1.1',
} as const;

const webPods = { '10.40.0.1': 'v1', '10.40.0.2': 'v2' };

/** The manifests, as one file of JSON. */
export function shopManifests(): string {
  const items = [
    ...['shop', 'other', 'istio-system'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    })),
    ...service({ name: 'web', address: SERVICES.web, pods: webPods, portName: 'http-web', targetPort: http }),
    ...service({
      name: 'api',
      address: SERVICES.api,
      pods: { '10.40.0.3': 'v1', '10.40.0.4': 'v2' },
      portName: 'http',
      targetPort: http,
    }),
    ...service({
      name: 'rpc',
      address: SERVICES.rpc,
      pods: { '10.40.0.5': 'v1' },
      portName: 'grpc',
      targetPort: http2,
    }),
    ...service({
      name: 'bytes',
      address: SERVICES.bytes,
      pods: { '10.40.0.6': 'v1', '10.40.0.7': 'v2' },
      port: 9000,
      portName: 'tcp-bytes',
      targetPort: tcp,
    }),
    ...service({
      name: 'vault',
      address: SERVICES.vault,
      pods: { '10.40.0.8': 'v1' },
      port: 443,
      portName: 'tls-vault',
      targetPort: tls,
    }),
    // Its port says nothing of the protocol, so that the proxy looks at the first bytes.
    ...service({
      name: 'guess',
      address: SERVICES.guess,
      pods: { '10.40.0.3': 'v1' },
      port: 7070,
      portName: 'main',
      targetPort: http,
    }),
    ...service({
      name: 'told',
      address: SERVICES.told,
      pods: { '10.40.0.5': 'v1' },
      port: 7071,
      portName: 'main',
      targetPort: http2,
      appProtocol: 'kubernetes.io/h2c',
    }),
    ...service({
      name: 'greeter',
      address: SERVICES.greeter,
      pods: { '10.40.0.6': 'v1' },
      port: 2525,
      portName: 'tcp',
      targetPort: greeting,
    }),
    ...service({
      name: 'client',
      address: SERVICES.client,
      pods: { [CLIENT.ip]: 'v1' },
      portName: 'http',
      targetPort: http,
    }),
    ...service({
      namespace: 'other',
      name: 'nuts',
      address: SERVICES.nuts,
      pods: { '10.40.1.1': 'v1' },
      portName: 'http',
      targetPort: http,
    }),
    pod({
      namespace: INGRESS.namespace,
      name: INGRESS.name,
      ip: INGRESS.ip,
      labels: INGRESS.labels,
      port: 80,
    }),
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** A Sidecar for the client, with these lines of its spec. */
export function clientSidecar(spec: string): string {
  return `apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: client, namespace: shop}
spec:
  workloadSelector: {labels: {app: client}}
${indented(spec)}
`;
}

/** Lines of YAML one level further in. */
export function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '  ');
}
