/** Spans of requests: which requests have them, what they say, and where they are sent to. */

import { splitHostPort } from '../../base/host-port.ts';
import type { MeshService } from '../../model/services.ts';
import type { MeshConfig } from '../../model/mesh-settings.ts';
import { type Input, serviceNamed } from '../input.ts';
import { outboundCluster } from '../names.ts';
import { DatadogConfigSchema } from '../proto/generated/envoy/config/trace/v3/datadog_pb.js';
import type { Tracing_HttpSchema } from '../proto/generated/envoy/config/trace/v3/http_tracer_pb.js';
import { OpenTelemetryConfigSchema } from '../proto/generated/envoy/config/trace/v3/opentelemetry_pb.js';
import {
  ZipkinConfig_CollectorEndpointVersion as SpanVersion,
  ZipkinConfigSchema,
} from '../proto/generated/envoy/config/trace/v3/zipkin_pb.js';
import type { HttpConnectionManager_TracingSchema } from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { CustomTagSchema } from '../proto/generated/envoy/type/tracing/v3/custom_tag_pb.js';
import { pack } from '../proto/registry.ts';
import type { Init } from '../values.ts';

type Tracing = Init<typeof HttpConnectionManager_TracingSchema>;
type Provider = Init<typeof Tracing_HttpSchema>;
type Tag = Init<typeof CustomTagSchema>;
type ProxyTracing = NonNullable<NonNullable<MeshConfig['defaultConfig']>['tracing']>;
type ExtensionProvider = NonNullable<MeshConfig['extensionProviders']>[number];

/** Percent of requests, where nothing is said. */
const DEFAULT_SAMPLING = 1;
const DEFAULT_TAG_LENGTH = 256;
const SPANS_PATH = '/api/v2/spans';

interface Collector {
  readonly host: string;
  readonly cluster: string;
}

/**
 * The tracing of a connection manager; undefined where MeshConfig asks for none, or its collector is nowhere. Without a
 * collector requests still carry on whether they are traced, and what they are called.
 */
export function tracing(input: Input): Tracing | undefined {
  const { config } = input.snapshot.mesh;
  if (config.enableTracing === false) return undefined;
  const own = config.defaultConfig?.tracing;
  const shares = {
    clientSampling: { value: 100 },
    randomSampling: { value: sampling(own, input) },
    overallSampling: { value: 100 },
  };
  const name = config.defaultProviders?.tracing?.[0];
  const chosen = config.extensionProviders?.find((one) => one.name === name);
  if (name !== undefined && chosen === undefined) {
    reportMesh(input, `defaultProviders.tracing names "${name}", which is none of extensionProviders.`);
  }
  if (chosen === undefined && !namesCollector(own)) return shares;
  const provider = chosen === undefined ? ownProvider(own, input) : extensionProvider(chosen, input);
  if (provider === undefined) return undefined;
  const length = own?.maxPathTagLength ?? DEFAULT_TAG_LENGTH;
  return {
    provider,
    ...shares,
    // A gateway begins a trace: what it does itself, and each try behind it, are told apart.
    ...(input.proxy.type === 'router' && { spawnUpstreamSpan: true }),
    customTags: customTags(own, input),
    ...(length === DEFAULT_TAG_LENGTH ? {} : { maxPathTagLength: length }),
  };
}

function namesCollector(own: ProxyTracing | undefined): boolean {
  const collectors = [own?.zipkin, own?.datadog, own?.lightstep, own?.stackdriver, own?.openCensusAgent];
  return collectors.some((one) => one !== undefined);
}

/** What the proxy's own ProxyConfig says wins over the mesh's. What is no share, or 0, stands for the default, as in istiod. */
function sampling(own: ProxyTracing | undefined, { proxy }: Input): number {
  const told = proxy.metadata.PROXY_CONFIG;
  if (typeof told === 'object' && told !== null && !Array.isArray(told)) {
    const { tracing: ofProxy } = told;
    if (typeof ofProxy === 'object' && ofProxy !== null && !Array.isArray(ofProxy)) {
      const share = ofProxy.sampling;
      if (typeof share === 'number') return shareOf(share);
    }
  }
  return shareOf(own?.sampling ?? 0);
}

/** https://github.com/istio/istio/blob/86c9f01/pilot/pkg/networking/core/tracing.go#L712 */
function shareOf(percent: number): number {
  return percent > 0 && percent <= 100 ? percent : DEFAULT_SAMPLING;
}

function ownProvider(own: ProxyTracing | undefined, input: Input): Provider | undefined {
  if (own?.zipkin !== undefined) {
    const address = own.zipkin.address ?? '';
    const parts = splitHostPort(address);
    const collector = parts && collectorAt(parts.host, Number(parts.port), input);
    if (collector !== undefined) return zipkin(collector, {});
    reportMesh(input, unknownCollector('defaultConfig.tracing.zipkin.address', address));
  } else if (own?.datadog !== undefined) {
    const address = own.datadog.address ?? '';
    const parts = splitHostPort(address);
    const collector = parts && collectorAt(parts.host, Number(parts.port), input);
    if (collector !== undefined) return datadog(collector, input);
    reportMesh(input, unknownCollector('defaultConfig.tracing.datadog.address', address));
  } else if (
    own?.lightstep !== undefined ||
    own?.stackdriver !== undefined ||
    own?.openCensusAgent !== undefined
  ) {
    reportMesh(
      input,
      'defaultConfig.tracing is not in force: of the collectors, zipkin and datadog are known. OpenTelemetry is ' +
        'one of extensionProviders.',
    );
  }
  return undefined;
}

function extensionProvider(chosen: ExtensionProvider, input: Input): Provider | undefined {
  const at = (service: string | undefined, port: number | undefined): Collector | undefined => {
    const collector = collectorAt(service ?? '', port ?? 0, input);
    if (collector === undefined) {
      reportMesh(input, unknownCollector(`extensionProviders "${chosen.name}"`, `${service}:${port}`));
    }
    return collector;
  };
  if (chosen.zipkin !== undefined) {
    const collector = at(chosen.zipkin.service, chosen.zipkin.port);
    return collector && zipkin(collector, chosen.zipkin);
  }
  if (chosen.opentelemetry !== undefined) {
    if (chosen.opentelemetry.http !== undefined) {
      reportMesh(
        input,
        `extensionProviders "${chosen.name}" is not in force: OpenTelemetry goes over gRPC only.`,
      );
      return undefined;
    }
    const collector = at(chosen.opentelemetry.service, chosen.opentelemetry.port);
    return collector && openTelemetry(collector, input);
  }
  if (chosen.datadog !== undefined) {
    const collector = at(chosen.datadog.service, chosen.datadog.port);
    return collector && datadog(collector, input);
  }
  reportMesh(
    input,
    `extensionProviders "${chosen.name}" sends no traces: zipkin, opentelemetry and datadog are known.`,
  );
  return undefined;
}

/** A collector is a service that the proxy sees: Envoy refuses a listener that names a cluster it lacks. */
function collectorAt(written: string, port: number, input: Input): Collector | undefined {
  const { domain, istioNamespace } = input.snapshot.mesh;
  const name = written.slice(written.lastIndexOf('/') + 1);
  const candidates = [
    name,
    `${name}.svc.${domain}`,
    `${name}.${domain}`,
    `${name}.${istioNamespace}.svc.${domain}`,
  ];
  for (const candidate of candidates) {
    const service: MeshService | undefined = serviceNamed(input, candidate);
    if (service?.ports.some(({ number }) => number === port) === true) {
      return { host: candidate, cluster: outboundCluster(port, undefined, candidate) };
    }
  }
  return undefined;
}

function unknownCollector(field: string, address: string): string {
  return (
    `Requests are not traced: ${field} is "${address}", which is no port of a service that the proxy sees. ` +
    'Add a Service or a ServiceEntry for it.'
  );
}

function zipkin(
  { host, cluster }: Collector,
  { path, enable64bitTraceId }: { readonly path?: string; readonly enable64bitTraceId?: boolean },
): Provider {
  return {
    name: 'envoy.tracers.zipkin',
    configType: {
      case: 'typedConfig',
      value: pack(ZipkinConfigSchema, {
        collectorCluster: cluster,
        collectorEndpoint: path === undefined || path === '' ? SPANS_PATH : path,
        collectorEndpointVersion: SpanVersion.HTTP_JSON,
        collectorHostname: host,
        traceId128bit: enable64bitTraceId !== true,
        // Client and server have a span each, so that both sides of the network show.
        sharedSpanContext: false,
      }),
    },
  };
}

function openTelemetry({ host, cluster }: Collector, input: Input): Provider {
  return {
    name: 'envoy.tracers.opentelemetry',
    configType: {
      case: 'typedConfig',
      value: pack(OpenTelemetryConfigSchema, {
        grpcService: {
          targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster, authority: host } },
        },
        serviceName: serviceName(input),
      }),
    },
  };
}

function datadog({ cluster, host }: Collector, input: Input): Provider {
  return {
    name: 'envoy.tracers.datadog',
    configType: {
      case: 'typedConfig',
      value: pack(DatadogConfigSchema, {
        collectorCluster: cluster,
        collectorHostname: host,
        serviceName: serviceName(input),
      }),
    },
  };
}

/** `web.shop`: what the proxy is called in traces. */
function serviceName({ proxy }: Input): string {
  const { metadata } = proxy;
  const workload = typeof metadata.WORKLOAD_NAME === 'string' ? metadata.WORKLOAD_NAME : 'istio-proxy';
  return `${proxy.labels.app ?? workload}.${proxy.namespace}`;
}

function customTags(own: ProxyTracing | undefined, input: Input): Tag[] {
  const tags: Tag[] = own?.enableIstioTags === false ? [] : istioTags(input);
  for (const [tag, value] of Object.entries(own?.customTags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value.literal !== undefined) {
      tags.push({ tag, type: { case: 'literal', value: { value: value.literal.value ?? '' } } });
    } else if (value.environment !== undefined) {
      const { name = '', defaultValue = '' } = value.environment;
      tags.push({ tag, type: { case: 'environment', value: { name, defaultValue } } });
    } else if (value.header !== undefined) {
      const { name = '', defaultValue = '' } = value.header;
      tags.push({ tag, type: { case: 'requestHeader', value: { name, defaultValue } } });
    }
  }
  return tags;
}

/** Tags of the mesh itself. https://istio.io/latest/docs/tasks/observability/distributed-tracing/ */
function istioTags({ proxy }: Input): Tag[] {
  const { labels, metadata } = proxy;
  const workload = typeof metadata.WORKLOAD_NAME === 'string' ? metadata.WORKLOAD_NAME : undefined;
  const values: readonly (readonly [tag: string, value: string | undefined])[] = [
    [
      'istio.canonical_revision',
      labels['service.istio.io/canonical-revision'] ??
        labels['app.kubernetes.io/version'] ??
        labels.version ??
        'latest',
    ],
    [
      'istio.canonical_service',
      labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? workload,
    ],
    ['istio.mesh_id', typeof metadata.MESH_ID === 'string' ? metadata.MESH_ID : 'unknown'],
    ['istio.namespace', proxy.namespace],
    ['istio.cluster_id', proxy.cluster === '' ? 'unknown' : proxy.cluster],
  ];
  return values.map(([tag, value]) => ({
    tag,
    type: { case: 'literal', value: { value: value ?? 'unknown' } },
  }));
}

function reportMesh({ snapshot, report }: Input, message: string): void {
  report({ kind: 'MeshConfig', namespace: snapshot.mesh.istioNamespace, name: 'mesh' }, message);
}
