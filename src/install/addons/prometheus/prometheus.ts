/** The addon Prometheus: scrapes the pods that ask for it by annotation, keeps metrics for some hours. */

import { binding, type Installation } from '../../installation.ts';
import type { Resource } from '../../resource.ts';
import { toYamlText } from '../../yaml-text.ts';
import { addonConfigMap, addonImage, addonResources } from '../addon.ts';
import { scrapeConfig } from './scrape-config.ts';

const NAME = 'prometheus';

export function prometheus(installation: Installation): readonly Resource[] {
  const { spec, values, namespace, clusterNamed } = installation;
  const chart = values.prometheus ?? {};
  const role: Resource = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: clusterNamed(NAME), labels: installation.labels('Addons', NAME) },
    // Pods are found by their annotations; nothing else is read.
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }],
  };
  return [
    role,
    binding('ClusterRoleBinding', role, { name: NAME, namespace }),
    addonConfigMap(installation, NAME, NAME, {
      'prometheus.yml': toYamlText(scrapeConfig(chart.scrapeInterval ?? '15s')),
    }),
    ...addonResources(
      {
        name: NAME,
        image: addonImage(chart, 'docker.io/prom', 'prometheus', 'v3.10.0'),
        user: 65_534,
        apiToken: true,
        args: [
          '--config.file=/etc/prometheus/prometheus.yml',
          '--storage.tsdb.path=/data',
          `--storage.tsdb.retention.time=${chart.retention ?? '6h'}`,
        ],
        ports: [{ name: 'http', port: 9090 }],
        readiness: { path: '/-/ready', port: 9090 },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/prometheus', readOnly: true },
          { name: 'data', mountPath: '/data' },
        ],
        volumes: [
          { name: 'config', configMap: { name: NAME } },
          { name: 'data', emptyDir: {} },
        ],
        chart: {
          ...chart,
          resources: chart.resources ?? {
            requests: { cpu: '50m', memory: '256Mi' },
            limits: { cpu: '1', memory: '2Gi' },
          },
        },
        addon: spec.addonComponents?.prometheus ?? {},
        services: { prometheus: [{ name: 'http', port: 9090, targetPort: 9090, protocol: 'TCP' }] },
      },
      installation,
    ),
  ];
}
