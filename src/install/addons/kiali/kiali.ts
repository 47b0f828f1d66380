/** The addon Kiali: the mesh as a graph. It can read what it draws, and change nothing. */

import { binding, type Installation } from '../../installation.ts';
import type { Resource } from '../../resource.ts';
import { CONFIG_GROUPS } from '../../roles.ts';
import { toYamlText } from '../../yaml-text.ts';
import { addonConfigMap, addonImage, addonResources } from '../addon.ts';

const NAME = 'kiali';
const PORT = 20_001;
const READ = ['get', 'list', 'watch'];

export function kiali(installation: Installation): readonly Resource[] {
  const { spec, values, namespace, clusterNamed } = installation;
  const chart = values.kiali ?? {};
  const labels = installation.labels('Addons', NAME);
  const role: Resource = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: clusterNamed(NAME), labels },
    rules: [
      {
        apiGroups: [''],
        resources: ['configmaps', 'endpoints', 'namespaces', 'pods', 'pods/log', 'services'],
        verbs: READ,
      },
      {
        apiGroups: ['apps'],
        resources: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
        verbs: READ,
      },
      { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'], verbs: READ },
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        verbs: ['get', 'list'],
      },
      { apiGroups: [...CONFIG_GROUPS, 'gateway.networking.k8s.io'], resources: ['*'], verbs: READ },
    ],
  };
  return [
    role,
    binding('ClusterRoleBinding', role, { name: NAME, namespace }),
    addonConfigMap(installation, NAME, NAME, { 'config.yaml': toYamlText(kialiConfig(installation)) }),
    ...addonResources(
      {
        name: NAME,
        image: addonImage(chart, 'quay.io/kiali', 'kiali', 'v2.27'),
        user: 1000,
        apiToken: true,
        args: ['-config', '/kiali-configuration/config.yaml'],
        env: [{ name: 'ACTIVE_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
        ports: [
          { name: 'http', port: PORT },
          { name: 'http-metrics', port: 9090 },
        ],
        readiness: { path: '/kiali/healthz', port: PORT },
        volumeMounts: [
          { name: 'config', mountPath: '/kiali-configuration', readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
        volumes: [
          { name: 'config', configMap: { name: NAME } },
          { name: 'tmp', emptyDir: {} },
        ],
        chart: {
          ...chart,
          resources: chart.resources ?? {
            requests: { cpu: '10m', memory: '64Mi' },
            limits: { cpu: '500m', memory: '1Gi' },
          },
        },
        addon: spec.addonComponents?.kiali ?? {},
        services: { kiali: [{ name: 'http', port: PORT, targetPort: PORT, protocol: 'TCP' }] },
      },
      installation,
    ),
  ];
}

function kialiConfig({ spec, values, namespace, named, istiod }: Installation): Record<string, unknown> {
  const { grafana, tracing } = spec.addonComponents ?? {};
  const backend = values.tracing?.provider ?? 'jaeger';
  return {
    auth: { strategy: 'anonymous' },
    deployment: { accessible_namespaces: ['**'], cluster_wide_access: true, namespace, view_only_mode: true },
    external_services: {
      grafana: { enabled: grafana?.enabled === true, internal_url: `http://grafana.${namespace}:3000` },
      istio: {
        config_map_name: named('istio'),
        istio_sidecar_injector_config_map_name: named('istio-sidecar-injector'),
        istiod_deployment_name: istiod,
        root_namespace: namespace,
      },
      prometheus: { url: values.kiali?.prometheusAddr ?? `http://prometheus.${namespace}:9090` },
      tracing: {
        enabled: tracing?.enabled === true && backend === 'jaeger',
        internal_url: `http://tracing.${namespace}:80`,
        provider: 'jaeger',
        use_grpc: false,
      },
    },
    istio_namespace: namespace,
    server: { metrics: { enabled: true, port: 9090 }, port: PORT, web_root: '/kiali' },
  };
}
