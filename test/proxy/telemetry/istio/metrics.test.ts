import { describe, expect, it } from 'vitest';
import { HeaderList } from '../../../../src/proxy/http/header-list.ts';
import type { StreamInfo } from '../../../../src/proxy/stream-info.ts';
import { connectionMetrics } from '../../../../src/proxy/telemetry/istio/connection-metrics.ts';
import { requestMetrics } from '../../../../src/proxy/telemetry/istio/request-metrics.ts';
import { FakeStats, fakeStreamInfo } from '../../fake-stream-info.ts';

const NODE = {
  id: 'sidecar~10.0.0.1~web-1.shop~shop.svc.cluster.local',
  cluster: 'web.shop',
  metadata: {
    NAMESPACE: 'shop',
    WORKLOAD_NAME: 'web',
    CLUSTER_ID: 'Kubernetes',
    LABELS: { app: 'web', version: 'v1' },
  },
};

function counted(direction: 'inbound' | 'outbound', over: Partial<StreamInfo>): Record<string, string> {
  const stats = new FakeStats();
  requestMetrics(stats, NODE, direction)?.(fakeStreamInfo(over));
  const [name = ''] = Object.keys(stats.counted);
  expect(name).toMatch(/^istio_requests_total\{/);
  const labels = name.slice(name.indexOf('{') + 1, -1).split(',');
  return Object.fromEntries(labels.map((label) => label.split('=', 2) as [string, string]));
}

const cluster = {
  name: 'outbound|80|v1|cart.shop.svc.cluster.local',
  metadata: undefined,
} as StreamInfo['upstreamCluster'];

describe('standard metrics', () => {
  it('of a client name the service that was asked and the endpoint', () => {
    const upstreamHost = {
      id: '10.0.0.2:80',
      metadata: { filterMetadata: { istio: { workload: 'cart-v1;shop;cart;v1;Kubernetes' } } },
    } as unknown as StreamInfo['upstreamHost'];
    expect(
      counted('outbound', {
        upstreamCluster: cluster,
        upstreamHost,
        responseCode: 503,
        responseFlags: ['UC'],
      }),
    ).toMatchObject({
      reporter: 'source',
      source_workload: 'web',
      source_workload_namespace: 'shop',
      source_app: 'web',
      source_version: 'v1',
      source_canonical_service: 'web',
      source_cluster: 'Kubernetes',
      destination_workload: 'cart-v1',
      destination_canonical_service: 'cart',
      destination_service: 'cart.shop.svc.cluster.local',
      destination_service_name: 'cart',
      destination_service_namespace: 'shop',
      request_protocol: 'http',
      response_code: '503',
      response_flags: 'UC',
      connection_security_policy: 'unknown',
    });
  });

  it('of a server name itself, and how safe the connection is', () => {
    const headers = HeaderList.from([['content-type', 'application/grpc']]);
    const trailers = HeaderList.from([['grpc-status', '5']]);
    expect(counted('inbound', { requestHeaders: headers, responseTrailers: trailers })).toMatchObject({
      reporter: 'destination',
      source_workload: 'unknown',
      destination_workload: 'web',
      request_protocol: 'grpc',
      grpc_response_status: '5',
      response_flags: '-',
      connection_security_policy: 'none',
    });
  });

  it('are not made for a proxy that belongs to no mesh', () => {
    expect(requestMetrics(new FakeStats(), { ...NODE, metadata: {} }, 'inbound')).toBeUndefined();
    expect(requestMetrics(new FakeStats(), NODE, 'unspecified')).toBeUndefined();
  });
});

describe('metrics of gRPC messages', () => {
  it('name both sides, and nothing of an answer', () => {
    const stats = new FakeStats();
    const info = fakeStreamInfo({
      upstreamCluster: cluster,
      requestHeaders: HeaderList.from([['content-type', 'application/grpc']]),
      filterState: new Map([['envoy.filters.http.grpc_stats', '3,1']]),
    });
    const log = requestMetrics(stats, NODE, 'outbound');
    log?.(info);
    log?.(info);
    const counted = Object.entries(stats.counted).filter(([name]) => name.includes('_messages_total'));
    expect(counted.map(([name, value]) => [name.split('{')[0], value])).toEqual([
      ['istio_request_messages_total', 6],
      ['istio_response_messages_total', 2],
    ]);
    expect(counted[0]?.[0]).toContain('destination_service=cart.shop.svc.cluster.local');
    expect(counted[0]?.[0]).not.toMatch(/response_code|request_protocol|response_flags/);
  });

  it('are not made of other requests', () => {
    const stats = new FakeStats();
    requestMetrics(stats, NODE, 'outbound')?.(fakeStreamInfo({ upstreamCluster: cluster }));
    expect(Object.keys(stats.counted).join()).not.toContain('messages');
  });
});

describe('metrics of TCP connections', () => {
  it('have the labels of both sides, and tcp as their protocol', () => {
    const stats = new FakeStats();
    const metrics = connectionMetrics(
      stats,
      NODE,
      'outbound',
    )?.(fakeStreamInfo({ upstreamCluster: cluster }));
    if (metrics === undefined) throw new Error('there are none');
    metrics.opened.value++;
    metrics.closed.value++;
    metrics.sentBytes.value += 5;
    metrics.receivedBytes.value += 7;
    const counted = Object.entries(stats.counted);
    expect(counted.map(([name, value]) => [name.split('{')[0], value])).toEqual([
      ['istio_tcp_connections_opened_total', 1],
      ['istio_tcp_connections_closed_total', 1],
      ['istio_tcp_sent_bytes_total', 5],
      ['istio_tcp_received_bytes_total', 7],
    ]);
    for (const [name] of counted) {
      expect(name).toContain('request_protocol=tcp');
      expect(name).toContain('response_flags=-');
      expect(name).toContain('connection_security_policy=unknown');
      expect(name).not.toContain('response_code');
    }
  });

  it('are not made for a proxy that belongs to no mesh', () => {
    expect(connectionMetrics(new FakeStats(), { ...NODE, metadata: {} }, 'inbound')).toBeUndefined();
  });
});
