import { describe, expect, test } from 'vitest';
import { StatsStore, mergeRows } from '../../../src/proxy/stats/store.ts';
import { statsJson, statsText } from '../../../src/proxy/stats/text.ts';
import { HistogramIntervals } from '../../../src/proxy/stats/interval.ts';

function text(store: StatsStore): string {
  return statsText(mergeRows(store.rows()), new Map(), 'summary');
}

describe('the store of statistics', () => {
  test('the same name gives the same counter, whoever asks', () => {
    const store = new StatsStore();
    const one = store.root.scope('cluster.a.');
    const other = store.root.scope('cluster.a.');
    one.counter('upstream_rq_total').value += 2;
    other.counter('upstream_rq_total').value += 3;
    expect(text(store)).toBe('cluster.a.upstream_rq_total: 5\n');
  });

  test('what nobody holds any more is not shown, and begins at 0 when it comes again', () => {
    const store = new StatsStore();
    const one = store.root.scope('cluster.a.');
    const other = store.root.scope('cluster.a.');
    one.counter('upstream_rq_total').value = 7;
    one.scope('circuit_breakers.').gauge('cx_open').value = 1;
    one.release();
    one.release();
    expect(text(store)).toBe('cluster.a.upstream_rq_total: 7\n');
    other.release();
    expect(text(store)).toBe('');
    expect(store.root.scope('cluster.a.').counter('upstream_rq_total').value).toBe(0);
  });

  test('a name is of one kind', () => {
    const { root } = new StatsStore();
    root.counter('a');
    expect(() => root.gauge('a')).toThrow('a is no gauge');
  });

  test('statistics that the matcher leaves out count, but are not kept', () => {
    const store = new StatsStore((name) => !name.startsWith('cluster.'));
    store.root.scope('cluster.a.').counter('upstream_rq_total').value++;
    store.root.counter('server.live').value++;
    expect(text(store)).toBe('server.live: 1\n');
  });

  test('what is declared is shown with 0 until it is made, and where the matcher keeps it', () => {
    const store = new StatsStore((name) => !name.endsWith('secret'));
    const scope = store.root.scope('cluster.a.');
    const stats = [
      { kind: 'counter', name: 'rq' },
      { kind: 'gauge', name: 'active' },
      { kind: 'histogram', name: 'time' },
      { kind: 'counter', name: 'secret' },
    ] as const;
    scope.declare(stats);
    store.root.scope('cluster.a.').declare(stats);
    scope.counter('rq').value = 3;
    expect(mergeRows(store.rows())).toEqual([
      { kind: 'gauge', name: 'cluster.a.active', tags: undefined, value: 0 },
      { kind: 'counter', name: 'cluster.a.rq', tags: undefined, value: 3 },
      { kind: 'histogram', name: 'cluster.a.time', tags: undefined, bins: [] },
    ]);
  });

  test('gauges are asked of the latest who knows them, for as long as his scope is there', () => {
    const store = new StatsStore((name) => !name.endsWith('secret'));
    const measured = (hosts: number) => ({
      gauges: () => [['hosts', hosts] as const, ['secret', 1] as const],
    });
    const [old, young] = [store.root.scope('cluster.a.'), store.root.scope('cluster.a.')];
    const shown = () => store.rows().map((row) => [row.name, row.kind === 'gauge' && row.value]);
    old.measure(measured(1));
    expect(shown()).toEqual([['cluster.a.hosts', 1]]);
    young.measure(measured(2));
    expect(shown()).toEqual([['cluster.a.hosts', 2]]);
    young.release();
    expect(shown()).toEqual([['cluster.a.hosts', 1]]);
    old.release();
    expect(shown()).toEqual([]);
  });

  test('a reset leaves gauges and histograms as they are', () => {
    const store = new StatsStore();
    store.root.counter('a').value = 1;
    store.root.gauge('b').value = 2;
    store.root.histogram('c').record(165);
    store.resetCounters();
    expect(text(store)).toMatch(/^a: 0\nb: 2\nc: P0\(nan,165\)/);
  });

  test('rows of several processes are added up, tags included', () => {
    const rows = [1, 2].flatMap((times) => {
      const store = new StatsStore();
      store.root.counter('istio_requests_total', [['response_code', '200']]).value = times;
      store.root.histogram('h').record(times);
      return store.rows();
    });
    expect(statsText(mergeRows(rows), new Map(), 'cumulative')).toMatch(
      /^istio_requests_total\.response_code\.200: 3\nh: B0\.5\(0,0\) B1\(0,1\) B5\(0,2\) .* B1\.8e\+06\(0,2\) B3\.6e\+06\(0,2\)\n$/,
    );
  });
});

// Values that Envoy 1.40 showed for the same records.
test.each([
  [[165], 'P0(165,165) P25(165,165) P50(165,165) P75(165,165) P90(165,165) P95(165,165) P99(165,165)'],
  [[0, 0, 0, 0], 'P0(0,0) P25(0,0)'],
  [[0, 0, 0, 0, 1, 4], 'P0(0,0) P25(0,0) P50(0,0) P75(1.05,1.05) P90(4.05,4.05)'],
  [
    [1, 1, 1, 1, 1, 1],
    'P0(1.0142857142857142,1.0142857142857142) P25(1.0285714285714285,1.0285714285714285)',
  ],
])('a histogram of %j has the quantiles %s', (values, expected) => {
  const store = new StatsStore();
  const histogram = store.root.histogram('h');
  for (const value of values) histogram.record(value);
  const rows = mergeRows(store.rows());
  let now = 0;
  const intervals = new HistogramIntervals(5000, () => now);
  now = 5000;
  expect(statsText(rows, intervals.of(rows), 'summary').startsWith(`h: ${expected}`)).toBe(true);
});

test('an interval holds what came since the one before, and stays until it is old enough', () => {
  const store = new StatsStore();
  let now = 0;
  const intervals = new HistogramIntervals(5000, () => now);
  const seen = (): unknown => intervals.of(store.rows()).get('h');
  store.root.histogram('h').record(3);
  expect(seen()).toBeUndefined();
  now = 5000;
  expect(seen()).toEqual([[3, 1]]);
  store.root.histogram('h').record(20);
  expect(seen()).toEqual([[3, 1]]);
  now = 10_001;
  expect(seen()).toEqual([[20, 1]]);
});

test('JSON has names with numbers, and quantiles at the end', () => {
  const store = new StatsStore();
  store.root.counter('a').value = 4;
  store.root.histogram('h');
  const json = statsJson(mergeRows(store.rows()), new Map(), 'summary');
  expect(json).toMatchObject({
    stats: [
      { name: 'a', value: 4 },
      {
        histograms: {
          computed_quantiles: [
            { name: 'h', values: Array.from({ length: 10 }, () => ({ interval: null, cumulative: null })) },
          ],
        },
      },
    ],
  });
});
