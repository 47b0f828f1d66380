/** The container `istio-proxy`, of sidecars and of gateways. */

import { flagAt, textAt } from '../settings.ts';
import { getKey } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { mapIn } from './annotations.ts';
import { PROXY_ID, env, fieldEnv } from './context.ts';
import type { TemplateContext } from './context.ts';
import { PROXY } from './pod.ts';

export function sidecarContainer(context: TemplateContext): JsonMap {
  return {
    ...common(context, 'sidecar'),
    ...(context.native ? { restartPolicy: 'Always' } : {}),
    ...lifecycle(context),
    ...(context.statusPort === '0' ? {} : probes(context, true)),
    securityContext: sidecarSecurity(context),
    resources: context.resources,
    volumeMounts: [...mounts(context), ...userMounts(context)],
  };
}

export function gatewayContainer(context: TemplateContext): JsonMap {
  return {
    ...common(context, 'router'),
    ...context.optional('lifecycle', 'global.proxy.lifecycle'),
    ...probes(context, false),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: PROXY_ID,
      runAsNonRoot: true,
      runAsUser: PROXY_ID,
      ...context.optional('seccompProfile', 'global.proxy.seccompProfile'),
    },
    resources: context.resources,
    volumeMounts: mounts(context),
  };
}

function common(context: TemplateContext, role: 'sidecar' | 'router'): JsonMap {
  return {
    name: PROXY,
    image: context.image('global.proxy.image'),
    ...context.pullPolicy,
    args: args(context, role),
    ports: [{ containerPort: 15_090, protocol: 'TCP', name: 'http-envoy-prom' }],
    env: environment(context, role),
  };
}

function args(context: TemplateContext, role: string): string[] {
  const stsPort = context.text('global.sts.servicePort');
  const outlierLog = context.text('global.proxy.outlierLogPath');
  return [
    'proxy',
    role,
    '--domain',
    `$(POD_NAMESPACE).svc.${context.text('global.proxy.clusterDomain')}`,
    `--proxyLogLevel=${context.annotation('sidecar.istio.io/logLevel', 'global.proxy.logLevel')}`,
    `--proxyComponentLogLevel=${context.annotation('sidecar.istio.io/componentLogLevel', 'global.proxy.componentLogLevel')}`,
    `--log_output_level=${context.annotation('sidecar.istio.io/agentLogLevel', 'global.logging.level')}`,
    ...(stsPort === '' || stsPort === '0' ? [] : [`--stsPort=${stsPort}`]),
    ...(context.flag('global.logAsJson') ? ['--log_as_json'] : []),
    ...(outlierLog === '' ? [] : [`--outlierLogPath=${outlierLog}`]),
  ];
}

function lifecycle(context: TemplateContext): JsonMap {
  const own = context.optional('lifecycle', 'global.proxy.lifecycle');
  if (Object.keys(own).length > 0) return own;
  if (context.hold) return { lifecycle: { postStart: { exec: { command: ['pilot-agent', 'wait'] } } } };
  if (!context.native) return {};
  const drain = ['pilot-agent', 'request', `--debug-port=${context.statusPort}`, 'POST', 'drain'];
  return { lifecycle: { preStop: { exec: { command: drain } } } };
}

function environment(context: TemplateContext, role: 'sidecar' | 'router'): JsonMap[] {
  const { pod, settings } = context;
  const network = pod.labels['topology.istio.io/network'] ?? context.text('global.network');
  const workload = pod.labels['service.istio.io/workload-name'] ?? pod.owner.name;
  const provider = context.text('global.pilotCertProvider');
  const local = textAt(settings.mesh, 'inboundTrafficPolicy.mode') === 'LOCALHOST';
  return [
    ...(local ? [env('REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION', 'true')] : []),
    env('PILOT_CERT_PROVIDER', provider),
    env('CA_ADDR', context.text('global.caAddress') || context.controlPlane),
    fieldEnv('POD_NAME', 'metadata.name'),
    fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
    fieldEnv('INSTANCE_IP', 'status.podIP'),
    fieldEnv('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    fieldEnv('HOST_IP', 'status.hostIP'),
    { name: 'ISTIO_CPU_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } } },
    env('PROXY_CONFIG', JSON.stringify(context.proxyConfig)),
    env('ISTIO_META_POD_PORTS', JSON.stringify(podPorts(context))),
    env('ISTIO_META_APP_CONTAINERS', context.apps.join(',')),
    env('ISTIO_META_CLUSTER_ID', context.text('global.multiCluster.clusterName') || 'Kubernetes'),
    fieldEnv('ISTIO_META_NODE_NAME', 'spec.nodeName'),
    env('ISTIO_META_INTERCEPTION_MODE', role === 'router' ? 'REDIRECT' : context.interceptionMode),
    ...(network === '' ? [] : [env('ISTIO_META_NETWORK', network)]),
    ...(workload === '' ? [] : [env('ISTIO_META_WORKLOAD_NAME', workload)]),
    ...ownerEnv(context),
    ...(context.has('sidecar.istio.io/bootstrapOverride')
      ? [env('ISTIO_BOOTSTRAP_OVERRIDE', '/etc/istio/custom-bootstrap/custom_bootstrap.json')]
      : []),
    env('ISTIO_META_MESH_ID', context.text('global.meshID') || context.trustDomain),
    env('TRUST_DOMAIN', context.trustDomain),
    ...context.proxyMetadata.map(([name, value]) => env(name, value)),
  ];
}

function ownerEnv({ pod: { owner } }: TemplateContext): JsonMap[] {
  if (owner.apiVersion === '' || owner.name === '') return [];
  const namespace = owner.namespace === '' ? 'default' : owner.namespace;
  const path = `namespaces/${namespace}/${owner.kind.toLowerCase()}s/${owner.name}`;
  return [env('ISTIO_META_OWNER', `kubernetes://apis/${owner.apiVersion}/${path}`)];
}

function podPorts({ pod }: TemplateContext): Json[] {
  return pod.containers.flatMap((container) => {
    const ports = getKey(container, 'ports');
    return Array.isArray(ports) ? ports : [];
  });
}

function probes(context: TemplateContext, annotated: boolean): JsonMap {
  const number = (name: string, value: string): number => {
    const key = `readiness.status.sidecar.istio.io/${name}`;
    const path = `global.proxy.${value}`;
    return Number((annotated ? context.annotation(key, path) : context.text(path)) || 0);
  };
  const httpGet = { path: '/healthz/ready', port: 15_021 };
  const startup = annotated && flagAt(context.values, 'global.proxy.startupProbe.enabled');
  return {
    ...(startup
      ? {
          startupProbe: {
            httpGet,
            initialDelaySeconds: 0,
            periodSeconds: 1,
            timeoutSeconds: 3,
            failureThreshold: positive(Number(context.text('global.proxy.startupProbe.failureThreshold'))),
          },
        }
      : {}),
    readinessProbe: {
      httpGet,
      initialDelaySeconds: number('initialDelaySeconds', 'readinessInitialDelaySeconds'),
      // Kubernetes wants at least one of each.
      periodSeconds: positive(number('periodSeconds', 'readinessPeriodSeconds')),
      timeoutSeconds: 3,
      failureThreshold: positive(number('failureThreshold', 'readinessFailureThreshold')),
    },
  };
}

function positive(value: number): number {
  return Math.max(1, Number.isSafeInteger(value) ? value : 1);
}

function sidecarSecurity(context: TemplateContext): JsonMap {
  const transparent = context.interceptionMode === 'TPROXY';
  const binds =
    context.annotation('sidecar.istio.io/capNetBindService', 'global.proxy.capNetBindService') === 'true';
  const privileged = context.flag('global.proxy.privileged');
  const add = [...(transparent ? ['NET_ADMIN'] : []), ...(binds ? ['NET_BIND_SERVICE'] : [])];
  return {
    allowPrivilegeEscalation: privileged,
    capabilities: { ...(add.length === 0 ? {} : { add }), drop: ['ALL'] },
    privileged,
    readOnlyRootFilesystem: true,
    runAsGroup: PROXY_ID,
    runAsNonRoot: add.length === 0,
    runAsUser: add.length === 0 ? PROXY_ID : 0,
    ...context.optional('seccompProfile', 'global.proxy.seccompProfile'),
  };
}

function mounts(context: TemplateContext): JsonMap[] {
  return [
    { name: 'workload-socket', mountPath: '/var/run/secrets/workload-spiffe-uds' },
    { name: 'credential-socket', mountPath: '/var/run/secrets/credential-uds' },
    context.text('global.caName') === 'GkeWorkloadCertificate'
      ? {
          name: 'gke-workload-certificate',
          mountPath: '/var/run/secrets/workload-spiffe-credentials',
          readOnly: true,
        }
      : { name: 'workload-certs', mountPath: '/var/run/secrets/workload-spiffe-credentials' },
    ...(context.text('global.pilotCertProvider') === 'istiod'
      ? [{ name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio' }]
      : []),
    { name: 'istio-data', mountPath: '/var/lib/istio/data' },
    ...(context.has('sidecar.istio.io/bootstrapOverride')
      ? [{ name: 'custom-bootstrap-volume', mountPath: '/etc/istio/custom-bootstrap' }]
      : []),
    { name: 'istio-envoy', mountPath: '/etc/istio/proxy' },
    { name: 'istio-token', mountPath: '/var/run/secrets/tokens' },
    ...(context.flag('global.mountMtlsCerts')
      ? [{ name: 'istio-certs', mountPath: '/etc/certs/', readOnly: true }]
      : []),
    { name: 'istio-podinfo', mountPath: '/etc/istio/pod' },
  ];
}

function userMounts({ pod }: TemplateContext): JsonMap[] {
  const given = mapIn(pod.annotations['sidecar.istio.io/userVolumeMount']);
  return Object.keys(given).map((name) => ({ name, ...(getKey(given, name) as JsonMap) }));
}
