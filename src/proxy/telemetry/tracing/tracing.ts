/**
 * Tracing of a connection manager. For each request: `begin` once the client is known and the request id is set, which
 * decides and keeps the context in `info`; `inject` before the headers go to an endpoint; `finish` when it is over.
 * Without tracing in the configuration none of these is called, and trace headers pass as they are.
 */

import { randomBytes } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { OpenTelemetryConfigSchema } from '../../../xds/proto/generated/envoy/config/trace/v3/opentelemetry_pb.js';
import { ZipkinConfigSchema } from '../../../xds/proto/generated/envoy/config/trace/v3/zipkin_pb.js';
import type { HttpConnectionManager_Tracing as Settings } from '../../../xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type {
  Decorator,
  Tracing as RouteTracing,
} from '../../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import {
  type FractionalPercent,
  FractionalPercentSchema,
  FractionalPercent_DenominatorType as Denominator,
  type Percent,
} from '../../../xds/proto/generated/envoy/type/v3/percent_pb.js';
import { create } from '@bufbuild/protobuf';
import type { HeaderList } from '../../http/header-list.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { StreamInfo } from '../../stream-info.ts';
import type { Cluster, Clusters, Host } from '../../upstream/types.ts';
import { grpcStatusOf, isGrpc } from '../grpc-status.ts';
import { type Incoming, type TraceContext, readB3, readW3c, writeB3, writeW3c } from './context.ts';
import { type Sampling, type TraceReason, decideTrace } from './decision.ts';
import { otlpExporter } from './otlp.ts';
import type { SpanExporter } from './span.ts';
import { type Tag, type TagMaker, commonTags, compileCustomTag } from './tags.ts';
import { type TrySpan, trySpan } from './try-span.ts';
import { zipkinExporter } from './zipkin.ts';

export interface TracingContext {
  readonly clusters: Clusters;
  /** All statistics. */
  readonly stats: StatsScope;
  /** `http.STAT_PREFIX.`. */
  readonly managerStats: StatsScope;
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  readonly node: { readonly id: string; readonly cluster: string; readonly zone?: string };
  /** Of the uuid extension of request ids. */
  readonly packsReason: boolean;
  readonly usesRequestId: boolean;
  /** `start_child_span` of the router: what counts where `spawn_upstream_span` says nothing. */
  readonly spawns: boolean;
  random(): number;
}

/** What one request carries on. */
export interface ActiveSpan {
  context: TraceContext;
  /** The caller has told of its span. */
  continues: boolean;
  sampled: boolean;
  /** What the request is called; empty for what the provider calls it. */
  operation: string;
  /** That name for the other side, which may call its own span so; empty for none. */
  offered: string;
}

export interface Tracing {
  /** `route` may have shares of its own, and a name for its requests (`decorator`). */
  begin(info: StreamInfo, headers: HeaderList, route?: TracedRoute): ActiveSpan;
  inject(span: ActiveSpan, headers: HeaderList): void;
  /** A try begins, whose own span goes on with the headers; undefined where tries have none. */
  beginTry(span: ActiveSpan, wanted: TryWanted): TrySpan | undefined;
  /** The headers of the answer are on their way to the client: names of operations are exchanged in them. */
  respond(span: ActiveSpan, headers: HeaderList): void;
  /** `route` may have tags of its own. */
  finish(span: ActiveSpan, info: StreamInfo, route?: TracedRoute): void;
  close(): void;
}

export interface TryWanted {
  readonly info: StreamInfo;
  readonly headers: HeaderList;
  readonly cluster: Cluster;
  readonly host: Host;
  readonly route: TracedRoute | undefined;
}

/** What a route says of traces. */
export interface TracedRoute {
  readonly tracing?: RouteTracing | undefined;
  readonly decorator?: Pick<Decorator, 'operation' | 'propagate'> | undefined;
}

/** How a provider carries its context, and where spans go. */
interface Provider {
  readonly exporter: SpanExporter;
  read(headers: HeaderList): Incoming;
  write(headers: HeaderList, context: TraceContext, sampled: boolean): void;
  /** Digits of new trace ids. */
  readonly traceDigits: 16 | 32;
  /** A server's span has the id of its caller's. */
  readonly shares: boolean;
  spanName(info: StreamInfo, isEgress: boolean): string;
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/http_tracer.proto */
function providerOf({ provider }: Settings, context: TracingContext): Provider | undefined {
  const settings = provider?.configType.value;
  if (settings === undefined) {
    if (provider === undefined) return undefined;
    throw new UnsupportedError(`tracer ${provider.name}`);
  }
  switch (settings.typeUrl.split('/').at(-1)) {
    case ZipkinConfigSchema.typeName: {
      const config = fromBinary(ZipkinConfigSchema, settings.value);
      return {
        exporter: zipkinExporter(config, context.node.cluster, context),
        read: readB3,
        write: writeB3,
        traceDigits: config.traceId128bit ? 32 : 16,
        shares: config.sharedSpanContext ?? true,
        spanName: (info) => info.authority,
      };
    }
    case OpenTelemetryConfigSchema.typeName:
      return {
        exporter: otlpExporter(fromBinary(OpenTelemetryConfigSchema, settings.value), context),
        read: readW3c,
        write: writeW3c,
        traceDigits: 32,
        shares: false,
        spanName: (info, isEgress) => (isEgress ? `egress ${info.authority}` : 'ingress'),
      };
    default:
      throw new UnsupportedError(`tracer ${settings.typeUrl}`);
  }
}

const EVERY_PATH_LENGTH = 256;

/** Throws an `UnsupportedError` for providers and tags that are not known. */
export function compileTracing(settings: Settings, context: TracingContext): Tracing {
  if (settings.verbose) throw new UnsupportedError('verbose of tracing');
  const provider = providerOf(settings, context);
  const isEgress = context.direction === 'outbound';
  const spawns = settings.spawnUpstreamSpan ?? context.spawns;
  // Where tries have spans of their own, these are the client's.
  const kind = isEgress && !spawns ? 'client' : 'server';
  const sampling: Sampling = {
    client: shareOf(settings.clientSampling),
    random: shareOf(settings.randomSampling),
    overall: shareOf(settings.overallSampling),
  };
  const ownTags = new Map(settings.customTags.map((tag) => [tag.tag, compileCustomTag(tag)]));
  const routeTags = new WeakMap<RouteTracing, ReadonlyMap<string, TagMaker>>();
  const options = {
    nodeId: context.node.id,
    zone: context.node.zone ?? '',
    maxPathLength: settings.maxPathTagLength ?? EVERY_PATH_LENGTH,
  };
  const counters = reasonCounters(context.managerStats);

  function tagsFor(route: RouteTracing | undefined): ReadonlyMap<string, TagMaker> {
    if (route === undefined || route.customTags.length === 0) return ownTags;
    const known =
      routeTags.get(route) ??
      new Map([...ownTags, ...route.customTags.map((tag) => [tag.tag, compileCustomTag(tag)] as const)]);
    routeTags.set(route, known);
    return known;
  }

  function customTags(info: StreamInfo, route: TracedRoute | undefined): Tag[] {
    const tags: Tag[] = [];
    for (const make of tagsFor(route?.tracing).values()) {
      const tag = make(info);
      if (tag !== undefined) tags.push(tag);
    }
    return tags;
  }

  return {
    begin(info, headers, route) {
      const shares = route?.tracing === undefined ? sampling : routeSampling(route.tracing);
      const reason = context.usesRequestId
        ? decideTrace(headers, shares, context.packsReason, context.random)
        : 'sampled';
      const isTraced = reason !== 'none' && info.healthCheck !== true;
      counters(info.healthCheck === true ? 'health-check' : reason);
      info.requestId = headers.get('x-request-id') ?? info.requestId;
      info.traced = isTraced;
      const span = untoldSpan(isTraced);
      nameSpan(span, headers, route, isEgress);
      if (provider === undefined) return span;
      const { context: parent, sampled: said, isBroken = false } = provider.read(headers);
      span.sampled = said ?? isTraced;
      // Who cannot read where a trace goes on tells nothing of it, and hands on what came.
      if (isBroken) return span;
      continueSpan(span, parent, provider, isEgress);
      info.traceId = span.context.traceId;
      info.spanId = span.context.spanId;
      return span;
    },
    inject(span, headers) {
      if (span.context.spanId !== '') provider?.write(headers, span.context, span.sampled);
    },
    beginTry({ context: parent, sampled }, { info, headers, cluster, host, route }) {
      if (!spawns || provider === undefined || parent.spanId === '') return undefined;
      const own = { ...parent, spanId: randomId(16), parentId: parent.spanId };
      provider.write(headers, own, sampled);
      if (!sampled) return undefined;
      return trySpan({
        context: own,
        info,
        cluster,
        host,
        number: info.upstreamAttempts,
        customTags: (of) => customTags(of, route),
        add: (span) => provider.exporter.add(span),
      });
    },
    respond(span, headers) {
      if (!isEgress) {
        if (span.offered !== '') headers.set(OPERATION, span.offered);
        return;
      }
      const own = headers.get(OPERATION);
      if (own === undefined) return;
      if (own !== '') span.operation = own;
      headers.remove(OPERATION);
    },
    finish(span, info, route) {
      if (!span.sampled || provider === undefined || span.context.spanId === '') return;
      const tags = [...commonTags(info, options), ...customTags(info, route)];
      const { traceId, spanId, parentId } = span.context;
      provider.exporter.add({
        traceId,
        id: spanId,
        parentId,
        continues: span.continues,
        traceState: span.context.traceState,
        kind,
        name: span.operation === '' ? provider.spanName(info, isEgress) : span.operation,
        start: info.startTime,
        duration: info.times.end - info.times.start,
        tags,
        httpStatus: info.responseCode,
        grpcStatus: isGrpc(info.requestHeaders) ? (grpcStatusOf(info) ?? 0) : undefined,
      });
    },
    close: () => provider?.exporter.close(),
  };
}

const OPERATION = 'x-envoy-decorator-operation';

/** A client tells the server what it calls the request; a server that is told so does not answer with its own name. */
function nameSpan(
  span: ActiveSpan,
  headers: HeaderList,
  route: TracedRoute | undefined,
  isEgress: boolean,
): void {
  const decorator = route?.decorator;
  if (decorator !== undefined) {
    span.operation = decorator.operation;
    span.offered = decorator.propagate === false ? '' : decorator.operation;
  }
  if (isEgress) {
    if (span.offered !== '') headers.set(OPERATION, span.offered);
    return;
  }
  const told = headers.get(OPERATION);
  if (told === undefined) return;
  headers.remove(OPERATION);
  if (told === '') return;
  span.operation = told;
  span.offered = '';
}

const NO_CONTEXT: TraceContext = { traceId: '', spanId: '', parentId: '', traceState: '' };

/** Of a request that no collector hears of. */
function untoldSpan(sampled: boolean): ActiveSpan {
  return { context: NO_CONTEXT, continues: false, sampled, operation: '', offered: '' };
}

function randomId(digits: 16 | 32): string {
  return randomBytes(digits / 2).toString('hex');
}

/** A server shares its caller's span where the provider does so; else a span has an id of its own. */
function continueSpan(
  span: ActiveSpan,
  parent: TraceContext | undefined,
  provider: Provider,
  isEgress: boolean,
): void {
  if (parent === undefined) {
    const traceId = randomId(provider.traceDigits);
    // The first span of a trace has the lower half of the trace's id with Zipkin.
    const spanId = provider.read === readW3c ? randomId(16) : traceId.slice(-16);
    span.context = { traceId, spanId, parentId: '', traceState: '' };
    return;
  }
  span.continues = true;
  if (provider.shares && !isEgress) {
    span.context = parent;
    return;
  }
  const { traceId, spanId, traceState } = parent;
  span.context = { traceId, spanId: randomId(16), parentId: spanId, traceState };
}

/** Of a percentage with two digits behind the point that count, as in Envoy. */
function shareOf(percent: Percent | undefined): FractionalPercent | undefined {
  if (percent === undefined) return undefined;
  return create(FractionalPercentSchema, {
    numerator: Math.round(percent.value * 100),
    denominator: Denominator.TEN_THOUSAND,
  });
}

function routeSampling({ clientSampling, randomSampling, overallSampling }: RouteTracing): Sampling {
  return { client: clientSampling, random: randomSampling, overall: overallSampling };
}

/** `tracing.*` of the connection manager. */
function reasonCounters(stats: StatsScope): (reason: TraceReason | 'health-check') => void {
  const counters = {
    none: stats.counter('tracing.not_traceable'),
    sampled: stats.counter('tracing.random_sampling'),
    server: stats.counter('tracing.service_forced'),
    client: stats.counter('tracing.client_enabled'),
    'health-check': stats.counter('tracing.health_check'),
  };
  return (reason) => {
    counters[reason].value++;
  };
}
