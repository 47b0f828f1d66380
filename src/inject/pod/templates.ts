/** The built-in templates: for each name, what a pod gets. */

import { mapAt } from '../settings.ts';
import type { JsonMap } from '../yaml/value.ts';
import { env, fieldEnv, textsOf } from './context.ts';
import type { TemplateContext } from './context.ts';
import { initContainers } from './init-containers.ts';
import { appContainers, containerName } from './pod.ts';
import { gatewayContainer, sidecarContainer } from './proxy-container.ts';
import { proxyVolumes, userVolumes } from './volumes.ts';

/** Computes what is added to a pod, as a partial pod template. */
export type Template = (context: TemplateContext) => JsonMap;

export const BUILTIN_TEMPLATES: Readonly<Record<string, Template>> = {
  sidecar,
  gateway,
  'grpc-simple': grpcSimple,
  'grpc-agent': grpcAgent,
  spire,
};

function sidecar(context: TemplateContext): JsonMap {
  const proxy = sidecarContainer(context);
  const init = initContainers(context);
  return {
    metadata: {
      labels: {
        'security.istio.io/tlsMode': context.pod.labels['security.istio.io/tlsMode'] ?? 'istio',
        ...canonicalLabels(context),
        ...networkLabel(context),
      },
      annotations: { ...commonAnnotations(context), ...captureAnnotations(context) },
    },
    spec: {
      ...(init.length > 0 || context.native
        ? { initContainers: context.native ? [...init, proxy] : init }
        : {}),
      ...(context.native ? {} : { containers: [proxy] }),
      volumes: [...proxyVolumes(context), ...userVolumes(context)],
      ...pullSecrets(context),
    },
  };
}

function gateway(context: TemplateContext): JsonMap {
  const security = mapAt(context.values, 'gateways.securityContext');
  return {
    metadata: {
      labels: { ...canonicalLabels(context), ...networkLabel(context) },
      annotations: commonAnnotations(context),
    },
    spec: {
      // Gateways listen on ports like 80 without being root.
      securityContext:
        Object.keys(security).length > 0
          ? security
          : { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
      containers: [gatewayContainer(context)],
      volumes: proxyVolumes(context),
      ...pullSecrets(context),
    },
  };
}

/** Sockets of SPIRE's CSI driver in place of the proxy's own. */
function spire(): JsonMap {
  const mount = {
    name: 'workload-socket',
    mountPath: '/var/run/secrets/workload-spiffe-uds',
    readOnly: true,
  };
  return {
    spec: {
      containers: [{ name: 'istio-proxy', volumeMounts: [mount] }],
      volumes: [{ name: 'workload-socket', csi: { driver: 'csi.spiffe.io', readOnly: true } }],
    },
  };
}

const GRPC_VOLUME = 'grpc-io-proxyless-bootstrap';
const GRPC_FOLDER = '/var/lib/grpc/data/';
const GRPC_FILE = `${GRPC_FOLDER}bootstrap.json`;

/** Applications that speak xDS themselves: a bootstrap file, no proxy. */
function grpcSimple(context: TemplateContext): JsonMap {
  const node = '{{NODE}}';
  const bootstrap = {
    xds_servers: [
      {
        server_uri: `dns:///istiod.${context.text('global.istioNamespace')}.svc:15010`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    node: { id: node, metadata: { GENERATOR: 'grpc' } },
  };
  const id = `sidecar~$(INSTANCE_IP)~$(POD_NAME).$(POD_NAMESPACE)~${context.text('global.proxy.clusterDomain')}`;
  return {
    metadata: { annotations: { 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' } },
    spec: {
      initContainers: [
        {
          name: 'grpc-bootstrap-init',
          image: context.image('global.proxy_init.image'),
          ...context.pullPolicy,
          env: [
            fieldEnv('INSTANCE_IP', 'status.podIP'),
            fieldEnv('POD_NAME', 'metadata.name'),
            fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
            env('GRPC_BOOTSTRAP', JSON.stringify(bootstrap).replace(node, id)),
          ],
          args: ['write-file', `--path=${GRPC_FILE}`, '--env=GRPC_BOOTSTRAP'],
          resources: context.resources,
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
          volumeMounts: [{ name: GRPC_VOLUME, mountPath: GRPC_FOLDER }],
        },
      ],
      containers: grpcApps(context, GRPC_VOLUME, GRPC_FOLDER, GRPC_FILE),
      volumes: [{ name: GRPC_VOLUME, emptyDir: {} }],
    },
  };
}

/** Applications that speak xDS themselves, through an agent that gets their certificates. */
function grpcAgent(context: TemplateContext): JsonMap {
  const whole = sidecar(context);
  const folder = '/etc/istio/proxy';
  const { startupProbe: _envoyOnly, ...agent } = sidecarContainer(context);
  const container = {
    ...agent,
    // Without Envoy there is no port 15021; the agent answers itself.
    readinessProbe: {
      httpGet: { path: '/healthz/ready', port: 15_020 },
      periodSeconds: 15,
      timeoutSeconds: 3,
      failureThreshold: 4,
    },
  };
  const environment = [
    ...(Array.isArray(agent.env) ? agent.env : []),
    env('ISTIO_META_GENERATOR', 'grpc'),
    env('OUTPUT_CERTS', '/var/lib/istio/data'),
    env('DISABLE_ENVOY', 'true'),
    env('GRPC_XDS_BOOTSTRAP', `${folder}/grpc-bootstrap.json`),
  ];
  const apps = grpcApps(context, 'istio-envoy', folder, `${folder}/grpc-bootstrap.json`).map((app) => ({
    ...app,
    volumeMounts: [
      { name: 'istio-envoy', mountPath: folder },
      { name: 'istio-data', mountPath: '/var/lib/istio/data' },
    ],
  }));
  return {
    metadata: mapAt(whole, 'metadata'),
    spec: {
      containers: [...apps, { ...container, env: environment }],
      volumes: [...proxyVolumes(context), ...userVolumes(context)],
      ...pullSecrets(context),
    },
  };
}

function grpcApps({ pod }: TemplateContext, volume: string, folder: string, file: string): JsonMap[] {
  return appContainers(pod).map((container) => ({
    name: containerName(container),
    env: [env('GRPC_XDS_BOOTSTRAP', file)],
    volumeMounts: [{ name: volume, mountPath: folder }],
  }));
}

/** Labels by which telemetry knows the workload. Values are labels, so at most 63 characters. */
export function canonicalLabels({ pod: { labels, owner } }: TemplateContext): Record<string, string> {
  const name =
    [
      labels['service.istio.io/canonical-name'],
      labels['app.kubernetes.io/name'],
      labels.app,
      owner.name,
    ].find(isGiven) ?? '';
  const revision =
    [labels['service.istio.io/canonical-revision'], labels['app.kubernetes.io/version'], labels.version].find(
      isGiven,
    ) ?? 'latest';
  return {
    'service.istio.io/canonical-name': name.slice(0, 63).replace(/^[-_.]+|[-_.]+$/g, ''),
    'service.istio.io/canonical-revision': revision,
  };
}

function isGiven(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}

function networkLabel(context: TemplateContext): Record<string, string> {
  const network = context.pod.labels['topology.istio.io/network'] ?? context.text('global.network');
  return network === '' ? {} : { 'topology.istio.io/network': network };
}

function commonAnnotations(context: TemplateContext): Record<string, string> {
  const first = context.apps[0];
  const missing = (name: string): Record<string, string> =>
    first === undefined || context.has(name) ? {} : { [name]: first };
  return {
    'istio.io/rev': context.settings.revision === '' ? 'default' : context.settings.revision,
    ...missing('kubectl.kubernetes.io/default-logs-container'),
    ...missing('kubectl.kubernetes.io/default-container'),
  };
}

/** What the CNI plugin reads, since no init container tells it. */
function captureAnnotations(context: TemplateContext): Record<string, string> {
  if (!context.cni) return {};
  const traffic = (name: string, path: string, always: boolean): Record<string, string> => {
    const key = `traffic.sidecar.istio.io/${name}`;
    const value = context.annotation(key, `global.proxy.${path}`);
    return value === '' && !always ? {} : { [key]: value };
  };
  const networks = context.pod.annotations[NETWORKS];
  return {
    ...(context.text('pilot.cni.provider') === 'multus'
      ? { [NETWORKS]: withNetwork(networks, 'default/istio-cni') }
      : {}),
    'sidecar.istio.io/interceptionMode': context.interceptionMode,
    ...traffic('includeOutboundIPRanges', 'includeIPRanges', false),
    ...traffic('excludeOutboundIPRanges', 'excludeIPRanges', false),
    ...traffic('includeInboundPorts', 'includeInboundPorts', true),
    ...traffic('excludeInboundPorts', 'excludeInboundPorts', true),
    ...traffic('includeOutboundPorts', 'includeOutboundPorts', false),
    ...traffic('excludeOutboundPorts', 'excludeOutboundPorts', false),
  };
}

const NETWORKS = 'k8s.v1.cni.cncf.io/networks';

/** Adds a network to the list of Multus, which is JSON or names with commas between them. */
function withNetwork(existing: string | undefined, name: string): string {
  const text = existing?.trim() ?? '';
  if (text === '') return name;
  if (!text.startsWith('['))
    return text.split(',').some((one) => one.trim() === name) ? text : `${text},${name}`;
  const [namespace = '', short = ''] = name.split('/');
  if (text.includes(`"${short}"`)) return text;
  const item = JSON.stringify({ name: short, namespace });
  const body = text.slice(0, text.lastIndexOf(']')).trimEnd();
  return `${body}${body === '[' ? '' : ', '}${item}]`;
}

function pullSecrets(context: TemplateContext): JsonMap {
  const names = textsOf(mapAt(context.values, 'global').imagePullSecrets);
  return names.length === 0 ? {} : { imagePullSecrets: names.map((name) => ({ name })) };
}
