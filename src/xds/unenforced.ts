/** Policies that are not put into force yet: each is named, so that nobody relies on it. */

import { networkBehind } from '../model/network-gateways.ts';
import { matchesLabels, type Labels } from '../model/selectors.ts';
import type { Input } from './input.ts';
import { INBOUND_CAPTURE_PORT, OUTBOUND_CAPTURE_PORT } from './names.ts';

interface Selected {
  readonly selector?: { readonly matchLabels?: Labels };
  readonly workloadSelector?: { readonly labels?: Labels };
}

const POLICIES = [
  ['security.istio.io/AuthorizationPolicy', 'requests that it would refuse are let through'],
  ['security.istio.io/RequestAuthentication', 'tokens are not checked'],
  ['extensions.istio.io/WasmPlugin', 'its module is not run'],
  ['extensions.istio.io/TrafficExtension', 'it is not run'],
  ['telemetry.istio.io/Telemetry', 'logs, metrics and traces stay as MeshConfig has them'],
] as const;

/** Kinds that would route or restrict requests, but of which nothing is read for any proxy. */
const UNREAD = {
  sidecar: [
    ['authentication.istio.io/Policy', 'Use PeerAuthentication and RequestAuthentication.'],
    ['authentication.istio.io/MeshPolicy', 'Use a PeerAuthentication in the root namespace.'],
    ['rbac.istio.io/ClusterRbacConfig', 'Use AuthorizationPolicy.'],
    ['rbac.istio.io/RbacConfig', 'Use AuthorizationPolicy.'],
    ['rbac.istio.io/ServiceRole', 'Use AuthorizationPolicy.'],
    ['rbac.istio.io/ServiceRoleBinding', 'Use AuthorizationPolicy.'],
    ['config.istio.io/rule', 'Use EnvoyFilter, AuthorizationPolicy or Telemetry.'],
    ['split.smi-spec.io/TrafficSplit', 'Use a VirtualService with weights.'],
    ['access.smi-spec.io/TrafficTarget', 'Use AuthorizationPolicy.'],
  ],
  router: [
    ['networking.k8s.io/Ingress', 'Use a Gateway and a VirtualService.'],
    ['gateway.networking.k8s.io/Gateway', 'Use a Gateway of networking.istio.io.'],
    ['gateway.networking.k8s.io/HTTPRoute', 'Use a VirtualService.'],
    ['gateway.networking.k8s.io/GRPCRoute', 'Use a VirtualService.'],
    ['gateway.networking.k8s.io/TLSRoute', 'Use a VirtualService.'],
    ['gateway.networking.k8s.io/TCPRoute', 'Use a VirtualService.'],
  ],
} as const;

/**
 * Settings of the mesh that nothing reads, each with the value that says nothing. Those of Ingresses and of ambient mode have
 * nothing to act on.
 */
const UNREAD_SETTINGS = {
  configSources: '',
  disableEnvoyListenerLog: false,
  enableEnvoyAccessLogService: false,
  inboundClusterStatName: '',
  outboundClusterStatName: '',
  proxyInboundListenPort: INBOUND_CAPTURE_PORT,
  proxyListenPort: OUTBOUND_CAPTURE_PORT,
  serviceSettings: '',
} as const;

/** Reports the objects that are for this proxy, but change nothing for it. */
export function reportUnenforced(input: Input): void {
  const { snapshot, proxy, report } = input;
  const { rootNamespace } = snapshot.mesh;
  const concerns = (namespace: string, spec: Selected | undefined) =>
    (namespace === proxy.namespace || namespace === rootNamespace) &&
    matchesLabels(spec?.selector?.matchLabels ?? spec?.workloadSelector?.labels ?? {}, proxy.labels);
  for (const [kind, effect] of POLICIES) {
    for (const object of snapshot.list(kind)) {
      const namespace = snapshot.namespaceOf(object);
      const spec: Selected | undefined = object.value.spec;
      if (concerns(namespace, spec)) {
        report({ kind: object.kind, namespace, name: object.meta.name }, `Not enforced yet: ${effect}.`);
      }
    }
  }
  for (const [kind, instead] of proxy.type === 'router' ? UNREAD.router : UNREAD.sidecar) {
    for (const object of snapshot.list(kind)) {
      const namespace = snapshot.namespaceOf(object);
      report(
        { kind: object.kind, namespace, name: object.meta.name },
        `Not in force: objects of this kind are not read. ${instead}`,
      );
    }
  }
  const settings = { kind: 'MeshConfig', namespace: snapshot.mesh.istioNamespace, name: 'mesh' };
  const { minProtocolVersion = 'TLS_AUTO', cipherSuites = [] } = snapshot.mesh.config.meshMTLS ?? {};
  if (proxy.type !== 'router' && (minProtocolVersion !== 'TLS_AUTO' || cipherSuites.length > 0)) {
    report(settings, 'meshMTLS is not in force: sidecars end no TLS of the mesh yet.');
  }
  if (proxy.type !== 'router' && snapshot.mesh.config.authPolicy === 'MUTUAL_TLS') {
    report(settings, 'authPolicy MUTUAL_TLS is not enforced yet: connections in the clear are let through.');
  }
  for (const [name, nothing] of Object.entries(UNREAD_SETTINGS)) {
    const value = snapshot.mesh.config[name as keyof typeof UNREAD_SETTINGS] ?? nothing;
    if (value !== nothing && !(Array.isArray(value) && value.length === 0)) {
      report(settings, `${name} is not in force.`);
    }
  }
  if (Object.keys(snapshot.mesh.networks.networks ?? {}).length > 0) {
    report(
      { ...settings, kind: 'MeshNetworks' },
      'Networks are not in force: endpoints in other networks are called at their own addresses.',
    );
  }
  for (const service of snapshot.networkGateways) {
    const network = networkBehind(service);
    if (network === undefined || network === proxy.network) continue;
    report(
      { kind: 'Service', namespace: service.namespace, name: service.object.meta.name },
      `The network ${network} is not in force: its endpoints are called at their own addresses, not by this gateway.`,
    );
  }
  for (const object of snapshot.list('security.istio.io/PeerAuthentication')) {
    const namespace = snapshot.namespaceOf(object);
    const { mtls, portLevelMtls } = object.value.spec ?? {};
    const modes = [mtls, ...Object.values(portLevelMtls ?? {})].map((one) => one?.mode);
    if (modes.includes('STRICT') && concerns(namespace, object.value.spec)) {
      report(
        { kind: object.kind, namespace, name: object.meta.name },
        'Mode STRICT is not enforced yet: connections in the clear are let through.',
      );
    }
  }
}
