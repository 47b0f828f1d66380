import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { type AddressInfo, type Server, createServer } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import { HealthChecker } from '../../../src/proxy/upstream/health/checker.ts';
import type { ProbeResult } from '../../../src/proxy/upstream/health/probe.ts';
import type { CheckSettings } from '../../../src/proxy/upstream/health/settings.ts';
import { Endpoint, HEALTH, NO_LOCALITY } from '../../../src/proxy/upstream/host.ts';
import { freePort } from '../../peers/free-ports.ts';
import { ANY, assignmentOf, staticCluster, statOf, testClusters } from './clusters.ts';

const HEALTHY: ProbeResult = { kind: 'healthy', isDegraded: false };
const NETWORK: ProbeResult = { kind: 'network' };

/** A checker on a fake clock, whose answers the test decides. */
function fakeChecks(settings: Partial<CheckSettings> = {}) {
  vi.useFakeTimers();
  const store = new StatsStore();
  const state = { answer: HEALTHY as ProbeResult | 'silence', asked: 0, isUsed: true };
  const host = new Endpoint({
    place: { kind: 'ip', ip: '10.0.0.1', port: 80 },
    hostname: '',
    weight: 1,
    priority: 0,
    locality: NO_LOCALITY,
    metadata: undefined,
    flags: 0,
    checkPlace: undefined,
    checkHostname: '',
    isChecked: true,
  });
  host.mark(HEALTH.failedActiveCheck, true);
  const changes: boolean[] = [];
  const checker = new HealthChecker(
    {
      timeout: 100,
      interval: 1000,
      noTrafficInterval: 60_000,
      noTrafficHealthyInterval: 50_000,
      unhealthyInterval: 2000,
      unhealthyEdgeInterval: 3000,
      healthyEdgeInterval: 4000,
      initialJitter: 0,
      intervalJitter: 0,
      intervalJitterPercent: 0,
      unhealthyThreshold: 3,
      healthyThreshold: 2,
      altPort: undefined,
      probe: () => ({
        ask: (onResult) => {
          state.asked++;
          if (state.answer !== 'silence') onResult(state.answer);
          return { stop: () => undefined };
        },
        close: () => undefined,
      }),
      ...settings,
    },
    {
      scope: store.root.scope('cluster.c.'),
      random: () => 50,
      isUsed: () => state.isUsed,
      connect: () => {
        throw new Error('nobody connects here');
      },
      onChange: (one) => changes.push(one.healthy),
      onPassed: () => undefined,
    },
  );
  return { host, state, checker, changes, store };
}

afterEach(() => vi.useRealTimers());

describe('active health checks', () => {
  test('the first answer decides at once, later ones after as many as the thresholds say', () => {
    const { host, state, checker, changes } = fakeChecks();
    checker.add(host);
    expect(host.healthy).toBe(true);
    state.answer = NETWORK;
    vi.advanceTimersByTime(4000);
    vi.advanceTimersByTime(1000);
    expect(host.healthy).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(host.healthy).toBe(false);
    state.answer = HEALTHY;
    vi.advanceTimersByTime(3000);
    expect(host.healthy).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(host.healthy).toBe(true);
    expect(changes).toEqual([true, false, true]);
  });

  test('who says that it is not well is believed at once, unless it may be asked again', () => {
    const { host, state, checker } = fakeChecks();
    checker.add(host);
    state.answer = { kind: 'retriable' };
    vi.advanceTimersByTime(4000);
    expect(host.healthy).toBe(true);
    state.answer = { kind: 'active' };
    vi.advanceTimersByTime(1000);
    expect(host.healthy).toBe(false);
  });

  test('no answer in time is a failure', () => {
    const { host, state, checker, store } = fakeChecks({ unhealthyThreshold: 1 });
    checker.add(host);
    state.answer = 'silence';
    vi.advanceTimersByTime(4000);
    expect(host.healthy).toBe(true);
    // What has come by then would be read first.
    vi.advanceTimersByTime(100);
    vi.advanceTimersByTime(1);
    expect(host.healthy).toBe(false);
    expect(host.has(HEALTH.activeCheckTimedOut)).toBe(true);
    expect(statOf(store, 'cluster.c.health_check.network_failure')).toBe(1);
    expect(statOf(store, 'cluster.c.health_check.healthy')).toBe(0);
  });

  test('degraded endpoints are known as such', () => {
    const { host, state, checker } = fakeChecks();
    state.answer = { kind: 'healthy', isDegraded: true };
    checker.add(host);
    expect(host.degraded).toBe(true);
  });

  test('a cluster that nobody uses is looked at less often', () => {
    const { host, state, checker } = fakeChecks();
    state.isUsed = false;
    checker.add(host);
    vi.advanceTimersByTime(49_999);
    expect(state.asked).toBe(1);
    vi.advanceTimersByTime(1);
    expect(state.asked).toBe(2);
  });

  test('jitter makes the interval longer', () => {
    const { host, state, checker } = fakeChecks({
      intervalJitter: 200,
      intervalJitterPercent: 10,
      healthyEdgeInterval: 1000,
      initialJitter: 100,
    });
    checker.add(host);
    expect(state.asked).toBe(0);
    vi.advanceTimersByTime(50);
    expect(state.asked).toBe(1);
    vi.advanceTimersByTime(1099);
    expect(state.asked).toBe(1);
    vi.advanceTimersByTime(1);
    expect(state.asked).toBe(2);
    checker.remove(host);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('endpoints are asked', () => {
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  async function listening<S extends Pick<Server, 'listen' | 'close' | 'address'> & NodeJS.EventEmitter>(
    server: S,
    at = 0,
  ): Promise<number> {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    open.push(server);
    return (server.address() as AddressInfo).port;
  }

  /** The health of the only endpoint once it has been asked. */
  async function health(port: number, check: JsonObject, more: JsonObject = {}): Promise<boolean> {
    const common = { timeout: '2s', interval: '60s', unhealthy_threshold: 1, healthy_threshold: 1 };
    const clusters = testClusters();
    open.push(clusters.manager);
    clusters.put(staticCluster([{ port }], { health_checks: [{ ...common, ...check }], ...more }));
    await clusters.manager.warm('c');
    return clusters.stat('cluster.c.membership_healthy') === 1;
  }

  test('by HTTP/1.1', async () => {
    const seen: unknown[] = [];
    const port = await listening(
      createHttp((request, response) => {
        seen.push([request.method, request.url, request.headers.host, request.headers['x-check']]);
        response.statusCode = request.url === '/well' ? 200 : 503;
        response.end('I am alive');
      }),
    );
    const http = (more: JsonObject) => ({ http_health_check: { path: '/well', ...more } });
    expect(
      await health(port, http({ request_headers_to_add: [{ header: { key: 'X-Check', value: 'yes' } }] })),
    ).toBe(true);
    expect(seen).toEqual([['GET', '/well', 'c', 'yes']]);
    expect(await health(port, http({ path: '/ill' }))).toBe(false);
    expect(await health(port, http({ path: '/ill', expected_statuses: [{ start: 500, end: 600 }] }))).toBe(
      true,
    );
    expect(await health(port, http({ receive: [{ text: Buffer.from('alive').toString('hex') }] }))).toBe(
      true,
    );
    expect(await health(port, http({ receive: [{ text: Buffer.from('dead').toString('hex') }] }))).toBe(
      false,
    );
    await health(port, http({ host: 'own.name', method: 'HEAD' }));
    expect(seen.at(-1)).toEqual(['HEAD', '/well', 'own.name', undefined]);
  });

  test('names are those of the requests of the cluster', async () => {
    let names: readonly string[] = [];
    const port = await listening(
      createHttp((request, response) => {
        names = request.rawHeaders.filter((_, index) => index % 2 === 0);
        response.end();
      }),
    );
    const check = {
      http_health_check: {
        path: '/',
        request_headers_to_add: [{ header: { key: 'x-own-check', value: '1' } }],
      },
    };
    const format = { header_key_format: { proper_case_words: {} } };
    expect(await health(port, check, { http_protocol_options: format })).toBe(true);
    expect(names).toEqual(['Host', 'User-Agent', 'X-Own-Check']);
    expect(await health(port, check)).toBe(true);
    expect(names).toEqual(['host', 'user-agent', 'x-own-check']);
  });

  test('by HTTP/2 and gRPC', async () => {
    const server = createHttp2();
    let status = 1;
    server.on('stream', (stream, headers) => {
      if (headers[':path'] !== '/grpc.health.v1.Health/Check') {
        stream.respond({ ':status': 200 });
        stream.end();
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
    });
    const port = await listening(server);
    expect(await health(port, { http_health_check: { path: '/x', codec_client_type: 'HTTP2' } })).toBe(true);
    expect(await health(port, { grpc_health_check: { service_name: 'a.B' } })).toBe(true);
    status = 2;
    expect(await health(port, { grpc_health_check: {} })).toBe(false);
  });

  test('by TCP, with and without a conversation', async () => {
    const port = await listening(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (data) => socket.write(`you said ${String(data)}`));
      }),
    );
    const hex = (text: string) => ({ text: Buffer.from(text).toString('hex') });
    expect(await health(port, { tcp_health_check: {} })).toBe(true);
    expect(
      await health(port, { tcp_health_check: { send: hex('hi'), receive: [hex('you'), hex('hi')] } }),
    ).toBe(true);
    const wrong = { tcp_health_check: { send: hex('hi'), receive: [hex('hi'), hex('you')] } };
    expect(await health(port, { ...wrong, timeout: '0.1s' })).toBe(false);
  });

  test('at another port where they are to be asked there', async () => {
    const port = await listening(createServer((socket) => socket.destroy()));
    expect(await health(1, { tcp_health_check: {}, alt_port: port })).toBe(true);
    expect(await health(1, { tcp_health_check: {} })).toBe(false);
  });

  test('before they are used, and they stay while they are well', async () => {
    // Nobody else gets the port once it is closed.
    const port = await listening(
      createServer((socket) => socket.destroy()),
      await freePort(),
    );
    const clusters = testClusters();
    open.push(clusters.manager);
    const check = {
      timeout: '1s',
      interval: '0.02s',
      no_traffic_interval: '0.02s',
      unhealthy_threshold: 1,
      healthy_threshold: 1,
      tcp_health_check: {},
    };
    const eds = { eds_config: { ads: {} } };
    clusters.put({ name: 'e', type: 'EDS', eds_cluster_config: eds, health_checks: [check] });
    clusters.assign(assignmentOf('e', [{ port }]));
    await clusters.manager.warm('e');
    const cluster = clusters.get('e');
    expect(cluster.choose(ANY)?.id).toBe(`127.0.0.1:${port}`);
    clusters.assign(assignmentOf('e', []));
    expect(cluster.choose(ANY)?.id).toBe(`127.0.0.1:${port}`);
    for (const one of open.splice(0, 1)) one.close();
    await expect.poll(() => clusters.stat('cluster.e.membership_total')).toBe(0);
  });

  test.each([
    [
      'no thresholds',
      { timeout: '1s', interval: '1s', tcp_health_check: {} },
      /unhealthy_threshold and healthy_threshold/,
    ],
    [
      'custom checks',
      {
        timeout: '1s',
        interval: '1s',
        healthy_threshold: 1,
        unhealthy_threshold: 1,
        custom_health_check: { name: 'redis' },
      },
      /custom_health_check redis/,
    ],
    [
      'logs of events',
      { event_log_path: '/x', timeout: '1s', interval: '1s', tcp_health_check: {} },
      /event_log_path/,
    ],
  ])('refuses %s', (_, check, message) => {
    expect(() => testClusters().put(staticCluster([], { health_checks: [check] }))).toThrow(message);
  });
});
