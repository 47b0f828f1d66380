/** Ingress and egress gateways: proxies of their own, at the edge of the mesh. */

import type { GatewayComponent, Gateway } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import type { ComponentName } from './components.ts';
import { MeshError } from '../base/mesh-error.ts';
import { discoveryAddress, type Installation, serviceAccount } from './installation.ts';
import { clusterName } from './istiod.ts';
import { proxyConfig, trustDomain } from './mesh-config.ts';
import { compact, type Resource } from './resource.ts';
import type { Tree } from './setting-path.ts';
import { environment, fromField, workload } from './workload.ts';

/** A gateway to install, with the settings of its direction. */
export interface GatewayToInstall {
  readonly component: Extract<ComponentName, 'IngressGateways' | 'EgressGateways'>;
  readonly gateway: GatewayComponent;
  readonly chart: Gateway;
}

/** The ports that a proxy answers on whatever it is configured to, for probes and metrics. */
export const PROXY_PORTS = { health: 15_021, metrics: 15_090 } as const;

/** Not below 1024: the container may not listen there. */
const HTTP = 8080;
const HTTPS = 8443;
const USER = 1337;

/** The gateways that are turned on. */
export function gatewaysToInstall({ spec, values }: Installation): readonly GatewayToInstall[] {
  const { ingressGateways = [], egressGateways = [] } = spec.components ?? {};
  const { 'istio-ingressgateway': ingress = {}, 'istio-egressgateway': egress = {} } = values.gateways ?? {};
  return [
    ...ingressGateways.map((gateway) => ({ component: 'IngressGateways' as const, gateway, chart: ingress })),
    ...egressGateways.map((gateway) => ({ component: 'EgressGateways' as const, gateway, chart: egress })),
  ].filter(({ gateway }) => gateway.enabled === true);
}

/** Where a gateway runs. */
export function gatewayNamespace({ gateway }: GatewayToInstall, installation: Installation): string {
  return gateway.namespace ?? installation.namespace;
}

/** The objects of a gateway. */
export function gatewayResources(one: GatewayToInstall, installation: Installation): readonly Resource[] {
  const namespace = gatewayNamespace(one, installation);
  const name = gatewayName(one);
  const selector = gatewaySelector(one);
  const labels = { ...installation.labels(one.component, name), ...selector };
  const account = `${name}-service-account`;
  return [
    serviceAccount(installation, account, namespace, labels),
    gatewayService(one, name, namespace, labels, selector),
    ...gatewayWorkload(one, { name, namespace, account, labels, selector }, installation),
  ];
}

/** Lists that are changed by index can hold one without a name, which no single check can see. */
function gatewayName({ component, gateway }: GatewayToInstall): string {
  if (gateway.name !== undefined && gateway.name !== '') return gateway.name;
  const list = component === 'IngressGateways' ? 'ingressGateways' : 'egressGateways';
  throw new MeshError('BadSetting', `a gateway of components.${list} has no name`, {
    hint: `Write --set components.${list}[name:NAME].enabled=true.`,
  });
}

/** Labels of pods, which Gateway objects select by, too. */
export function gatewaySelector({ component, gateway, chart }: GatewayToInstall): Record<string, string> {
  const istio = component === 'IngressGateways' ? 'ingressgateway' : 'egressgateway';
  return { app: gatewayName({ component, gateway, chart }), istio, ...chart.labels, ...gateway.label };
}

function gatewayService(
  { component, gateway, chart }: GatewayToInstall,
  name: string,
  namespace: string,
  labels: Record<string, string>,
  selector: Record<string, string>,
): Resource {
  const annotations = { ...chart.serviceAnnotations, ...gateway.k8s?.serviceAnnotations };
  const type = chart.type ?? (component === 'IngressGateways' ? 'LoadBalancer' : 'ClusterIP');
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, ...compact({ annotations }) },
    spec: {
      type,
      ...compact({
        loadBalancerIP: chart.loadBalancerIP,
        loadBalancerSourceRanges: chart.loadBalancerSourceRanges,
        externalTrafficPolicy: chart.externalTrafficPolicy,
        externalIPs: chart.externalIPs,
      }),
      ports: servicePorts(chart, component),
      selector,
      ...gateway.k8s?.service,
    },
  };
}

function servicePorts({ ports }: Gateway, component: GatewayToInstall['component']): readonly Tree[] {
  if (ports !== undefined && ports.length > 0) {
    return ports.map(({ name, port, targetPort, nodePort, protocol = 'TCP' }) =>
      compact({
        name: name ?? `port-${port}`,
        port,
        targetPort,
        nodePort: nodePort === 0 ? undefined : nodePort,
        protocol,
      }),
    );
  }
  return [
    // First, because some load balancers probe the first port.
    ...(component === 'IngressGateways'
      ? [{ name: 'status-port', port: PROXY_PORTS.health, targetPort: PROXY_PORTS.health, protocol: 'TCP' }]
      : []),
    { name: 'http2', port: 80, targetPort: HTTP, protocol: 'TCP' },
    { name: 'https', port: 443, targetPort: HTTPS, protocol: 'TCP' },
  ];
}

/** Ports of the pod that clients reach through the Service. */
export function gatewayTargetPorts(one: GatewayToInstall): readonly (string | number)[] {
  const ports = servicePorts(one.chart, one.component).map(({ targetPort, port }) => targetPort ?? port);
  return [...new Set(ports as readonly (string | number)[])];
}

interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly account: string;
  readonly labels: Record<string, string>;
  readonly selector: Record<string, string>;
}

function gatewayWorkload(
  { gateway, chart }: GatewayToInstall,
  { name, namespace, account, labels, selector }: Place,
  installation: Installation,
): readonly Resource[] {
  const { global } = installation;
  const secretVolumes = chart.secretVolumes ?? [];
  return workload(
    {
      name,
      namespace,
      labels,
      selector,
      podLabels: {
        ...labels,
        'service.istio.io/canonical-name': name,
        'service.istio.io/canonical-revision': 'latest',
        'sidecar.istio.io/inject': 'false',
      },
      podAnnotations: {
        'prometheus.io/path': '/stats/prometheus',
        'prometheus.io/port': '15020',
        'prometheus.io/scrape': 'true',
        'sidecar.istio.io/inject': 'false',
      },
      serviceAccount: account,
      apiToken: false,
      user: USER,
      terminationGracePeriodSeconds: 30,
      chart,
      k8s: gateway.k8s ?? {},
      container: {
        name: 'istio-proxy',
        image: installation.image(global.proxy?.image ?? 'proxy', { hub: gateway.hub, tag: gateway.tag }),
        args: [
          'proxy',
          'router',
          '--domain',
          `$(POD_NAMESPACE).svc.${global.proxy?.clusterDomain ?? 'cluster.local'}`,
          `--proxyLogLevel=${global.proxy?.logLevel ?? 'warning'}`,
          `--proxyComponentLogLevel=${global.proxy?.componentLogLevel ?? 'misc:error'}`,
          `--log_output_level=${global.logging?.level ?? 'default:info'}`,
          ...(global.logAsJson === true ? ['--log_as_json'] : []),
        ],
        ports: [
          { name: 'http', containerPort: HTTP, protocol: 'TCP' },
          { name: 'https', containerPort: HTTPS, protocol: 'TCP' },
          { name: 'http-envoy-prom', containerPort: PROXY_PORTS.metrics, protocol: 'TCP' },
        ],
        env: [...gatewayEnvironment(name, namespace, selector, installation), ...environment(chart.env)],
        startupProbe: {
          httpGet: { path: '/healthz/ready', port: PROXY_PORTS.health },
          periodSeconds: 1,
          timeoutSeconds: 3,
          failureThreshold: 30,
        },
        readinessProbe: {
          httpGet: { path: '/healthz/ready', port: PROXY_PORTS.health },
          periodSeconds: 15,
          timeoutSeconds: 3,
          failureThreshold: 4,
        },
        volumeMounts: [
          { name: 'workload-socket', mountPath: '/var/run/secrets/workload-spiffe-uds' },
          { name: 'credential-socket', mountPath: '/var/run/secrets/credential-uds' },
          { name: 'workload-certs', mountPath: '/var/run/secrets/workload-spiffe-credentials' },
          { name: 'istio-envoy', mountPath: '/etc/istio/proxy' },
          { name: 'istio-data', mountPath: '/var/lib/istio/data' },
          { name: 'tmp', mountPath: '/tmp' },
          { name: 'config-volume', mountPath: '/etc/istio/config', readOnly: true },
          { name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio', readOnly: true },
          { name: 'istio-token', mountPath: '/var/run/secrets/tokens', readOnly: true },
          { name: 'istio-podinfo', mountPath: '/etc/istio/pod', readOnly: true },
          ...secretVolumes.map((volume) => ({
            name: volume.name,
            mountPath: volume.mountPath,
            readOnly: true,
          })),
        ],
      },
      volumes: [
        { name: 'workload-socket', emptyDir: {} },
        { name: 'credential-socket', emptyDir: {} },
        { name: 'workload-certs', emptyDir: { medium: 'Memory' } },
        { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
        { name: 'istio-data', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
        { name: 'config-volume', configMap: { name: installation.named('istio'), optional: true } },
        {
          name: 'istiod-ca-cert',
          configMap: { name: global.trustBundleName ?? 'istio-ca-root-cert', optional: true },
        },
        {
          name: 'istio-token',
          projected: {
            sources: [
              {
                serviceAccountToken: {
                  audience: global.sds?.token?.aud ?? 'istio-ca',
                  expirationSeconds: 43_200,
                  path: 'istio-token',
                },
              },
            ],
          },
        },
        {
          name: 'istio-podinfo',
          downwardAPI: {
            items: [
              { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
              { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
            ],
          },
        },
        ...secretVolumes.map((volume) => ({
          name: volume.name,
          secret: { secretName: volume.secretName, optional: true },
        })),
      ],
    },
    installation,
  );
}

/** What the agent tells the control plane of itself. https://istio.io/latest/docs/reference/commands/pilot-agent/ */
function gatewayEnvironment(
  name: string,
  namespace: string,
  selector: Record<string, string>,
  installation: Installation,
): readonly Tree[] {
  const { global } = installation;
  const { caAddress = '', meshID: meshId = '' } = global;
  const domain = trustDomain(installation);
  const set = (variable: string, value: string | undefined): readonly Tree[] =>
    value === undefined || value === '' ? [] : [{ name: variable, value }];
  return [
    { name: 'PILOT_CERT_PROVIDER', value: global.pilotCertProvider ?? 'istiod' },
    { name: 'CA_ADDR', value: caAddress === '' ? discoveryAddress(installation) : caAddress },
    fromField('NODE_NAME', 'spec.nodeName'),
    fromField('POD_NAME', 'metadata.name'),
    fromField('POD_NAMESPACE', 'metadata.namespace'),
    fromField('INSTANCE_IP', 'status.podIP'),
    fromField('HOST_IP', 'status.hostIP'),
    fromField('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    { name: 'ISTIO_CPU_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } } },
    { name: 'PROXY_CONFIG', value: JSON.stringify(proxyConfig(installation)) },
    { name: 'TRUST_DOMAIN', value: domain },
    { name: 'ISTIO_META_MESH_ID', value: meshId === '' ? domain : meshId },
    { name: 'ISTIO_META_CLUSTER_ID', value: clusterName(installation) },
    { name: 'ISTIO_META_INTERCEPTION_MODE', value: 'REDIRECT' },
    { name: 'ISTIO_META_UNPRIVILEGED_POD', value: 'true' },
    { name: 'ISTIO_META_WORKLOAD_NAME', value: name },
    {
      name: 'ISTIO_META_OWNER',
      value: `kubernetes://apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    },
    fromField('ISTIO_META_NODE_NAME', 'spec.nodeName'),
    ...set('ISTIO_META_NETWORK', global.network),
    ...set(
      'ISTIO_META_ROUTER_MODE',
      selector['topology.istio.io/network'] === undefined ? undefined : 'sni-dnat',
    ),
  ];
}
