import type { JsonObject } from '@bufbuild/protobuf';
import { createServer as createHttp2 } from 'node:http2';
import { createServer } from 'node:http';
import { type AddressInfo, type Server, connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HeaderList } from '../../../../src/proxy/http/header-list.ts';
import { decideTrace, withReason } from '../../../../src/proxy/telemetry/tracing/decision.ts';
import { compileTracing } from '../../../../src/proxy/telemetry/tracing/tracing.ts';
import type { Cluster } from '../../../../src/proxy/upstream/types.ts';
import { HttpConnectionManager_TracingSchema } from '../../../../src/xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RouteSchema } from '../../../../src/xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { FractionalPercentSchema } from '../../../../src/xds/proto/generated/envoy/type/v3/percent_pb.js';
import { messageFromJson } from '../../../../src/xds/proto/registry.ts';
import { FakeStats, fakeStreamInfo } from '../../fake-stream-info.ts';

const ID = '0000000a-1111-4222-8333-444444444444';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const share = (numerator: number) =>
  messageFromJson(FractionalPercentSchema, { numerator, denominator: 'TEN_THOUSAND' });
const all = { client: undefined, random: undefined, overall: undefined };
const none = { ...all, random: share(0) };

const DECISIONS: readonly (readonly [
  title: string,
  headers: Record<string, string>,
  sampling: Parameters<typeof decideTrace>[1],
  reason: string,
  digit: string,
])[] = [
  ['all', { 'x-request-id': ID }, all, 'sampled', '9'],
  ['the share that the id is in', { 'x-request-id': ID }, { ...all, random: share(11) }, 'sampled', '9'],
  ['the share that the id is not in', { 'x-request-id': ID }, { ...all, random: share(10) }, 'none', '4'],
  ['none', { 'x-request-id': ID }, none, 'none', '4'],
  ['forced', { 'x-request-id': ID, 'x-envoy-force-trace': 'true' }, none, 'server', 'a'],
  ['asked for by the client', { 'x-request-id': ID, 'x-client-trace-id': 'x' }, none, 'client', 'b'],
  [
    'asked for by the client, who may not',
    { 'x-request-id': ID, 'x-client-trace-id': 'x' },
    { ...none, client: share(0) },
    'none',
    '4',
  ],
  ['decided before', { 'x-request-id': withReason(ID, 'sampled') }, none, 'sampled', '9'],
  [
    'no more than overall',
    { 'x-request-id': withReason(ID, 'client') },
    { ...all, overall: share(0) },
    'none',
    '4',
  ],
  ['an id that is none', { 'x-request-id': 'xyz' }, all, 'none', ''],
];

describe('the decision to trace', () => {
  it.each(DECISIONS)('%s', (_, headers, sampling, reason, digit) => {
    const list = HeaderList.from(Object.entries(headers));
    expect(decideTrace(list, sampling, true, () => 5)).toBe(reason);
    expect(list.get('x-request-id')?.[14] ?? '').toBe(digit);
  });
});

/** A cluster with one endpoint, as far as collectors are concerned. */
function clusterAt(port: number, protocol: 'http1' | 'http2'): Cluster {
  const cluster: Pick<Cluster, 'name' | 'choose' | 'connect'> & { settings: { protocol: string } } = {
    name: 'collector',
    settings: { protocol },
    choose: () => ({}) as ReturnType<Cluster['choose']>,
    connect: () => connect(port, '127.0.0.1'),
  };
  return cluster as unknown as Cluster;
}

const ZIPKIN: JsonObject = {
  name: 'envoy.tracers.zipkin',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig',
    collector_cluster: 'collector',
    collector_endpoint: '/api/v2/spans',
    collector_endpoint_version: 'HTTP_JSON',
    trace_id_128bit: true,
    shared_span_context: false,
  },
};

const OTLP: JsonObject = {
  name: 'envoy.tracers.opentelemetry',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
    grpc_service: { envoy_grpc: { cluster_name: 'collector' }, timeout: '2s' },
    service_name: 'shop',
  },
};

function tracing(settings: JsonObject, direction: 'inbound' | 'outbound' = 'inbound', cluster?: Cluster) {
  const stats = new FakeStats();
  const compiled = compileTracing(messageFromJson(HttpConnectionManager_TracingSchema, settings), {
    clusters: { get: () => cluster },
    stats,
    managerStats: stats.scope('http.x.'),
    direction,
    node: { id: 'n', cluster: 'front' },
    packsReason: true,
    usesRequestId: true,
    spawns: false,
    random: () => 0,
  });
  return { compiled, stats };
}

function begin(
  settings: JsonObject,
  headers: Record<string, string>,
  direction: 'inbound' | 'outbound' = 'inbound',
) {
  const { compiled } = tracing(settings, direction);
  const list = HeaderList.from([['x-request-id', ID], ...Object.entries(headers)]);
  const info = fakeStreamInfo({ requestHeaders: list });
  const span = compiled.begin(info, list);
  compiled.inject(span, list);
  return { list, info, span };
}

describe('trace context', () => {
  it('begins a trace with a new id', () => {
    const { list, info } = begin({ provider: ZIPKIN }, {});
    expect(list.get('x-b3-traceid')).toMatch(/^[0-9a-f]{32}$/);
    expect(list.get('x-b3-spanid')).toMatch(/^[0-9a-f]{16}$/);
    expect([list.get('x-b3-parentspanid'), list.get('x-b3-sampled'), info.traced]).toEqual([
      undefined,
      '1',
      true,
    ]);
  });

  it('goes on with a trace of several headers', () => {
    const headers = { 'x-b3-traceid': TRACE, 'x-b3-spanid': '00f067aa0ba902b7', 'x-b3-sampled': '1' };
    const { list } = begin({ provider: ZIPKIN, random_sampling: { value: 0 } }, headers);
    expect(list.get('x-b3-traceid')).toBe(TRACE);
    expect(list.get('x-b3-parentspanid')).toBe('00f067aa0ba902b7');
    expect(list.get('x-b3-spanid')).not.toBe('00f067aa0ba902b7');
    expect(list.get('x-b3-sampled')).toBe('1');
  });

  it('goes on with a trace of one header in one header', () => {
    const headers = { b3: `${TRACE}-00f067aa0ba902b7-1` };
    const { list } = begin({ provider: ZIPKIN, random_sampling: { value: 0 } }, headers);
    const [trace, span, sampled, parent] = list.get('b3')?.split('-') ?? [];
    expect([trace, sampled, parent]).toEqual([TRACE, '1', '00f067aa0ba902b7']);
    expect(span).toMatch(/^[0-9a-f]{16}$/);
    expect(span).not.toBe('00f067aa0ba902b7');
    expect(list.has('x-b3-traceid')).toBe(false);
  });

  it('hands on what it cannot read, and tells nothing of the request', () => {
    const { list, info } = begin({ provider: ZIPKIN }, { b3: 'x-y-1' });
    expect([list.get('b3'), list.has('x-b3-traceid'), info.traceId]).toEqual(['x-y-1', false, undefined]);
  });

  it('shares the span of the caller where asked to', () => {
    const shared = {
      ...ZIPKIN,
      typed_config: { ...(ZIPKIN.typed_config as JsonObject), shared_span_context: true },
    };
    const headers = { 'x-b3-traceid': TRACE, 'x-b3-spanid': '00f067aa0ba902b7' };
    expect(begin({ provider: shared }, headers).list.get('x-b3-spanid')).toBe('00f067aa0ba902b7');
    expect(begin({ provider: shared }, headers, 'outbound').list.get('x-b3-parentspanid')).toBe(
      '00f067aa0ba902b7',
    );
  });

  it('speaks W3C with OpenTelemetry', () => {
    const { list } = begin({ provider: OTLP }, { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` });
    expect(list.get('traceparent')).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(list.get('traceparent')).not.toContain('00f067aa0ba902b7');
  });

  it.each([
    'x',
    `00-${TRACE}-0000000000000000-01`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7-01-x`,
  ])('begins anew after %s', (traceparent) => {
    expect(begin({ provider: OTLP }, { traceparent }).list.get('traceparent')).not.toContain(TRACE);
  });

  it('refuses providers that it does not know', () => {
    const skywalking = {
      name: 'envoy.tracers.skywalking',
      typed_config: { '@type': 'type.googleapis.com/envoy.config.trace.v3.SkyWalkingConfig' },
    };
    expect(() => tracing({ provider: skywalking })).toThrow('SkyWalkingConfig is not supported');
  });
});

async function withServer<Result>(server: Server, use: (port: number) => Promise<Result>): Promise<Result> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

describe('spans', () => {
  it('go to Zipkin in JSON', async () => {
    let arrived: (body: string) => void = () => undefined;
    const body = new Promise<string>((resolve) => (arrived = resolve));
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        arrived(`${request.method} ${request.url} ${request.headers.host} ${text}`);
        response.writeHead(202).end();
      });
    });
    await withServer(server, async (port) => {
      const custom: JsonObject[] = [
        { tag: 'l', literal: { value: 'v' } },
        { tag: 'h', request_header: { name: 'x-h', default_value: 'd' } },
        { tag: 'm', metadata: { kind: { request: {} }, metadata_key: { key: 'f', path: [{ key: 'k' }] } } },
      ];
      const { compiled, stats } = tracing(
        { provider: ZIPKIN, custom_tags: custom },
        'inbound',
        clusterAt(port, 'http1'),
      );
      const list = HeaderList.from([
        ['x-request-id', ID],
        ['user-agent', 'curl'],
      ]);
      const info = fakeStreamInfo({
        requestHeaders: list,
        responseCode: 503,
        responseFlags: ['UH'],
        dynamicMetadata: new Map([['f', { k: 'meta' }]]),
      });
      const span = compiled.begin(info, list);
      compiled.finish(span, info);
      compiled.close();
      const text = await body;
      expect(text).toMatch(/^POST \/api\/v2\/spans collector \[/);
      const [sent] = JSON.parse(text.slice(text.indexOf('['))) as [Record<string, unknown>];
      expect(sent).toMatchObject({
        traceId: info.traceId,
        id: info.spanId,
        name: 'a.example',
        kind: 'SERVER',
        timestamp: Date.UTC(2026, 0, 31, 9, 5, 3, 123) * 1000,
        duration: 20_750,
        localEndpoint: { serviceName: 'front' },
        tags: {
          'guid:x-request-id': withReason(ID, 'sampled'),
          'http.url': 'http://a.example/p?q=1&r=a%20b',
          'http.method': 'GET',
          'http.protocol': 'HTTP/1.1',
          'http.status_code': '503',
          downstream_cluster: '-',
          user_agent: 'curl',
          'peer.address': '127.0.0.1',
          request_size: '3',
          response_size: '5',
          response_flags: 'UH',
          component: 'proxy',
          node_id: 'n',
          error: 'true',
          l: 'v',
          h: 'd',
          m: 'meta',
        },
      });
      await expect.poll(() => stats.counted['tracing.zipkin.reports_sent']).toBe(1);
    });
  });

  it('go to OpenTelemetry over gRPC, and are counted as dropped when nobody takes them', async () => {
    let arrived: (text: string) => void = () => undefined;
    const body = new Promise<string>((resolve) => (arrived = resolve));
    const server = createHttp2((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        arrived(`${request.url} ${Buffer.concat(chunks).toString('latin1')}`);
        response.writeHead(200, { 'content-type': 'application/grpc' });
        response.addTrailers({ 'grpc-status': '0' });
        response.end(Buffer.alloc(5));
      });
    });
    const send = (cluster: Cluster | undefined) => {
      const { compiled, stats } = tracing({ provider: OTLP }, 'outbound', cluster);
      const list = HeaderList.from([['x-request-id', ID]]);
      const info = fakeStreamInfo({ requestHeaders: list });
      const route = messageFromJson(RouteSchema, { decorator: { operation: 'shop/*' } });
      compiled.finish(compiled.begin(info, list, route), info, route);
      compiled.close();
      return { stats, info };
    };
    await withServer(server, async (port) => {
      const { stats, info } = send(clusterAt(port, 'http1'));
      const text = await body;
      expect(text).toMatch(/^\/opentelemetry\.proto\.collector\.trace\.v1\.TraceService\/Export /);
      for (const part of [
        'service.name',
        'shop',
        'shop/*',
        Buffer.from(info.traceId ?? '', 'hex').toString('latin1'),
      ]) {
        expect(text).toContain(part);
      }
      await expect.poll(() => stats.counted['tracing.opentelemetry.reports_sent']).toBe(1);
    });
    const { stats } = send(undefined);
    await expect.poll(() => stats.counted['tracing.opentelemetry.reports_skipped_no_cluster']).toBe(1);
  });
});
