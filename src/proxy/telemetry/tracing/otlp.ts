/** Spans for OpenTelemetry collectors, over gRPC and HTTP. https://opentelemetry.io/docs/specs/otlp/ */

import { packageVersion } from '../../../base/package-version.ts';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OpenTelemetryConfig } from '../../../xds/proto/generated/envoy/config/trace/v3/opentelemetry_pb.js';
import { milliseconds } from '../../route/milliseconds.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { Clusters } from '../../upstream/types.ts';
import { exportInBatches } from './batches.ts';
import type { CollectorCall } from './collector-call.ts';
import type { Span, SpanExporter } from './span.ts';
import { SERVER_ERRORS } from './tags.ts';

const VERSION = packageVersion();
const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const DEFAULT_SERVICE = 'unknown_service:envoy';
const DEFAULT_TIMEOUT = 250;

/** Where reports go, but for their bodies. */
type Target = Omit<CollectorCall, 'body'>;

export function otlpExporter(
  config: OpenTelemetryConfig,
  { clusters, stats }: { readonly clusters: Clusters; readonly stats: StatsScope },
): SpanExporter {
  if (config.resourceDetectors.length > 0) throw new UnsupportedError('resource_detectors');
  if (config.sampler !== undefined) throw new UnsupportedError('sampler of OpenTelemetry');
  const target = targetOf(config);
  const service = config.serviceName === '' ? DEFAULT_SERVICE : config.serviceName;
  return exportInBatches({
    clusters,
    stats: stats.scope('tracing.opentelemetry.'),
    encode(spans) {
      const body = exportRequest(service, spans);
      return { ...target, body: target.grpc ? grpcMessage(body) : body };
    },
  });
}

function targetOf({ grpcService, httpService }: OpenTelemetryConfig): Target {
  if (grpcService !== undefined) {
    const { targetSpecifier: target, timeout, initialMetadata } = grpcService;
    if (target.case !== 'envoyGrpc') throw new UnsupportedError('google_grpc of OpenTelemetry');
    const { clusterName, authority } = target.value;
    return {
      cluster: clusterName,
      path: EXPORT_PATH,
      authority: authority === '' ? clusterName : authority,
      headers: [
        ['content-type', 'application/grpc'],
        ...initialMetadata.map(({ key, value }) => [key.toLowerCase(), value] as const),
      ],
      grpc: true,
      timeout: timeout === undefined ? DEFAULT_TIMEOUT : milliseconds(timeout),
    };
  }
  const uri = httpService?.httpUri;
  if (uri === undefined) throw new UnsupportedError('OpenTelemetry without grpc_service and http_service');
  const found = /^https?:\/\/([^/]+)(\/.*)?$/.exec(uri.uri);
  return {
    cluster: uri.httpUpstreamType.value ?? '',
    path: found?.[2] ?? '/',
    authority: found?.[1] ?? '',
    headers: [
      ['content-type', 'application/x-protobuf'],
      ...(httpService?.requestHeadersToAdd ?? []).map(
        ({ header }) => [(header?.key ?? '').toLowerCase(), header?.value ?? ''] as const,
      ),
    ],
    grpc: false,
    timeout: uri.timeout === undefined ? DEFAULT_TIMEOUT : milliseconds(uri.timeout),
  };
}

function grpcMessage(body: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

type Writer = (writer: BinaryWriter) => void;

function message(writer: BinaryWriter, field: number, write: Writer): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

/** `KeyValue` with a text. */
function attribute(writer: BinaryWriter, field: number, name: string, value: string): void {
  message(writer, field, (pair) => {
    text(pair, 1, name);
    message(pair, 2, (any) => text(any, 1, value));
  });
}

/** https://opentelemetry.io/docs/specs/semconv/resource/#telemetry-sdk */
function resourceOf(service: string): readonly (readonly [name: string, value: string])[] {
  return [
    ['service.name', service],
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.name', 'lateen'],
    ['telemetry.sdk.version', VERSION],
  ];
}

/** `ExportTraceServiceRequest`, whose fields have these numbers in opentelemetry/proto/trace/v1/trace.proto. */
function exportRequest(service: string, spans: readonly Span[]): Uint8Array {
  const writer = new BinaryWriter();
  message(writer, 1, (resourceSpans) => {
    message(resourceSpans, 1, (resource) => {
      for (const [name, value] of resourceOf(service)) attribute(resource, 1, name, value);
    });
    message(resourceSpans, 2, (scopeSpans) => {
      for (const span of spans) message(scopeSpans, 2, (one) => writeSpan(one, span));
    });
  });
  return writer.finish();
}

const KIND = { server: 2, client: 3 } as const;
const STATUS_ERROR = 2;

function writeSpan(writer: BinaryWriter, span: Span): void {
  const bytes = (field: number, hex: string) =>
    writer.tag(field, WireType.LengthDelimited).bytes(Buffer.from(hex, 'hex'));
  bytes(1, span.traceId.padStart(32, '0'));
  bytes(2, span.id);
  if (span.traceState !== '') text(writer, 3, span.traceState);
  if (span.parentId !== '') bytes(4, span.parentId);
  text(writer, 5, span.name);
  writer.tag(6, WireType.Varint).int32(KIND[span.kind]);
  writer.tag(7, WireType.Bit64).fixed64(nanoseconds(span.start));
  writer.tag(8, WireType.Bit64).fixed64(nanoseconds(span.start + span.duration));
  for (const [name, value] of span.tags) attribute(writer, 9, name, value);
  if (isError(span)) message(writer, 15, (status) => status.tag(3, WireType.Varint).int32(STATUS_ERROR));
  // Envoy sets the status of gRPC whatever it is.
  else if (span.grpcStatus !== undefined) message(writer, 15, () => undefined);
  writer
    .tag(16, WireType.Bit32)
    .fixed32(
      span.continues
        ? FLAGS.sampled | FLAGS.knowsParent | FLAGS.remoteParent
        : FLAGS.sampled | FLAGS.knowsParent,
    );
}

/** Bits of `flags`: recorded, whether it is known where the parent is, and whether that is elsewhere. */
const FLAGS = { sampled: 0x001, knowsParent: 0x100, remoteParent: 0x200 } as const;

/** A client has failed with whatever is no success, a server with what is its own fault. */
function isError({ kind, httpStatus, grpcStatus = 0 }: Span): boolean {
  const isServer = kind === 'server';
  if (httpStatus >= (isServer ? 500 : 400)) return true;
  return isServer ? SERVER_ERRORS.has(grpcStatus) : grpcStatus !== 0;
}

function nanoseconds(time: number): bigint {
  return BigInt(Math.round(time * 1000)) * 1000n;
}
