import type { JsonObject } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cluster, Host, HostOutcome } from '../../../src/proxy/upstream/types.ts';
import { ANY, portsChosen, staticCluster, type TestClusters, testClusters } from './clusters.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Outliers extends TestClusters {
  readonly cluster: Cluster;
  host(port: number): Host;
  report(port: number, outcome: HostOutcome, times?: number): void;
  ejected(): readonly number[];
}

function outliers(count: number, detection: JsonObject, more: JsonObject = {}): Outliers {
  const ports = Array.from({ length: count }, (_, index) => index + 1);
  const clusters = testClusters({ random: () => 0 });
  const settings = { max_ejection_percent: 100, ...detection };
  clusters.put(
    staticCluster(
      ports.map((port) => ({ port })),
      { outlier_detection: settings, ...more },
    ),
  );
  const cluster = clusters.get('c');
  const hosts = new Map(
    Array.from({ length: count }, () => cluster.choose(ANY)).map((host) => [host?.id, host]),
  );
  const host = (port: number) => {
    const found = hosts.get(`127.0.0.1:${port}`);
    if (found === undefined) throw new Error(`no endpoint at ${port}`);
    return found;
  };
  return {
    ...clusters,
    cluster,
    host,
    report: (port, outcome, times = 1) => {
      for (let time = 0; time < times; time++) cluster.report(host(port), outcome);
    },
    ejected: () => ports.filter((port) => !host(port).healthy),
  };
}

const status = (code: number): HostOutcome => ({ kind: 'status', status: code });
const local = (what: Extract<HostOutcome, { kind: 'local' }>['what']): HostOutcome => ({
  kind: 'local',
  what,
});

describe('outlier detection', () => {
  test('counts the answers as failures that the configuration names, and no others', () => {
    const exact = (code: string): JsonObject => ({
      http_response_headers_match: { headers: [{ name: ':status', string_match: { exact: code } }] },
    });
    const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
    const options = (error_matcher: JsonObject): JsonObject => ({
      typed_extension_protocol_options: {
        [http]: {
          '@type': `type.googleapis.com/${http}`,
          explicit_http_config: { http_protocol_options: {} },
          outlier_detection: { error_matcher },
        },
      },
    });
    const t = outliers(
      2,
      { consecutive_5xx: 2 },
      options({ or_match: { rules: [exact('404'), exact('429')] } }),
    );
    t.report(1, status(503), 5);
    expect(t.ejected()).toEqual([]);
    t.report(1, status(404));
    t.report(1, status(429));
    expect(t.ejected()).toEqual([1]);
    expect(() => outliers(2, {}, options({ http_response_generic_body_match: {} }))).toThrow(
      /error_matcher.httpResponseGenericBodyMatch is not supported/,
    );
  });

  test('leaves an endpoint out after so many failures in a row, and takes it back later', () => {
    const t = outliers(3, { consecutive_5xx: 3, interval: '1s', base_ejection_time: '5s' });
    t.report(1, status(500), 2);
    t.report(1, status(200));
    t.report(1, status(500), 2);
    expect(t.ejected()).toEqual([]);
    t.report(1, status(500));
    expect(t.ejected()).toEqual([1]);
    expect(portsChosen(t.cluster, 10)).toEqual({ 2: 5, 3: 5 });
    expect(t.stat('cluster.c.outlier_detection.ejections_active')).toBe(1);
    expect(t.stat('cluster.c.outlier_detection.ejections_enforced_consecutive_5xx')).toBe(1);
    expect(t.stat('cluster.c.membership_healthy')).toBe(2);
    vi.advanceTimersByTime(4999);
    expect(t.ejected()).toEqual([1]);
    vi.advanceTimersByTime(1001);
    expect(t.ejected()).toEqual([]);
    expect(t.stat('cluster.c.outlier_detection.ejections_active')).toBe(0);
  });

  test('each time it is left out longer, up to a limit, and less long after good times', () => {
    const t = outliers(3, {
      consecutive_5xx: 1,
      interval: '1s',
      base_ejection_time: '2s',
      max_ejection_time: '5s',
    });
    const times: number[] = [];
    const ejectAndWait = () => {
      t.report(1, status(500));
      let seconds = 0;
      while (t.ejected().length > 0) {
        vi.advanceTimersByTime(1000);
        seconds++;
      }
      times.push(seconds);
    };
    for (let time = 0; time < 3; time++) ejectAndWait();
    // The interval in which an endpoint comes back counts as a good one already.
    expect(times[0]).toBe(2);
    expect(Math.max(...times)).toBeLessThanOrEqual(6);
    vi.advanceTimersByTime(20_000);
    ejectAndWait();
    expect(times.at(-1)).toBe(2);
  });

  test('failures of gateways are counted by themselves, and enforced only when told', () => {
    const t = outliers(3, { consecutive_gateway_failure: 2, consecutive_5xx: 100 });
    t.report(1, status(503), 2);
    expect(t.ejected()).toEqual([]);
    expect(t.stat('cluster.c.outlier_detection.ejections_detected_consecutive_gateway_failure')).toBe(1);
    const enforced = outliers(3, {
      consecutive_gateway_failure: 2,
      enforcing_consecutive_gateway_failure: 100,
      consecutive_5xx: 100,
    });
    enforced.report(1, status(502));
    enforced.report(1, status(500));
    enforced.report(1, status(504));
    expect(enforced.ejected()).toEqual([]);
    enforced.report(1, status(503));
    expect(enforced.ejected()).toEqual([1]);
  });

  test.each([
    [30, {}, [1], 2],
    [50, {}, [1, 2], 1],
    [24, {}, [], 3],
    [0, { always_eject_one_host: true }, [1], 2],
  ])('at most %s percent of the endpoints are left out %o', (percent, more, left, overflow) => {
    const t = outliers(4, { consecutive_5xx: 1, max_ejection_percent: percent, ...more });
    for (const port of [1, 2, 3]) t.report(port, status(500));
    expect(t.ejected()).toEqual(left);
    expect(t.stat('cluster.c.outlier_detection.ejections_overflow')).toBe(overflow);
  });

  test('what fails before an answer counts as 503, or by itself when it is split', () => {
    const t = outliers(2, { consecutive_5xx: 2 });
    t.report(1, local('connect-failed'));
    t.report(1, local('success'));
    t.report(1, local('timeout'));
    expect(t.ejected()).toEqual([1]);
    const tcp = outliers(2, { consecutive_5xx: 2 });
    tcp.report(1, local('connect-failed'));
    tcp.report(1, local('connected'));
    tcp.report(1, local('connect-timeout'));
    expect(tcp.ejected()).toEqual([]);
    const split = outliers(2, {
      split_external_local_origin_errors: true,
      consecutive_local_origin_failure: 2,
      consecutive_5xx: 1,
    });
    split.report(1, local('reset'));
    split.report(1, local('success'));
    split.report(1, local('reset'));
    expect(split.ejected()).toEqual([]);
    split.report(1, local('timeout'));
    expect(split.ejected()).toEqual([1]);
    expect(
      split.stat('cluster.c.outlier_detection.ejections_enforced_consecutive_local_origin_failure'),
    ).toBe(1);
  });

  test('an endpoint that succeeds far less often than the others', () => {
    const t = outliers(5, {
      consecutive_5xx: 1000,
      interval: '1s',
      success_rate_stdev_factor: 1000,
      success_rate_request_volume: 10,
    });
    for (let port = 1; port <= 5; port++) {
      t.report(port, status(200), port === 5 ? 5 : 10);
      if (port === 5) t.report(port, status(500), 5);
    }
    vi.advanceTimersByTime(1000);
    expect(t.ejected()).toEqual([5]);
    expect(t.stat('cluster.c.outlier_detection.ejections_enforced_success_rate')).toBe(1);
  });

  test('an endpoint whose failures are above a share, where that is enforced', () => {
    const rates = {
      consecutive_5xx: 1000,
      interval: '1s',
      enforcing_success_rate: 0,
      enforcing_failure_percentage: 100,
    };
    const t = outliers(5, {
      ...rates,
      failure_percentage_request_volume: 10,
      failure_percentage_threshold: 60,
    });
    for (let port = 1; port <= 5; port++) {
      t.report(port, status(500), port === 5 ? 6 : 5);
      t.report(port, status(200), 5);
    }
    t.report(5, status(500), 3);
    vi.advanceTimersByTime(1000);
    expect(t.ejected()).toEqual([5]);
  });

  test('does nothing while nothing happens', () => {
    const t = outliers(3, { consecutive_5xx: 1, interval: '1s', base_ejection_time: '1s' });
    expect(vi.getTimerCount()).toBe(0);
    t.report(1, status(500));
    vi.advanceTimersByTime(10_000);
    expect(t.ejected()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('forgets endpoints that are gone', () => {
    const clusters = testClusters({ random: () => 0 });
    clusters.put({
      ...staticCluster([{ port: 1 }]),
      outlier_detection: { consecutive_5xx: 1, max_ejection_percent: 100 },
    });
    const cluster = clusters.get('c');
    const host = cluster.choose(ANY);
    if (host === undefined) throw new Error('no endpoint');
    cluster.report(host, status(500));
    expect(clusters.stat('cluster.c.outlier_detection.ejections_active')).toBe(1);
    clusters.manager.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['monitors', { monitors: [{ name: 'm' }] }, /monitors is not supported/],
    ['shares above 100', { max_ejection_percent: 101 }, /max_ejection_percent: above 100/],
    ['no interval', { interval: '0s' }, /interval: not above 0/],
  ])('refuses %s', (_, detection, message) => {
    expect(() => outliers(1, detection)).toThrow(message);
  });
});
