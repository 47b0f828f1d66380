import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test } from 'vitest';
import type { StreamInfo } from '../../../src/proxy/stream-info.ts';
import { TCP_KINDS } from '../../../src/proxy/tcp/kinds.ts';
import { freePort } from '../../peers/free-ports.ts';
import { expectShare } from '../expect-share.ts';
import { firstLine, listener, testListeners } from '../listeners/listeners.ts';
import { staticCluster, statOf, testClusters } from '../upstream/clusters.ts';

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

async function backend(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ destroy: () => server.close() });
  return { port: (server.address() as AddressInfo).port, server };
}

function filter(kind: string, message: string, settings: JsonObject): JsonObject {
  return {
    name: kind,
    typed_config: {
      '@type': `type.googleapis.com/envoy.extensions.filters.network.${kind}.v3.${message}`,
      ...settings,
    },
  };
}

const tcp = (settings: JsonObject) => filter('tcp_proxy', 'TcpProxy', { stat_prefix: 't', ...settings });

/** A proxy with a cluster `c` of these ports. */
function proxy(ports: readonly number[], more: JsonObject = {}) {
  const clusters = testClusters();
  clusters.put(
    staticCluster(
      ports.map((port) => ({ port })),
      more,
    ),
  );
  const infos: StreamInfo[] = [];
  const listeners = testListeners({
    kinds: TCP_KINDS,
    clusters: clusters.manager,
    accessLogs: () => (info) => infos.push(info),
  });
  return { clusters, listeners, infos };
}

const LOG = { access_log: [{ name: 'any' }] };

function client(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('the TCP proxy', () => {
  test('carries bytes both ways, and each end by itself', async () => {
    const { port } = await backend(async (socket) => {
      socket.write('hello ');
      socket.end(`you said ${await textOf(socket)}`);
    });
    const { listeners, clusters, infos } = proxy([port]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c', ...LOG })] }]));
    const socket = client(listeners.port());
    const [first] = await once(socket, 'data');
    expect(String(first)).toBe('hello ');
    socket.end('good bye');
    expect(await textOf(socket)).toBe('you said good bye');
    await expect.poll(() => infos.length).toBe(1);
    expect(infos[0]).toMatchObject({
      bytesReceived: 8,
      bytesSent: 23,
      responseFlags: [],
      upstreamHost: { id: `127.0.0.1:${port}` },
    });
    await expect.poll(() => clusters.stat('cluster.c.upstream_cx_active')).toBe(0);
    expect(clusters.stat('cluster.c.upstream_cx_total')).toBe(1);
    expect(clusters.get('c').breaker('default').connections.current).toBe(0);
    expect(statOf(listeners.store, 'tcp.t.downstream_cx_rx_bytes_total')).toBe(8);
  });

  test('holds a sender back while the other side does not read', async () => {
    const accepted = Promise.withResolvers<Socket>();
    const { port } = await backend((socket) => {
      socket.pause();
      accepted.resolve(socket);
    });
    const { listeners } = proxy([port]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c' })] }]));
    const socket = client(listeners.port());
    const chunk = Buffer.alloc(1 << 20, 1);
    const total = 64;
    for (let index = 0; index < total; index++) socket.write(chunk);
    await expect
      .poll(() => statOf(listeners.store, 'tcp.t.downstream_flow_control_paused_reading_total'))
      .toBe(1);
    const held = socket.writableLength;
    expect(held).toBeGreaterThan(20 << 20);
    const peer = await accepted.promise;
    let received = 0;
    peer.on('data', (data) => (received += data.length));
    peer.resume();
    await expect.poll(() => received, { timeout: 10_000 }).toBe(total << 20);
    expect(socket.writableLength).toBe(0);
  });

  test.each([
    ['no such cluster', { cluster: 'other' }, {}, 'NC', 'tcp.t.downstream_cx_no_route'],
    [
      'too many connections',
      { cluster: 'c' },
      { circuit_breakers: { thresholds: [{ max_connections: 0 }] } },
      'UO',
      'cluster.c.upstream_cx_overflow',
    ],
  ])('closes with a flag: %s', async (_, settings, cluster, flag, stat) => {
    const { listeners, clusters, infos } = proxy([1], cluster);
    await using _listeners = listeners;
    await listeners.put(listener([{ filters: [tcp({ ...settings, ...LOG })] }]));
    expect(await firstLine(listeners.port())).toBe('closed');
    expect(infos[0]?.responseFlags).toEqual([flag]);
    expect(statOf(listeners.store, stat) ?? clusters.stat(stat)).toBe(1);
  });

  test('closes with a flag: no endpoint', async () => {
    const { listeners, clusters, infos } = proxy([]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c', ...LOG })] }]));
    expect(await firstLine(listeners.port())).toBe('closed');
    expect(infos[0]?.responseFlags).toEqual(['UH']);
    expect(clusters.stat('cluster.c.upstream_cx_none_healthy')).toBe(1);
  });

  test('tries other endpoints as often as it is told', async () => {
    const dead = await freePort();
    const { port } = await backend((socket) => socket.end('here\n'));
    const { listeners, clusters, infos } = proxy([dead, port]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c', max_connect_attempts: 2, ...LOG })] }]));
    expect(await firstLine(listeners.port())).toBe('here');
    expect(await firstLine(listeners.port())).toBe('here');
    // One of the two began with the endpoint that is not there, or both.
    expect(clusters.stat('cluster.c.upstream_cx_connect_fail')).toBeGreaterThan(0);
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c', stat_prefix: 'once', ...LOG })] }]));
    const answers = [await firstLine(listeners.port()), await firstLine(listeners.port())];
    expect(answers.sort()).toEqual(['closed', 'here']);
    const failed = infos.find(({ responseFlags }) => responseFlags.includes('UF'));
    expect(failed?.upstreamTransportFailureReason).toContain('Connection refused');
  });

  test('shares connections among clusters by weight', async () => {
    const one = await backend((socket) => socket.end('one\n'));
    const two = await backend((socket) => socket.end('two\n'));
    const { listeners, clusters } = proxy([one.port]);
    await using _ = listeners;
    clusters.put({ ...staticCluster([{ port: two.port }]), name: 'd' });
    const weighted = {
      weighted_clusters: {
        clusters: [
          { name: 'c', weight: 3 },
          { name: 'd', weight: 1 },
        ],
      },
    };
    await listeners.put(listener([{ filters: [tcp(weighted)] }]));
    const answers = await Promise.all(Array.from({ length: 200 }, () => firstLine(listeners.port())));
    expectShare(answers.filter((answer) => answer === 'one').length, 200, 0.75);
  });

  test('ends connections that are idle', async () => {
    const { port } = await backend((socket) => socket.resume());
    const { listeners } = proxy([port]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c', idle_timeout: '0.03s' })] }]));
    await once(client(listeners.port()).resume(), 'end');
    expect(statOf(listeners.store, 'tcp.t.idle_timeout')).toBe(1);
  });

  test('ends connections that are too old', async () => {
    const { port } = await backend((socket) => socket.resume());
    const { listeners, infos } = proxy([port]);
    await using _ = listeners;
    await listeners.put(
      listener([{ filters: [tcp({ cluster: 'c', max_downstream_connection_duration: '0.03s', ...LOG })] }]),
    );
    await once(client(listeners.port()).resume(), 'end');
    expect(infos[0]?.responseFlags).toEqual(['DT']);
  });

  test('an endpoint that dies ends the client, a client that dies ends the endpoint; nothing stays open', async () => {
    const accepted: Socket[] = [];
    const { port } = await backend((socket) => {
      accepted.push(socket);
      socket.resume();
    });
    const { listeners, clusters } = proxy([port]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [tcp({ cluster: 'c' })] }]));
    const first = client(listeners.port()).resume();
    await expect.poll(() => accepted.length).toBe(1);
    // A reset is handed on, so that it is no end but an error.
    const firstClosed = new Promise((resolve) => first.once('close', resolve));
    accepted[0]?.resetAndDestroy();
    await firstClosed;
    const second = client(listeners.port()).resume();
    await expect.poll(() => accepted.length).toBe(2);
    const peer = accepted[1];
    if (peer === undefined) throw new Error('no second connection');
    const gone = new Promise((resolve) => peer.once('close', resolve));
    second.resetAndDestroy();
    peer.end();
    await gone;
    await expect.poll(() => clusters.stat('cluster.c.upstream_cx_active')).toBe(0);
    await expect.poll(() => statOf(listeners.store, 'listener.127.0.0.1_0.downstream_cx_active')).toBe(0);
  });

  test.each([
    ['a tunnel to nobody', { cluster: 'c', tunneling_config: {} }, /tunneling_config.hostname: empty/],
    [
      'a path of CONNECT',
      { cluster: 'c', tunneling_config: { hostname: 'h', post_path: '/p' } },
      /tunneling_config.post_path: set without use_post/,
    ],
    [
      'another host among the headers of a tunnel',
      {
        cluster: 'c',
        tunneling_config: { hostname: 'h', headers_to_add: [{ header: { key: 'Host', value: 'x' } }] },
      },
      /headers_to_add: "host" cannot be added/,
    ],
    [
      'a host of a tunnel that no operator makes',
      { cluster: 'c', tunneling_config: { hostname: '%NO_SUCH_THING%' } },
      /NO_SUCH_THING/,
    ],
    ['clusters on demand', { cluster: 'c', on_demand: {} }, /on_demand/],
    ['nowhere to go', {}, /neither cluster nor weighted_clusters/],
    [
      'hashes of filter state',
      { cluster: 'c', hash_policy: [{ filter_state: { key: 'k' } }] },
      /hash_policy filterState/,
    ],
  ])('refuses %s', async (_, settings, message) => {
    const { listeners } = proxy([]);
    await using _listeners = listeners;
    await expect(listeners.put(listener([{ filters: [tcp(settings)] }]))).rejects.toThrow(message);
  });
});

describe('other network filters', () => {
  test('a direct response', async () => {
    const { listeners } = proxy([]);
    await using _ = listeners;
    const answer = filter('direct_response', 'Config', { response: { inline_string: 'go away\n' } });
    await listeners.put(listener([{ filters: [answer] }]));
    expect(await firstLine(listeners.port(), 'anything')).toBe('go away');
  });

  test('an echo', async () => {
    const { listeners } = proxy([]);
    await using _ = listeners;
    await listeners.put(listener([{ filters: [filter('echo', 'Echo', {})] }]));
    expect(await firstLine(listeners.port(), 'again\n')).toBe('again');
  });

  test('a connection limit lets as many in, and others when those go', async () => {
    const { listeners } = proxy([]);
    await using _ = listeners;
    const limit = filter('connection_limit', 'ConnectionLimit', { stat_prefix: 'k', max_connections: 1 });
    await listeners.put(listener([{ filters: [limit, filter('echo', 'Echo', {})] }]));
    const first = client(listeners.port());
    first.write('x');
    await once(first, 'data');
    expect(await firstLine(listeners.port(), 'y\n')).toBe('closed');
    first.destroy();
    await expect.poll(() => statOf(listeners.store, 'connection_limit.k.active_connections')).toBe(0);
    expect(await firstLine(listeners.port(), 'y\n')).toBe('y');
    expect(statOf(listeners.store, 'connection_limit.k.limited_connections')).toBe(1);
  });

  test('a local rate limit lets so many in for a time', async () => {
    const { listeners } = proxy([]);
    await using _ = listeners;
    const bucket = { token_bucket: { max_tokens: 2, fill_interval: '3600s' } };
    const limit = filter('local_ratelimit', 'LocalRateLimit', { stat_prefix: 'k', ...bucket });
    await listeners.put(listener([{ filters: [limit, filter('echo', 'Echo', {})] }]));
    const answers = [];
    for (let index = 0; index < 4; index++) answers.push(await firstLine(listeners.port(), 'y\n'));
    expect(answers).toEqual(['y', 'y', 'closed', 'closed']);
    expect(statOf(listeners.store, 'local_rate_limit.k.rate_limited')).toBe(2);
  });

  test('a filter that ends the chain has to be the last', async () => {
    const { listeners } = proxy([]);
    await using _ = listeners;
    const echo = filter('echo', 'Echo', {});
    await expect(listeners.put(listener([{ filters: [echo, echo] }]))).rejects.toThrow(
      /nothing may come after it/,
    );
    const gate = filter('sni_cluster', 'SniCluster', {});
    await expect(listeners.put(listener([{ filters: [gate] }]))).rejects.toThrow(/has to end the chain/);
  });
});
