/** The pages that `mesh dashboard` opens: a row each. */

export interface Dashboard {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** Labels of the pods that show it; undefined when the user names the pod. */
  readonly labels?: string;
  /** The pod's port, unless an annotation of the pod says another. */
  readonly port: number;
  readonly portAnnotation?: string;
  readonly path: string;
}

export const DASHBOARDS: readonly Dashboard[] = [
  {
    name: 'grafana',
    summary: 'Grafana',
    labels: 'app.kubernetes.io/name=grafana',
    port: 3000,
    path: '/',
  },
  { name: 'jaeger', summary: 'Jaeger', labels: 'app=jaeger', port: 16_686, path: '/' },
  { name: 'kiali', summary: 'Kiali', labels: 'app=kiali', port: 20_001, path: '/kiali' },
  {
    name: 'prometheus',
    summary: 'Prometheus',
    labels: 'app.kubernetes.io/name=prometheus',
    port: 9090,
    path: '/',
  },
  { name: 'zipkin', summary: 'Zipkin', labels: 'app=zipkin', port: 9411, path: '/' },
  { name: 'skywalking', summary: 'SkyWalking', labels: 'app=skywalking-ui', port: 8080, path: '/' },
  {
    name: 'proxy',
    aliases: ['envoy'],
    summary: 'The admin interface of the proxy of a pod',
    port: 15_000,
    path: '/',
  },
  {
    name: 'controller',
    aliases: ['istiod-debug'],
    summary: 'The debug pages of the control plane',
    labels: 'app=istiod',
    port: 15_014,
    portAnnotation: 'prometheus.io/port',
    path: '/debug',
  },
  {
    name: 'controlz',
    summary: "ControlZ of Istio's own control plane; for that of Lateen see controller",
    labels: 'app=istiod',
    port: 9876,
    path: '/',
  },
];

/** All names by which they can be called. */
export const DASHBOARD_NAMES = DASHBOARDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);

/** Undefined for a name that there is not. */
export function findDashboard(name: string): Dashboard | undefined {
  return DASHBOARDS.find((one) => one.name === name || (one.aliases ?? []).includes(name));
}
