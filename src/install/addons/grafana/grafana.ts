/** The addon Grafana, with Prometheus as its source; who sees it may look, not change. */

import type { Installation } from '../../installation.ts';
import type { Resource } from '../../resource.ts';
import { environment } from '../../workload.ts';
import { toYamlText } from '../../yaml-text.ts';
import { addonConfigMap, addonResources } from '../addon.ts';

const NAME = 'grafana';
const PORT = 3000;

export function grafana(installation: Installation): readonly Resource[] {
  const { spec, values, namespace } = installation;
  const chart = values.grafana ?? {};
  const repository = chart.image?.repository ?? 'docker.io/grafana/grafana';
  return [
    addonConfigMap(installation, NAME, NAME, {
      'datasources.yaml': toYamlText({
        apiVersion: 1,
        datasources: [
          {
            name: 'Prometheus',
            type: 'prometheus',
            uid: 'prometheus',
            access: 'proxy',
            isDefault: true,
            url: `http://prometheus.${namespace}:9090`,
            jsonData: { timeInterval: values.prometheus?.scrapeInterval ?? '15s' },
          },
        ],
      }),
    }),
    ...addonResources(
      {
        name: NAME,
        image: `${repository}:${chart.image?.tag ?? '12.0.1'}`,
        user: 472,
        env: [
          { name: 'GF_SERVER_HTTP_PORT', value: String(PORT) },
          { name: 'GF_AUTH_ANONYMOUS_ENABLED', value: 'true' },
          { name: 'GF_AUTH_ANONYMOUS_ORG_ROLE', value: 'Viewer' },
          { name: 'GF_ANALYTICS_REPORTING_ENABLED', value: 'false' },
          { name: 'GF_ANALYTICS_CHECK_FOR_UPDATES', value: 'false' },
          { name: 'GF_PATHS_DATA', value: '/data' },
          { name: 'GF_PATHS_PLUGINS', value: '/data/plugins' },
          ...environment(chart.env),
        ],
        ports: [{ name: 'http', port: PORT }],
        readiness: { path: '/api/health', port: PORT },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/grafana/provisioning/datasources', readOnly: true },
          { name: 'data', mountPath: '/data' },
          { name: 'tmp', mountPath: '/tmp' },
        ],
        volumes: [
          { name: 'config', configMap: { name: NAME } },
          { name: 'data', emptyDir: {} },
          { name: 'tmp', emptyDir: {} },
        ],
        chart: {
          ...chart,
          resources: chart.resources ?? {
            requests: { cpu: '20m', memory: '128Mi' },
            limits: { cpu: '500m', memory: '512Mi' },
          },
        },
        addon: spec.addonComponents?.grafana ?? {},
        services: { grafana: [{ name: 'http', port: PORT, targetPort: PORT, protocol: 'TCP' }] },
      },
      installation,
    ),
  ];
}
