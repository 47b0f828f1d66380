/**
 * Runs inside a network of a test: both engines between clients and endpoints, of which one vanishes in each case: its packets
 * are dropped, and it neither ends nor resets anything. Says as JSON what came of it.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { freePorts } from '../../peers/free-ports.ts';
import { eventually } from '../../peers/run-envoy.ts';
import { Engine, type EngineKind } from '../differential/engines.ts';
import { type JsonMap, NETWORK_FILTER, ROUTER, socketAddress, typed } from '../differential/json.ts';
import { cluster } from '../differential/setup.ts';

const [, , program = '', iptables = ''] = process.argv;
const HTTP = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** Long enough for a peer to vanish before it is over. */
const SOON = '2s';

/**
 * Packets from and to the port reach nobody any more; those of a client with its peer alone, since other connections, as
 * those that ask for statistics, may be given the same port.
 */
async function vanish(port: number, peer?: number): Promise<void> {
  const drop = (from?: number, to?: number): string => {
    const ends = [
      ...(from === undefined ? [] : [`--sport ${from}`]),
      ...(to === undefined ? [] : [`--dport ${to}`]),
    ];
    return `-I INPUT -p tcp ${ends.join(' ')} -j DROP`;
  };
  // Both at once, and while the other cases go on.
  const child = spawn(`${iptables}-restore`, ['--wait', '--noflush'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin?.end(['*filter', drop(port, peer), drop(peer, port), 'COMMIT', ''].join('\n'));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`iptables-restore ends with ${String(code)}`);
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Answers `/`, begins an answer that never ends for `/long`, and says nothing to `/wait`. */
function http1Endpoint(): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const [, path] = /^GET (\S+)/.exec(chunk.toString('latin1')) ?? [];
      if (path === '/') socket.write(ANSWER);
      else if (path === '/long') {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
        const more = (): void => {
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on('drain', more);
        more();
      }
    });
  });
}

interface Side {
  readonly engine: Engine;
  readonly listeners: ReadonlyMap<string, number>;
  readonly endpoints: ReadonlyMap<string, number>;
}

interface Case {
  readonly manager?: JsonMap;
  readonly route?: JsonMap;
  readonly cluster?: JsonMap;
  readonly endpoint?: 'http2';
  /** In place of HTTP. */
  readonly tcp?: JsonMap;
  readonly path?: string;
  /** The path that it vanishes in the middle of; else it vanishes after an answer. */
  readonly who: 'client' | 'endpoint' | 'endpoint at once';
  /** What tells that it is over. */
  readonly gauges: readonly string[];
  readonly counters: readonly string[];
}

const upstreamHttp = (common: JsonMap, explicit: JsonMap = { http_protocol_options: {} }): JsonMap => ({
  typed_extension_protocol_options: {
    [HTTP]: typed(HTTP, { explicit_http_config: explicit, common_http_protocol_options: common }),
  },
});
const KEEPALIVE = {
  upstream_connection_options: {
    tcp_keepalive: { keepalive_probes: 1, keepalive_time: 1, keepalive_interval: 1 },
  },
};
const DOWN = ['http.downstream_cx_active', 'http.downstream_rq_active'];
const UP = ['cluster.upstream_cx_active', 'cluster.upstream_rq_active'];

const CASES: Readonly<Record<string, Case>> = {
  'a client that is idle': {
    manager: { common_http_protocol_options: { idle_timeout: SOON }, drain_timeout: SOON },
    who: 'client',
    gauges: DOWN,
    counters: [
      'http.downstream_cx_idle_timeout',
      'http.downstream_cx_destroy_local',
      'http.downstream_cx_destroy_remote',
    ],
  },
  'a client in the middle of an answer': {
    manager: { stream_idle_timeout: SOON },
    path: '/long',
    who: 'client',
    gauges: [...DOWN, ...UP],
    counters: [
      'http.downstream_rq_idle_timeout',
      'http.downstream_cx_destroy_local',
      'cluster.upstream_cx_destroy_local',
    ],
  },
  'an endpoint before its answer': {
    route: { timeout: SOON },
    path: '/wait',
    who: 'endpoint',
    gauges: UP,
    counters: [
      'cluster.upstream_rq_timeout',
      'cluster.upstream_rq_504',
      'cluster.upstream_cx_destroy_local_with_active_rq',
    ],
  },
  'an endpoint whose connection is kept alive': {
    route: { timeout: '0s' },
    cluster: KEEPALIVE,
    path: '/wait',
    who: 'endpoint',
    gauges: UP,
    counters: [
      'cluster.upstream_rq_503',
      'cluster.upstream_cx_destroy_remote_with_active_rq',
      'cluster.upstream_cx_destroy_local_with_active_rq',
    ],
  },
  'an endpoint that has nothing to do': {
    cluster: upstreamHttp({ idle_timeout: SOON }),
    who: 'endpoint',
    gauges: UP,
    counters: ['cluster.upstream_cx_idle_timeout', 'cluster.upstream_cx_destroy_local'],
  },
  'an endpoint that speaks HTTP/2 and answers no pings': {
    route: { timeout: '0s' },
    cluster: upstreamHttp(
      {},
      { http2_protocol_options: { connection_keepalive: { interval: SOON, timeout: SOON } } },
    ),
    endpoint: 'http2',
    path: '/wait',
    who: 'endpoint',
    gauges: UP,
    counters: [
      'cluster.upstream_rq_503',
      'cluster.http2.keepalive_timeout',
      'cluster.upstream_cx_destroy_local_with_active_rq',
    ],
  },
  'an endpoint that nobody reaches': {
    cluster: { connect_timeout: SOON },
    who: 'endpoint at once',
    gauges: UP,
    counters: [
      'cluster.upstream_cx_connect_timeout',
      'cluster.upstream_rq_503',
      'cluster.upstream_cx_connect_fail',
    ],
  },
  'a client of a TCP proxy': {
    tcp: { idle_timeout: SOON },
    who: 'client',
    gauges: UP,
    counters: ['tcp.idle_timeout', 'cluster.upstream_cx_destroy_local'],
  },
  'an endpoint of a TCP proxy': {
    tcp: { idle_timeout: SOON },
    who: 'endpoint',
    gauges: UP,
    counters: ['tcp.idle_timeout', 'cluster.upstream_cx_destroy_local'],
  },
};

const NAMES = Object.keys(CASES);
const idOf = (name: string): string => `v${NAMES.indexOf(name)}`;

function filter(id: string, { tcp, manager, route }: Case): JsonMap {
  if (tcp !== undefined) {
    return {
      name: 'tcp',
      typed_config: typed(`${NETWORK_FILTER}.tcp_proxy.v3.TcpProxy`, {
        stat_prefix: id,
        cluster: id,
        ...tcp,
      }),
    };
  }
  return {
    name: 'http',
    typed_config: typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
      stat_prefix: id,
      route_config: {
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: id, timeout: '0s', ...route } }],
          },
        ],
      },
      http_filters: [ROUTER],
      ...manager,
    }),
  };
}

async function start(kind: EngineKind): Promise<Side> {
  const ports = await freePorts(NAMES.length);
  const endpoints = new Map<string, number>();
  for (const name of NAMES) {
    const server: Server =
      CASES[name]?.endpoint === 'http2'
        ? createHttp2Server((request) => request.on('error', () => undefined))
        : http1Endpoint();
    // Proxies that are stopped reset what is open.
    server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
    server.on('sessionError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoints.set(name, (server.address() as AddressInfo).port);
  }
  const listeners = NAMES.map((name, index) => ({
    name: idOf(name),
    address: socketAddress(ports[index] ?? 0),
    filter_chains: [{ filters: [filter(idOf(name), CASES[name] as Case)] }],
  }));
  const clusters = NAMES.map((name) => cluster(idOf(name), [endpoints.get(name) ?? 0], CASES[name]?.cluster));
  const engine = await Engine.start(kind, program, { static_resources: { listeners, clusters } });
  return { engine, listeners: new Map(NAMES.map((name, index) => [name, ports[index] ?? 0])), endpoints };
}

/** What the client was told, and what was counted, once nothing is open any more. */
async function outcome({ engine, listeners, endpoints }: Side, name: string, one: Case): Promise<JsonMap> {
  const id = idOf(name);
  const endpoint = endpoints.get(name) ?? 0;
  if (one.who === 'endpoint at once') await vanish(endpoint);
  const listener = listeners.get(name) ?? 0;
  const socket: Socket = connect(listener, '127.0.0.1');
  await once(socket, 'connect');
  const own = socket.localPort ?? 0;
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += text.length > 10_000 ? '' : chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(`GET ${one.path ?? '/'} HTTP/1.1\r\nhost: a\r\n\r\n`);
  const stat = async (short: string): Promise<number> => {
    const [, scope = '', rest = ''] = /^(\w+)\.(.*)$/.exec(short) ?? [];
    return (await engine.stats()).get(`${scope}.${id}.${rest}`) ?? 0;
  };
  if (one.who !== 'endpoint at once') {
    // It is in the middle of it: the request has got there, or the answer has begun.
    await (one.path === '/wait'
      ? eventually(
          () => stat('cluster.upstream_rq_active'),
          (active) => active === 1,
        )
      : eventually(
          () => text.length > 0,
          (hasBegun) => hasBegun,
        ));
    await (one.who === 'client' ? vanish(own, listener) : vanish(endpoint));
    if (one.path === '/long') socket.pause();
  }
  for (const gauge of one.gauges)
    await eventually(
      () => stat(gauge),
      (value) => value === 0,
    );
  if (one.who === 'endpoint at once' || one.path === '/wait') {
    await eventually(
      () => text.length > 0,
      (isThere) => isThere,
    );
  }
  const counted: Record<string, number> = {};
  for (const counter of one.counters) counted[counter] = await stat(counter);
  socket.destroy();
  const [, body = ''] = text.split('\r\n\r\n');
  return one.who === 'client'
    ? { counted }
    : { counted, status: /^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? '', body };
}

const sides = [await start('envoy'), await start('builtin')];
try {
  const rows = await Promise.all(
    NAMES.map(async (name) => [
      name,
      await Promise.all(sides.map((side) => outcome(side, name, CASES[name] as Case))),
    ]),
  );
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} finally {
  for (const { engine } of sides) await engine.stop();
}
process.exit(0);
