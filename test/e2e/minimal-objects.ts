/** The smallest object of each kind that an API server takes, and that is in order. */

import type { KindInfo } from '../../src/api/kind-info.ts';
import type { Fields } from './on-real-server.ts';

const BACKEND = [{ backendRefs: [{ name: 'juice', port: 80 }] }];
const PARENT = { name: 'front', group: 'gateway.networking.k8s.io', kind: 'Gateway' };
const SUBJECT = { kind: 'ServiceAccount', name: 'default', namespace: 'shop' };

/** Everything but the metadata, where it is more than an empty `spec`. */
const CONTENT: Readonly<Record<string, Fields>> = {
  'access.smi-spec.io/TrafficTarget': {
    spec: { destination: SUBJECT, sources: [SUBJECT], rules: [{ kind: 'TCPRoute', name: 'one' }] },
  },
  'config.istio.io/HTTPAPISpec': {
    spec: { attributes: { attributes: {} }, patterns: [{ httpMethod: 'GET', uriTemplate: '/' }] },
  },
  'config.istio.io/HTTPAPISpecBinding': {
    spec: { services: [{ name: 'juice' }], apiSpecs: [{ name: 'one' }] },
  },
  'config.istio.io/QuotaSpec': { spec: { rules: [{ quotas: [{ charge: 1, quota: 'one' }] }] } },
  'config.istio.io/QuotaSpecBinding': {
    spec: { services: [{ name: 'juice' }], quotaSpecs: [{ name: 'one' }] },
  },
  'core/ConfigMap': { data: { one: 'two' } },
  'core/Endpoints': { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  'core/Pod': { spec: { containers: [{ name: 'juice', image: 'juice' }] } },
  'core/Service': { spec: { ports: [{ name: 'http', port: 80 }] } },
  'discovery.k8s.io/EndpointSlice': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ name: 'http', port: 80 }],
  },
  'extensions.istio.io/TrafficExtension': { spec: { wasm: { url: 'oci://example.com/one:1' } } },
  'extensions.istio.io/WasmPlugin': { spec: { url: 'oci://example.com/one:1' } },
  'gateway.networking.k8s.io/BackendTLSPolicy': {
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: 'juice' }],
      validation: { hostname: 'juice.example', wellKnownCACertificates: 'System' },
    },
  },
  'gateway.networking.k8s.io/Gateway': {
    spec: { gatewayClassName: 'istio', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  },
  'gateway.networking.k8s.io/GatewayClass': { spec: { controllerName: 'istio.io/gateway-controller' } },
  'gateway.networking.k8s.io/ListenerSet': {
    spec: { parentRef: PARENT, listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  },
  'gateway.networking.k8s.io/ReferenceGrant': {
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: '', kind: 'Service' }],
    },
  },
  'gateway.networking.k8s.io/TCPRoute': { spec: { rules: BACKEND } },
  'gateway.networking.k8s.io/TLSRoute': { spec: { hostnames: ['juice.example'], rules: BACKEND } },
  'gateway.networking.k8s.io/UDPRoute': { spec: { rules: BACKEND } },
  'networking.istio.io/DestinationRule': { spec: { host: 'juice' } },
  'networking.istio.io/Gateway': {
    spec: { servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
  },
  'networking.istio.io/ServiceEntry': {
    spec: {
      hosts: ['juice.example'],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'DNS',
    },
  },
  'networking.istio.io/Sidecar': { spec: { egress: [{ hosts: ['./*'] }] } },
  'networking.istio.io/VirtualService': {
    spec: { hosts: ['juice'], http: [{ route: [{ destination: { host: 'juice' } }] }] },
  },
  'networking.istio.io/WorkloadEntry': { spec: { address: '10.0.0.1' } },
  'networking.istio.io/WorkloadGroup': { spec: { template: { serviceAccount: 'default' } } },
  'rbac.istio.io/ServiceRole': { spec: { rules: [{ services: ['*'] }] } },
  'rbac.istio.io/ServiceRoleBinding': {
    spec: { subjects: [{ user: '*' }], roleRef: { kind: 'ServiceRole', name: 'one' } },
  },
  'specs.smi-spec.io/HTTPRouteGroup': {
    spec: { matches: [{ name: 'all', methods: ['*'], pathRegex: '.*' }] },
  },
  'specs.smi-spec.io/TCPRoute': { spec: { matches: { ports: [80] } } },
  'specs.smi-spec.io/UDPRoute': { spec: { matches: { ports: [80] } } },
  'split.smi-spec.io/TrafficSplit': {
    spec: { service: 'juice', backends: [{ service: 'juice', weight: 100 }] },
  },
};

/** An object of the kind, in the version that is read first. */
export function minimalObject({ key, group, kind, scope, versions }: KindInfo, namespace: string): Fields {
  const version = versions[0]?.name ?? '';
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: { name: 'one', ...(scope === 'Cluster' ? {} : { namespace }) },
    ...(CONTENT[key] ?? { spec: {} }),
  };
}
