/**
 * Settings of Istio 1.2 to 1.6 that stand elsewhere today. The schema of IstioOperator marks each as deprecated,
 * with the new place; those it calls without effect are not listed here.
 */

export interface OldKey {
  /** Path below `spec`. */
  readonly from: string;
  /** Where the value goes, below `spec`. */
  readonly to: readonly string[];
  /** What old values mean there; any other value is taken as it is. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const INGRESS = 'components.ingressGateways.[name:istio-ingressgateway].enabled';
const EGRESS = 'components.egressGateways.[name:istio-egressgateway].enabled';

const PROXY_SETTINGS = [
  'accessLogFile',
  'accessLogFormat',
  'accessLogEncoding',
  'dnsRefreshRate',
  'protocolDetectionTimeout',
];
const MESH_SETTINGS = [
  'disablePolicyChecks',
  'policyCheckFailOpen',
  'enableTracing',
  'trustDomain',
  'trustDomainAliases',
  'localityLbSetting',
  'outboundTrafficPolicy',
  'certificates',
];

/** A later row wins over an earlier one, so that what is said of one gateway counts more than of all. */
export const OLD_KEYS: readonly OldKey[] = [
  { from: 'defaultNamespace', to: ['namespace'] },
  { from: 'components.istiodRemote.enabled', to: ['values.istiodRemote.enabled'] },
  { from: 'values.revision', to: ['revision'] },
  { from: 'values.meshConfig', to: ['meshConfig'] },
  { from: 'values.istio_cni', to: ['values.pilot.cni'] },
  { from: 'values.base.enableCRDTemplates', to: ['components.base.enabled'] },
  { from: 'values.pilot.enabled', to: ['components.pilot.enabled'] },
  { from: 'values.pilot.traceSampling', to: ['meshConfig.defaultConfig.tracing.sampling'] },
  { from: 'values.gateways.enabled', to: [INGRESS, EGRESS] },
  { from: 'values.gateways.istio-ingressgateway.enabled', to: [INGRESS] },
  { from: 'values.gateways.istio-egressgateway.enabled', to: [EGRESS] },
  { from: 'values.prometheus.enabled', to: ['addonComponents.prometheus.enabled'] },
  { from: 'values.grafana.enabled', to: ['addonComponents.grafana.enabled'] },
  { from: 'values.kiali.enabled', to: ['addonComponents.kiali.enabled'] },
  { from: 'values.tracing.enabled', to: ['addonComponents.tracing.enabled'] },
  ...MESH_SETTINGS.map((name) => ({ from: `values.global.${name}`, to: [`meshConfig.${name}`] })),
  ...PROXY_SETTINGS.map((name) => ({ from: `values.global.proxy.${name}`, to: [`meshConfig.${name}`] })),
  { from: 'values.global.proxy.concurrency', to: ['meshConfig.defaultConfig.concurrency'] },
  { from: 'values.global.proxy.init', to: ['values.global.proxy_init'] },
  {
    from: 'values.global.mtls.enabled',
    to: ['meshConfig.authPolicy'],
    values: { true: 'MUTUAL_TLS', false: 'NONE' },
  },
  { from: 'values.global.mtls.auto', to: ['meshConfig.enableAutoMtls'] },
  { from: 'values.global.tracer.zipkin.address', to: ['meshConfig.defaultConfig.tracing.zipkin.address'] },
  { from: 'values.global.tracer.lightstep', to: ['meshConfig.defaultConfig.tracing.lightstep'] },
  { from: 'values.global.tracer.datadog', to: ['meshConfig.defaultConfig.tracing.datadog'] },
  { from: 'values.global.tracer.stackdriver', to: ['meshConfig.defaultConfig.tracing.stackdriver'] },
];
