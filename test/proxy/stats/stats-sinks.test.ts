import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { StatsdLines } from '../../../src/proxy/stats/sinks/statsd-lines.ts';
import { StatsSinks } from '../../../src/proxy/stats/sinks/stats-sinks.ts';
import { pack } from '../../../src/xds/proto/registry.ts';
import { StatsStore, mergeRows } from '../../../src/proxy/stats/store.ts';
import {
  DogStatsdSinkSchema,
  StatsdSinkSchema,
  StatsSinkSchema,
} from '../../../src/xds/proto/generated/envoy/config/metrics/v3/stats_pb.js';

describe('lines for statsd', () => {
  it('tell what counters grew by, of those that ever did', () => {
    const store = new StatsStore();
    const lines = new StatsdLines('mesh.');
    const counter = store.root.counter('a.total');
    store.root.counter('b.total');
    expect(lines.flush(store.rows())).toEqual([]);
    counter.value = 3;
    expect(lines.flush(store.rows())).toEqual(['mesh.a.total:3|c']);
    expect(lines.flush(store.rows())).toEqual(['mesh.a.total:0|c']);
    counter.value = 5;
    expect(lines.flush(store.rows())).toEqual(['mesh.a.total:2|c']);
  });

  it('count on after counters were set to 0, and not again when a worker is gone', () => {
    const store = new StatsStore();
    const lines = new StatsdLines('');
    const counter = store.root.counter('a');
    counter.value = 5;
    lines.flush(store.rows());
    lines.restart();
    counter.value = 2;
    expect(lines.flush(store.rows())).toEqual(['a:2|c']);
    counter.value = 1;
    expect(lines.flush(store.rows())).toEqual(['a:0|c']);
    counter.value = 4;
    expect(lines.flush(store.rows())).toEqual(['a:3|c']);
  });

  it('tell of gauges once they were other than 0, and of the tags of what has some', () => {
    const store = new StatsStore();
    const lines = new StatsdLines('');
    const gauge = store.root.gauge('active');
    store.root.counter('istio_requests_total', [['reporter', 'source']]).value = 1;
    expect(lines.flush(mergeRows(store.rows()))).toEqual(['istio_requests_total.reporter.source:1|c']);
    gauge.value = 2;
    expect(lines.flush(mergeRows(store.rows()))).toContain('active:2|g');
    gauge.value = 0;
    expect(lines.flush(mergeRows(store.rows()))).toContain('active:0|g');
  });
});

it('values of histograms that are kept are told of as they come', () => {
  const told: string[] = [];
  const store = new StatsStore(
    (name) => !name.startsWith('no.'),
    (title, value) => told.push(`${title} ${value}`),
  );
  store.root.scope('a.').histogram('time').record(7);
  store.root.histogram('istio_request_bytes', [['reporter', 'source']]).record(9);
  store.root.scope('no.').histogram('time').record(8);
  expect(told).toEqual(['a.time 7', 'istio_request_bytes.reporter.source 9']);
});

describe('sinks', () => {
  const sinks = (value: Any) =>
    new StatsSinks({ statsSinks: [create(StatsSinkSchema, { configType: { case: 'typedConfig', value } })] });

  it('that are not there are refused by name', () => {
    expect(() => sinks(pack(DogStatsdSinkSchema, {}))).toThrow(
      'stats_sinks[0] (envoy.config.metrics.v3.DogStatsdSink)',
    );
    const overTcp = {
      statsdSpecifier: { case: 'tcpClusterName', value: 'statsd' },
    } as const;
    expect(() => sinks(pack(StatsdSinkSchema, overTcp))).toThrow('stats_sinks[0].tcp_cluster_name');
  });
});
