import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { prometheusText } from '../../../src/proxy/stats/prometheus.ts';
import { StatsStore, mergeRows } from '../../../src/proxy/stats/store.ts';
import { TagExtractor } from '../../../src/proxy/stats/tags.ts';
import { StatsConfigSchema } from '../../../src/xds/proto/generated/envoy/config/metrics/v3/stats_pb.js';

// Each as Envoy 1.40 shows it.
test.each([
  [
    'cluster.one.upstream_rq_503',
    'cluster.one.upstream_rq_503',
    'cluster.upstream_rq',
    [
      ['envoy.response_code', '503'],
      ['envoy.cluster_name', 'one'],
    ],
  ],
  [
    'cluster.one.external.upstream_rq_5xx',
    '',
    'cluster.external.upstream_rq_xx',
    [
      ['envoy.response_code_class', '5'],
      ['envoy.cluster_name', 'one'],
    ],
  ],
  [
    'cluster.outbound|80||a.b.svc.cluster.local.version',
    '',
    'cluster.b.svc.cluster.local.version',
    [['envoy.cluster_name', 'outbound|80||a']],
  ],
  [
    'http.ingress.downstream_rq_2xx',
    '',
    'http.downstream_rq_xx',
    [
      ['envoy.response_code_class', '2'],
      ['envoy.http_conn_manager_prefix', 'ingress'],
    ],
  ],
  [
    'listener.127.0.0.1_19171.http.ingress.downstream_rq_2xx',
    '',
    'listener.http.downstream_rq_xx',
    [
      ['envoy.response_code_class', '2'],
      ['envoy.http_conn_manager_prefix', 'ingress'],
      ['envoy.listener_address', '127.0.0.1_19171'],
    ],
  ],
  [
    'listener.[__1]_80.downstream_cx_total',
    '',
    'listener.downstream_cx_total',
    [['envoy.listener_address', '[__1]_80']],
  ],
  [
    'listener.127.0.0.1_19171.worker_0.downstream_cx_total',
    '',
    'listener.worker_downstream_cx_total',
    [
      ['envoy.listener_address', '127.0.0.1_19171'],
      ['envoy.worker_id', '0'],
    ],
  ],
  ['listener.admin.downstream_cx_total', '', 'listener.admin.downstream_cx_total', []],
  ['tcp.one.downstream_cx_total', '', 'tcp.downstream_cx_total', [['envoy.tcp_prefix', 'one']]],
  [
    'http.one.rds.80.update_success',
    '',
    'http.rds.update_success',
    [
      ['envoy.http_conn_manager_prefix', 'one'],
      ['envoy.rds_route_config', '80'],
    ],
  ],
  ['cluster_manager.cluster_added', '', 'cluster_manager.cluster_added', []],
])('%s loses its tags', (name, _, expected, tags) => {
  expect(new TagExtractor().extract(name)).toEqual({ name: expected, tags });
});

describe('tags of the bootstrap', () => {
  test("a rule of the user stands in the place of Envoy's own, and fixed tags are everywhere", () => {
    const extractor = new TagExtractor(
      create(StatsConfigSchema, {
        statsTags: [
          {
            tagName: 'envoy.cluster_name',
            tagValue: { case: 'regex', value: String.raw`^cluster\.((.+?(\..+?\.svc\.cluster\.local)?)\.)` },
          },
          { tagName: 'mesh', tagValue: { case: 'fixedValue', value: 'lateen' } },
        ],
      }),
    );
    expect(extractor.extract('cluster.outbound|80||a.b.svc.cluster.local.version')).toEqual({
      name: 'cluster.version',
      tags: [
        ['envoy.cluster_name', 'outbound|80||a.b.svc.cluster.local'],
        ['mesh', 'lateen'],
      ],
    });
  });

  test('without the default tags only those that are named are taken out', () => {
    const extractor = new TagExtractor(
      create(StatsConfigSchema, {
        useAllDefaultTags: false,
        statsTags: [{ tagName: 'envoy.response_code', tagValue: { case: undefined } }],
      }),
    );
    expect(extractor.extract('cluster.one.upstream_rq_503').tags).toEqual([['envoy.response_code', '503']]);
  });

  test('a tag without a rule is an error that names it', () => {
    const config = create(StatsConfigSchema, { statsTags: [{ tagName: 'mine' }] });
    expect(() => new TagExtractor(config)).toThrow('no rule is known for "mine"');
  });
});

test('metrics stand by kind and name, each with its type once', () => {
  const store = new StatsStore();
  store.root.scope('cluster.b.').counter('upstream_rq_503').value = 3;
  store.root.scope('cluster.a.').counter('upstream_rq_503').value = 2;
  store.root.gauge('server.live').value = 1;
  store.root.counter('istio_requests_total', [
    ['reporter', 'source'],
    ['path', 'a"b\\c\n'],
  ]).value = 9;
  store.root.histogram('server.initialization_time_ms').record(165);
  const lines = prometheusText(mergeRows(store.rows()), new TagExtractor()).split('\n');
  expect(lines.filter((line) => !line.includes('_bucket'))).toEqual([
    '# TYPE envoy_cluster_upstream_rq counter',
    'envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="a"} 2',
    'envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="b"} 3',
    '# TYPE istio_requests_total counter',
    String.raw`istio_requests_total{reporter="source",path="a\"b\\c\n"} 9`,
    '# TYPE envoy_server_live gauge',
    'envoy_server_live{} 1',
    '# TYPE envoy_server_initialization_time_ms histogram',
    'envoy_server_initialization_time_ms_sum{} 164.84848484848484',
    'envoy_server_initialization_time_ms_count{} 1',
    '',
  ]);
  expect(lines).toContain('envoy_server_initialization_time_ms_bucket{le="100"} 0');
  expect(lines).toContain('envoy_server_initialization_time_ms_bucket{le="250"} 1');
  expect(lines).toContain('envoy_server_initialization_time_ms_bucket{le="+Inf"} 1');
});
