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
  metadata: {
    filterMetadata: {
      istio: { services: [{ host: 'cart.shop.svc.cluster.local', name: 'cart', namespace: 'shop' }] },
    },
  },
} as unknown as StreamInfo['upstreamCluster'];

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

  it('have the labels that Istio documents, in its order', () => {
    // https://istio.io/latest/docs/reference/config/metrics/
    const side = (name: string) => [
      `${name}_workload`,
      `${name}_workload_namespace`,
      `${name}_principal`,
      `${name}_app`,
      `${name}_version`,
      `${name}_canonical_service`,
      `${name}_canonical_revision`,
      `${name}_cluster`,
    ];
    const service = ['destination_service', 'destination_service_name', 'destination_service_namespace'];
    const request = [
      'request_protocol',
      'response_code',
      'grpc_response_status',
      'response_flags',
      'connection_security_policy',
    ];
    expect(Object.keys(counted('outbound', {}))).toEqual([
      'reporter',
      ...side('source'),
      ...side('destination'),
      ...service,
      ...request,
    ]);
  });

  const peer = {
    name: 'till-v2',
    namespace: 'front',
    app: 'till',
    version: 'v2',
    canonicalName: 'till',
    canonicalRevision: 'v2',
    cluster: 'west',
    key: 'till',
  };

  it('of a server name the client that told of itself', () => {
    expect(counted('inbound', { downstreamPeer: peer, upstreamCluster: cluster })).toMatchObject({
      source_workload: 'till-v2',
      source_workload_namespace: 'front',
      source_principal: 'unknown',
      source_app: 'till',
      source_version: 'v2',
      source_canonical_service: 'till',
      source_canonical_revision: 'v2',
      source_cluster: 'west',
      destination_workload: 'web',
      destination_service: 'cart.shop.svc.cluster.local',
      destination_service_name: 'cart',
      destination_service_namespace: 'shop',
    });
  });

  it('of a client name the server that told of itself, before what the controller says of the endpoint', () => {
    const upstreamHost = {
      id: '10.0.0.2:80',
      metadata: { filterMetadata: { istio: { workload: 'cart-v1;shop;cart;;Kubernetes' } } },
    } as unknown as StreamInfo['upstreamHost'];
    expect(counted('outbound', { upstreamPeer: peer, upstreamHost, upstreamCluster: cluster })).toMatchObject(
      {
        destination_workload: 'till-v2',
        destination_app: 'till',
        destination_cluster: 'west',
      },
    );
    expect(counted('outbound', { upstreamHost, upstreamCluster: cluster })).toMatchObject({
      destination_workload: 'cart-v1',
      destination_app: 'unknown',
      destination_canonical_revision: 'latest',
      destination_cluster: 'Kubernetes',
    });
  });

  const to = (name: string) => ({ name, metadata: undefined }) as StreamInfo['upstreamCluster'];

  it.each<readonly [string, 'inbound' | 'outbound', Partial<StreamInfo>, readonly [string, string, string]]>([
    [
      'a host that nobody knows',
      'outbound',
      { upstreamCluster: to('PassthroughCluster') },
      ['a.example', 'PassthroughCluster', 'unknown'],
    ],
    [
      'a host that is not let through',
      'outbound',
      { routeName: 'block_all', authority: 'b.example' },
      ['b.example', 'BlackHoleCluster', 'unknown'],
    ],
    [
      'a host for which there is no route',
      'outbound',
      { authority: 'c.example' },
      ['c.example', 'c.example', 'unknown'],
    ],
    [
      'a port of the workload that no service has',
      'inbound',
      { upstreamCluster: to('InboundPassthroughCluster') },
      ['web', 'InboundPassthroughCluster', 'shop'],
    ],
    [
      'a workload without services',
      'inbound',
      { upstreamCluster: to('inbound|80||') },
      ['web', 'web', 'shop'],
    ],
  ])('name %s', (_, direction, over, [host, name, namespace]) => {
    expect(counted(direction, over)).toMatchObject({
      destination_service: host,
      destination_service_name: name,
      destination_service_namespace: namespace,
    });
  });

  it('of a gateway do not take the host for the service, which clients could make up', () => {
    const stats = new FakeStats();
    const gateway = { ...NODE, id: 'router~10.0.0.1~gw-1.shop~shop.svc.cluster.local' };
    requestMetrics(stats, gateway, 'outbound')?.(fakeStreamInfo());
    expect(Object.keys(stats.counted)[0]).toContain('destination_service=unknown,');
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
