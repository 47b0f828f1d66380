/** The annotations that Istio reads or writes: what they do, on which kinds, and what their values may be. */

/** What a value must be; texts of any form have none. */
export type AnnotationValue =
  | 'boolean'
  | 'cidrs'
  | 'cidrs-or-all'
  | 'interception-mode'
  | 'interfaces'
  | 'port'
  | 'ports'
  | 'ports-or-all'
  | 'proxy-settings'
  | 'quantity'
  | 'uint32';

export interface AnnotationInfo {
  readonly summary: string;
  /** Kinds that it has an effect on; undefined for any. */
  readonly kinds?: readonly string[];
  /** Undefined for what Istio reads but does not document. */
  readonly maturity?: 'Alpha' | 'Beta' | 'Stable';
  /** It is given up: what to do instead, as the end of a sentence; empty when there is nothing. */
  readonly deprecated?: string;
  readonly value?: AnnotationValue;
}

type Extra = Omit<AnnotationInfo, 'summary' | 'kinds'>;

/** On pods; in a Deployment this means its pod template. */
function onPods(summary: string, extra: Extra = {}): AnnotationInfo {
  return { summary, kinds: ['Pod'], maturity: 'Alpha', ...extra };
}

function on(kinds: readonly string[], summary: string, extra: Extra = {}): AnnotationInfo {
  return { summary, kinds, maturity: 'Alpha', ...extra };
}

/** Read by the control plane, but on no page of Istio's documentation. */
function undocumented(kinds: readonly string[], summary: string): AnnotationInfo {
  return { summary, kinds };
}

const MIXER_IS_GONE = 'Mixer is gone, so it has no effect with a current control plane';

/**
 * By name. Documented ones: https://istio.io/latest/docs/reference/config/annotations/ and, for those that only
 * older releases had, https://archive.istio.io/v1.4/docs/reference/config/annotations/
 */
export const ANNOTATIONS: Readonly<Record<string, AnnotationInfo>> = {
  'alpha.istio.io/canonical-serviceaccounts': on(['Service'], 'Identities that may run the service', {
    deprecated: '',
  }),
  'alpha.istio.io/identity': onPods('Identity of the workload', { deprecated: '' }),
  'alpha.istio.io/kubernetes-serviceaccounts': on(['Service'], 'Service accounts that may run the service', {
    deprecated: '',
  }),
  'ambient.istio.io/bypass-inbound-capture': onPods('Captures only what an ambient pod sends', {
    value: 'boolean',
  }),
  'ambient.istio.io/dns-capture': onPods('Whether DNS lookups of an ambient pod are captured', {
    value: 'boolean',
  }),
  'ambient.istio.io/redirection': onPods('Set by the node agent on pods that it redirects', {
    maturity: 'Beta',
  }),
  'ambient.istio.io/waypoint-inbound-binding': on(
    ['GatewayClass', 'Gateway'],
    'Protocol and port by which traffic gets to a waypoint',
  ),
  'ambient.istio.io/xfcc-include-client-identity': undocumented(
    ['Gateway', 'Pod'],
    'Has a waypoint tell the application who called',
  ),
  'envoyfilter.istio.io/referenced-services': undocumented(
    ['EnvoyFilter'],
    'Services whose clusters an EnvoyFilter needs',
  ),
  'galley.istio.io/analyze-suppress': {
    summary: 'Codes that analysis leaves out for the object',
    maturity: 'Alpha',
  },
  'gateway.istio.io/agentgatewayImage': undocumented(['Gateway', 'Pod'], 'Image of an agent gateway'),
  'gateway.istio.io/controller-version': {
    summary: 'Set by the controller that deploys gateways',
    maturity: 'Alpha',
  },
  'gateway.istio.io/name-override': on(['Gateway'], 'Name of the Deployment and Service of a gateway'),
  'gateway.istio.io/service-account': on(['Gateway'], 'Name of the service account of a gateway'),
  'inject.istio.io/templates': onPods('Templates that the sidecar is made from'),
  'install.operator.istio.io/chart-owner': {
    summary: 'Set by the operator: the chart it came from',
    maturity: 'Alpha',
    deprecated: '',
  },
  'install.operator.istio.io/owner-generation': {
    summary: 'Set by the operator: the generation it was made at',
    maturity: 'Alpha',
    deprecated: '',
  },
  'install.operator.istio.io/version': {
    summary: 'Set by the operator: its version',
    maturity: 'Alpha',
    deprecated: '',
  },
  'internal.istio.io/always-push': undocumented(['Gateway', 'VirtualService'], 'Set by the control plane'),
  'internal.istio.io/gateway-semantics': undocumented(['Gateway'], 'Set by the control plane'),
  'internal.istio.io/gateway-service': undocumented(['Gateway'], 'Set by the control plane'),
  'internal.istio.io/parent-namespace': undocumented(
    ['Gateway', 'VirtualService'],
    'Set by the control plane',
  ),
  'internal.istio.io/parents': undocumented(['Gateway', 'VirtualService'], 'Set by the control plane'),
  'internal.istio.io/route-semantics': undocumented(['VirtualService'], 'Set by the control plane'),
  'internal.istio.io/service-account-name': undocumented(['Gateway'], 'Set by the control plane'),
  'internal.istio.io/service-semantics': undocumented(['ServiceEntry'], 'Set by the control plane'),
  'istio.io/autoRegistrationGroup': on(['WorkloadEntry'], 'The WorkloadGroup that the entry was made from'),
  'istio.io/connect-strategy': undocumented(
    ['Service', 'ServiceEntry'],
    'Which of several resolved addresses is connected to',
  ),
  'istio.io/connectedAt': on(['WorkloadEntry'], 'When the workload connected'),
  'istio.io/disconnectedAt': on(['WorkloadEntry'], 'When the workload disconnected'),
  'istio.io/dry-run': on(['AuthorizationPolicy'], 'The policy is only tried out', { value: 'boolean' }),
  'istio.io/reroute-virtual-interfaces': onPods('Interfaces whose incoming traffic counts as outgoing', {
    value: 'interfaces',
  }),
  'istio.io/rev': onPods('Set by injection: the control plane that it belongs to'),
  'istio.io/use-waypoint-canary-weight': on(
    ['Service', 'ServiceEntry', 'Namespace'],
    'Share of connections for the canary waypoint, in percent',
  ),
  'istio.io/workloadController': on(['WorkloadEntry'], 'The instance that the workload is connected to'),
  'kubernetes.io/ingress.class': on(['Ingress'], 'Controller that is responsible', { maturity: 'Stable' }),
  'networking.alpha.istio.io/endpointsVersion': on(
    ['ServiceEntry'],
    'Version of the endpoints it came from',
    {
      deprecated: '',
    },
  ),
  'networking.alpha.istio.io/notReadyEndpoints': on(['ServiceEntry'], 'Endpoints that are not ready', {
    deprecated: '',
  }),
  'networking.alpha.istio.io/serviceVersion': on(['ServiceEntry'], 'Version of the Service it came from', {
    deprecated: '',
  }),
  'networking.istio.io/cluster': undocumented(['Secret'], 'Cluster that a remote Secret leads to'),
  'networking.istio.io/exportTo': on(['Service'], 'Namespaces that see the Service'),
  'networking.istio.io/service-type': on(['Gateway'], 'Type of the Service of a gateway'),
  'networking.istio.io/traffic-distribution': on(
    ['Namespace', 'Service', 'ServiceEntry'],
    'Which endpoints are preferred',
  ),
  'policy.istio.io/check': onPods('What happens when Mixer cannot be reached', { deprecated: MIXER_IS_GONE }),
  'policy.istio.io/checkBaseRetryWaitTime': onPods('Wait before calls to Mixer are repeated', {
    deprecated: MIXER_IS_GONE,
  }),
  'policy.istio.io/checkMaxRetryWaitTime': onPods('Longest wait before calls to Mixer are repeated', {
    deprecated: MIXER_IS_GONE,
  }),
  'policy.istio.io/checkRetries': onPods('How often calls to Mixer are repeated', {
    deprecated: MIXER_IS_GONE,
  }),
  'policy.istio.io/lang': {
    summary: "Language of the expressions in an object of Mixer's",
    maturity: 'Alpha',
    deprecated: MIXER_IS_GONE,
  },
  'prometheus.istio.io/merge-metrics': onPods("Whether the sidecar serves the application's metrics, too", {
    value: 'boolean',
  }),
  'prometheus.istio.io/secure-port': undocumented(['Pod'], 'Port of metrics behind mutual TLS'),
  'proxy.istio.io/config': onPods('Settings of this proxy, as in defaultConfig of the mesh', {
    maturity: 'Beta',
    value: 'proxy-settings',
  }),
  'proxy.istio.io/health-checks-enabled': undocumented(
    ['WorkloadEntry'],
    'The entry says whether its workload is healthy',
  ),
  'proxy.istio.io/overrides': onPods('Set by injection: what the user said of the proxy container'),
  'readiness.status.sidecar.istio.io/applicationPorts': onPods('Ports that a ready pod listens on'),
  'readiness.status.sidecar.istio.io/failureThreshold': onPods('Bad answers in a row that make it unready', {
    value: 'uint32',
  }),
  'readiness.status.sidecar.istio.io/initialDelaySeconds': onPods(
    'Seconds before the first readiness probe',
    {
      value: 'uint32',
    },
  ),
  'readiness.status.sidecar.istio.io/periodSeconds': onPods('Seconds between readiness probes', {
    value: 'uint32',
  }),
  'security.istio.io/autoMTLS': onPods('Whether mutual TLS is used wherever it can be', {
    deprecated: 'use enableAutoMtls of the mesh configuration',
  }),
  'sidecar.istio.io/agentLogLevel': onPods("Log level of the proxy's agent"),
  'sidecar.istio.io/bootstrapOverride': onPods('ConfigMap with a bootstrap configuration of Envoy'),
  'sidecar.istio.io/capNetBindService': undocumented(['Pod'], 'Whether the proxy may listen on low ports'),
  'sidecar.istio.io/componentLogLevel': onPods('Log levels of components of the proxy'),
  'sidecar.istio.io/controlPlaneAuthPolicy': onPods('Security of the connection to the control plane', {
    deprecated: 'the connection always uses mutual TLS',
  }),
  'sidecar.istio.io/discoveryAddress': onPods('Address of the control plane', {
    deprecated: 'use discoveryAddress in the annotation proxy.istio.io/config',
  }),
  'sidecar.istio.io/extraStatTags': onPods('More tags for metrics', {
    deprecated: 'use tagOverrides of a Telemetry',
  }),
  'sidecar.istio.io/inject': onPods('Whether the pod gets a sidecar', {
    maturity: 'Beta',
    deprecated: 'use the label sidecar.istio.io/inject',
  }),
  'sidecar.istio.io/interceptionMode': onPods('How traffic gets to the proxy', {
    value: 'interception-mode',
  }),
  'sidecar.istio.io/logLevel': onPods('Log level of the proxy'),
  'sidecar.istio.io/nativeSidecar': onPods('Whether the proxy is an init container that stays', {
    value: 'boolean',
  }),
  'sidecar.istio.io/proxyCPU': onPods('CPU that the proxy asks for', { value: 'quantity' }),
  'sidecar.istio.io/proxyCPULimit': onPods('Most CPU of the proxy', { value: 'quantity' }),
  'sidecar.istio.io/proxyImage': onPods('Image of the proxy'),
  'sidecar.istio.io/proxyImageType': onPods('Variant of the image, as distroless'),
  'sidecar.istio.io/proxyMemory': onPods('Memory that the proxy asks for', { value: 'quantity' }),
  'sidecar.istio.io/proxyMemoryLimit': onPods('Most memory of the proxy', { value: 'quantity' }),
  'sidecar.istio.io/rewriteAppHTTPProbers': onPods('Whether probes go through the agent', {
    value: 'boolean',
  }),
  'sidecar.istio.io/statsCompression': onPods('Compression of metrics: brotli, gzip or zstd', {
    deprecated: '',
  }),
  'sidecar.istio.io/statsEvictionInterval': onPods('When metrics that do not change are dropped'),
  'sidecar.istio.io/statsFlushInterval': onPods('Time between sendings of metrics'),
  'sidecar.istio.io/statsHistogramBins': onPods('Bins of a histogram'),
  'sidecar.istio.io/statsHistogramBuckets': onPods('Buckets of histograms, by prefix'),
  'sidecar.istio.io/statsInclusionPrefixes': onPods('Metrics of Envoy that are kept, by prefix', {
    deprecated: 'use proxyStatsMatcher in the annotation proxy.istio.io/config',
  }),
  'sidecar.istio.io/statsInclusionRegexps': onPods('Metrics of Envoy that are kept, by pattern', {
    deprecated: 'use proxyStatsMatcher in the annotation proxy.istio.io/config',
  }),
  'sidecar.istio.io/statsInclusionSuffixes': onPods('Metrics of Envoy that are kept, by suffix', {
    deprecated: 'use proxyStatsMatcher in the annotation proxy.istio.io/config',
  }),
  'sidecar.istio.io/status': onPods('Set by injection: what was added'),
  'sidecar.istio.io/userVolume': onPods('Volumes for the proxy, in JSON'),
  'sidecar.istio.io/userVolumeMount': onPods('Mounts of volumes in the proxy, in JSON'),
  'status.sidecar.istio.io/port': onPods('Port of the status server; 0 for none', { value: 'port' }),
  'topology.istio.io/controlPlaneClusters': on(
    ['Namespace'],
    'Clusters whose control planes may lead this remote cluster',
  ),
  'traffic.istio.io/nodeSelector': on(['Service'], 'Nodes whose addresses lead into the network', {
    maturity: 'Stable',
  }),
  'traffic.sidecar.istio.io/excludeInboundPorts': onPods('Incoming ports that go past the proxy', {
    value: 'ports',
  }),
  'traffic.sidecar.istio.io/excludeInterfaces': onPods('Interfaces whose traffic goes past the proxy', {
    value: 'interfaces',
  }),
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': onPods('Destinations that go past the proxy', {
    value: 'cidrs',
  }),
  'traffic.sidecar.istio.io/excludeOutboundPorts': onPods('Outgoing ports that go past the proxy', {
    value: 'ports',
  }),
  'traffic.sidecar.istio.io/includeInboundPorts': onPods('Incoming ports that go to the proxy; * for all', {
    value: 'ports-or-all',
  }),
  'traffic.sidecar.istio.io/includeOutboundIPRanges': onPods('Destinations that go to the proxy; * for all', {
    value: 'cidrs-or-all',
  }),
  'traffic.sidecar.istio.io/includeOutboundPorts': onPods('Outgoing ports that go to the proxy in any case', {
    value: 'ports-or-all',
  }),
  'traffic.sidecar.istio.io/kubevirtInterfaces': onPods('Interfaces of virtual machines', {
    value: 'interfaces',
    deprecated: 'use istio.io/reroute-virtual-interfaces',
  }),
};

/** Labels that are mistaken for annotations. https://istio.io/latest/docs/reference/config/labels/ */
export const ISTIO_LABELS: ReadonlySet<string> = new Set([
  'gateway.istio.io/managed',
  'istio.io/dataplane-mode',
  'istio.io/ingress-use-waypoint',
  'istio.io/rev',
  'istio.io/tag',
  'istio.io/use-waypoint',
  'istio.io/use-waypoint-canary',
  'istio.io/use-waypoint-canary-namespace',
  'istio.io/use-waypoint-namespace',
  'istio.io/waypoint-for',
  'networking.istio.io/enable-autoallocate-ip',
  'networking.istio.io/gatewayPort',
  'operator.istio.io/component',
  'operator.istio.io/managed',
  'operator.istio.io/version',
  'security.istio.io/tlsMode',
  'service.istio.io/canonical-name',
  'service.istio.io/canonical-revision',
  'service.istio.io/workload-name',
  'sidecar.istio.io/inject',
  'topology.istio.io/cluster',
  'topology.istio.io/locality',
  'topology.istio.io/network',
  'topology.istio.io/subzone',
]);
