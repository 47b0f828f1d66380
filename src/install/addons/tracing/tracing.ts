/** The addon for traces: Jaeger or Zipkin, both reached as `zipkin` for spans and as `tracing` by people. */

import type { Installation } from '../../installation.ts';
import type { Resource } from '../../resource.ts';
import { addonImage, addonResources } from '../addon.ts';

const SPANS = 9411;

export function tracing(installation: Installation): readonly Resource[] {
  return installation.values.tracing?.provider === 'zipkin' ? zipkin(installation) : jaeger(installation);
}

function jaeger(installation: Installation): readonly Resource[] {
  const { spec, values } = installation;
  const chart = values.tracing ?? {};
  const ui = 16_686;
  const traces = chart.jaeger?.memory?.max_traces ?? 50_000;
  return addonResources(
    {
      name: 'jaeger',
      image: addonImage(chart.jaeger, 'docker.io/jaegertracing', 'all-in-one', '1.76.0'),
      user: 10_001,
      args: [`--memory.max-traces=${traces}`],
      env: [
        { name: 'COLLECTOR_ZIPKIN_HOST_PORT', value: `:${SPANS}` },
        { name: 'SPAN_STORAGE_TYPE', value: 'memory' },
      ],
      ports: [
        { name: 'query', port: ui },
        { name: 'zipkin', port: SPANS },
        { name: 'otlp-grpc', port: 4317 },
        { name: 'otlp-http', port: 4318 },
        { name: 'admin', port: 14_269 },
      ],
      readiness: { path: '/', port: 14_269 },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      volumes: [{ name: 'tmp', emptyDir: {} }],
      chart: {
        ...chart,
        resources: chart.jaeger?.resources ??
          chart.resources ?? {
            requests: { cpu: '10m', memory: '128Mi' },
            limits: { cpu: '1', memory: '1Gi' },
          },
      },
      addon: spec.addonComponents?.tracing ?? {},
      services: {
        tracing: [{ name: 'http-query', port: 80, targetPort: ui, protocol: 'TCP' }],
        zipkin: [{ name: 'http-query', port: SPANS, targetPort: SPANS, protocol: 'TCP' }],
        'jaeger-collector': [
          { name: 'grpc-otlp', port: 4317, targetPort: 4317, protocol: 'TCP' },
          { name: 'http-otlp', port: 4318, targetPort: 4318, protocol: 'TCP' },
        ],
      },
      // Spans come from proxies in all namespaces.
      openPorts: [SPANS, 4317, 4318],
    },
    installation,
  );
}

function zipkin(installation: Installation): readonly Resource[] {
  const { spec, values } = installation;
  const chart = values.tracing ?? {};
  const heap = chart.zipkin?.javaOptsHeap ?? 512;
  return addonResources(
    {
      name: 'zipkin',
      image: addonImage(chart.zipkin, 'docker.io/openzipkin', 'zipkin', '3.5.1'),
      user: 1000,
      env: [
        { name: 'JAVA_OPTS', value: `-Xms${heap}m -Xmx${heap}m -Djava.io.tmpdir=/tmp` },
        { name: 'QUERY_PORT', value: String(SPANS) },
        { name: 'STORAGE_TYPE', value: 'mem' },
        { name: 'MEM_MAX_SPANS', value: String(chart.zipkin?.maxSpans ?? 500_000) },
      ],
      ports: [{ name: 'http', port: SPANS }],
      readiness: { path: '/health', port: SPANS },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      volumes: [{ name: 'tmp', emptyDir: {} }],
      chart: {
        ...chart,
        resources: chart.zipkin?.resources ??
          chart.resources ?? {
            requests: { cpu: '100m', memory: `${heap + 256}Mi` },
            limits: { cpu: '1', memory: `${heap + 512}Mi` },
          },
      },
      addon: spec.addonComponents?.tracing ?? {},
      services: {
        tracing: [{ name: 'http-query', port: 80, targetPort: SPANS, protocol: 'TCP' }],
        zipkin: [{ name: 'http-query', port: SPANS, targetPort: SPANS, protocol: 'TCP' }],
      },
      openPorts: [SPANS],
    },
    installation,
  );
}
