/** What is counted of connections, their ends and their lengths: the same on a real Envoy and on the builtin engine. */

import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, eventually } from '../peers/run-envoy.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import type { JsonMap } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

interface Ports {
  readonly http: number;
  readonly tcp: number;
  readonly nobody: number;
}

/** How a client's connection goes; resolves when the client has seen what it waits for. */
interface Visit {
  readonly visit: (ports: Ports) => Promise<void>;
  /** How much each statistic grows; those that are not named do not. */
  readonly grows: Readonly<Record<string, number>>;
}

const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;

/** One connection of a client has ended. */
const DOWNSTREAM = {
  'http.in.downstream_cx_destroy': 1,
  'http.in.downstream_cx_length_ms': 1,
};
const LEFT = { ...DOWNSTREAM, 'http.in.downstream_cx_destroy_remote': 1 };
const LEFT_EARLY = {
  ...LEFT,
  'http.in.downstream_cx_destroy_active_rq': 1,
  'http.in.downstream_cx_destroy_remote_active_rq': 1,
};
const SENT_AWAY = { ...DOWNSTREAM, 'http.in.downstream_cx_destroy_local': 1 };

/** One connection to an endpoint has ended. */
function upstream(
  cluster: string,
  by: 'local' | 'remote',
  how: 'idle' | 'active' | 'failed',
): Readonly<Record<string, number>> {
  const prefix = `cluster.${cluster}.upstream_`;
  return {
    [`${prefix}cx_destroy`]: 1,
    [`${prefix}cx_destroy_${by}`]: 1,
    [`${prefix}cx_length_ms`]: 1,
    ...(how !== 'failed' && cluster.startsWith('http') ? { [`${prefix}rq_per_cx`]: 1 } : {}),
    ...(how === 'active'
      ? { [`${prefix}cx_destroy_with_active_rq`]: 1, [`${prefix}cx_destroy_${by}_with_active_rq`]: 1 }
      : {}),
    ...(how === 'failed' ? { [`${prefix}rq_pending_failure_eject`]: 1 } : {}),
  };
}

const VISITS: Readonly<Record<string, Visit>> = {
  'two requests on one connection, then the client leaves': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/'), 'hello');
      await client.asks(request('/'), 'hello');
      await client.leave();
    },
    grows: { ...LEFT, 'cluster.http.upstream_cx_connect_ms': 1 },
  },
  'the client wants its connection closed': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/', 'connection: close\r\n'), 'hello');
      await client.gone();
    },
    grows: SENT_AWAY,
  },
  'the client leaves without an answer': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.reaches(request('/silent'));
      client.socket.destroy();
    },
    grows: { ...LEFT_EARLY, ...upstream('http', 'local', 'active') },
  },
  'the server leaves without an answer': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/drop'), '503');
      await client.leave();
    },
    grows: {
      ...LEFT,
      ...upstream('http', 'remote', 'active'),
      'cluster.http.upstream_cx_connect_ms': 1,
    },
  },
  'the server resets without an answer': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/reset'), '503');
      await client.leave();
    },
    grows: {
      ...LEFT,
      ...upstream('http', 'remote', 'active'),
      'cluster.http.upstream_cx_connect_ms': 1,
    },
  },
  'the server wants its connection closed': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/close'), 'bye');
      await client.leave();
    },
    grows: {
      ...LEFT,
      ...upstream('http', 'local', 'idle'),
      'cluster.http.upstream_cx_connect_ms': 1,
      'cluster.http.upstream_cx_close_notify': 1,
    },
  },
  'the server leaves after its answer': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/then-leave'), 'hello');
      await client.leave();
    },
    grows: { ...LEFT, ...upstream('http', 'remote', 'idle'), 'cluster.http.upstream_cx_connect_ms': 1 },
  },
  'nobody is at the endpoint of HTTP': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/nobody'), '503');
      await client.leave();
    },
    grows: { ...LEFT, ...upstream('dead-http', 'remote', 'failed') },
  },
  'a client of HTTP/2 leaves without an answer': {
    visit: async ({ http }) => {
      const before = silent;
      const session = connectHttp2(`http://127.0.0.1:${http}`).on('error', () => undefined);
      session.request({ ':path': '/silent' }).on('error', () => undefined);
      await eventually(
        () => silent,
        (now) => now > before,
      );
      session.destroy();
    },
    grows: {
      ...LEFT_EARLY,
      ...upstream('http', 'local', 'active'),
      'cluster.http.upstream_cx_connect_ms': 1,
    },
  },
  'a server of HTTP/2 leaves without an answer': {
    visit: async ({ http }) => {
      const client = await Client.dial(http);
      await client.asks(request('/http2/drop'), '503');
      await client.leave();
    },
    grows: {
      ...LEFT,
      ...upstream('http2', 'remote', 'active'),
      'cluster.http2.upstream_rq_pending_failure_eject': 1,
      'cluster.http2.upstream_cx_connect_ms': 1,
      // Node.js says GOAWAY first.
      'cluster.http2.upstream_cx_close_notify': 1,
    },
  },
  'a TCP client leaves': {
    visit: async ({ tcp }) => {
      const client = await Client.dial(tcp);
      await client.asks(request('/'), 'hello');
      await client.leave();
    },
    grows: { ...upstream('tcp', 'remote', 'active'), 'cluster.tcp.upstream_cx_connect_ms': 1 },
  },
  'a TCP client resets': {
    visit: async ({ tcp }) => {
      const client = await Client.dial(tcp);
      await client.asks(request('/'), 'hello');
      client.socket.resetAndDestroy();
    },
    grows: { ...upstream('tcp', 'local', 'active'), 'cluster.tcp.upstream_cx_connect_ms': 1 },
  },
  'a TCP server leaves': {
    visit: async ({ tcp }) => {
      const client = await Client.dial(tcp);
      client.socket.write(request('/drop'));
      await client.gone();
    },
    grows: { ...upstream('tcp', 'local', 'active'), 'cluster.tcp.upstream_cx_connect_ms': 1 },
  },
  'a TCP server resets': {
    visit: async ({ tcp }) => {
      const client = await Client.dial(tcp);
      client.socket.write(request('/reset'));
      await client.gone();
    },
    grows: { ...upstream('tcp', 'remote', 'active'), 'cluster.tcp.upstream_cx_connect_ms': 1 },
  },
  'nobody is at the endpoint of TCP': {
    visit: async ({ nobody }) => {
      const client = await Client.dial(nobody);
      await client.gone();
    },
    grows: upstream('dead-tcp', 'remote', 'failed'),
  },
};

/** Requests that the server has got and left without an answer. */
let silent = 0;

class Client {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => (this.#text += text));
    socket.on('error', () => undefined);
  }

  static async dial(port: number): Promise<Client> {
    const client = new Client(connect(port, '127.0.0.1'));
    await once(client.socket, 'connect');
    return client;
  }

  /** Waits for an answer in which `wanted` stands. */
  async asks(text: string, wanted: string): Promise<void> {
    this.#text = '';
    this.socket.write(text);
    await eventually(
      () => this.#text,
      (seen) => seen.includes(wanted),
    );
  }

  /** Waits until the server has the request. */
  async reaches(text: string): Promise<void> {
    const before = silent;
    this.socket.write(text);
    await eventually(
      () => silent,
      (now) => now > before,
    );
  }

  async gone(): Promise<void> {
    await eventually(
      () => this.socket.destroyed,
      (isGone) => isGone,
    );
  }

  async leave(): Promise<void> {
    this.socket.end();
    await this.gone();
  }
}

const answer = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

function serve(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (text: string) => {
    switch (/^GET (\S+)/.exec(text)?.[1]) {
      case '/':
        socket.write(answer('hello'));
        break;
      case '/close':
        socket.write(answer('bye', 'connection: close\r\n'));
        break;
      case '/then-leave':
        socket.end(answer('hello'));
        break;
      case '/large':
        socket.write(answer('x'.repeat(16 << 20)));
        break;
      case '/silent':
        silent++;
        break;
      case '/reset':
        socket.resetAndDestroy();
        break;
      default:
        socket.destroy();
    }
  });
}

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const HTTP2: JsonMap = {
  [OPTIONS]: {
    '@type': `type.googleapis.com/${OPTIONS}`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** The counters that are compared, and of histograms how many values they have. */
async function connectionStats(engine: Engine): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const [name, value] of await engine.stats()) if (COMPARED.test(name)) found.set(name, value);
  const { text } = await ask(engine.adminPort, '/stats/prometheus');
  for (const [, group, name, owner, count] of text.matchAll(LENGTHS)) {
    found.set(`${group}.${owner}.${name}`, Number(count));
  }
  return found;
}

const COMPARED =
  /^(cluster\.[^.]+|http\.in|tcp\.[^.]+)\.(upstream|downstream)_(cx_destroy\w*|cx_close_notify|cx_[rt]x_bytes_buffered|rq_pending_failure_eject|rq_tx_reset)$/;
const LENGTHS =
  /^envoy_(cluster|http)_(\w+_(?:cx_(?:length|connect)_ms|rq_per_cx))_count\{envoy_(?:cluster_name|http_conn_manager_prefix)="(?!admin")([^"]+)"\} (\d+)$/gm;

/** What is larger in the second, and by how much. */
function growth(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...after]
      .map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
      // What Envoy read last goes on being shown as waiting.
      .filter(([name, more]) => more !== 0 && !name.endsWith('_bytes_buffered')),
  );
}

describeOnRealEnvoy('statistics of connections', (program) => {
  const servers: Server[] = [];
  const engines = new Map<EngineKind, { readonly engine: Engine; readonly ports: Ports }>();

  beforeAll(async () => {
    const http2 = createHttp2Server()
      .on('stream', (stream) => stream.on('error', () => undefined).session?.destroy())
      .on('sessionError', () => undefined);
    servers.push(createServer(serve), http2);
    const alive: number[] = [];
    for (const server of servers) {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      alive.push((server.address() as AddressInfo).port);
    }
    const [dead = 0] = await freePorts(1);
    for (const kind of ['envoy', 'builtin'] as const) {
      const [http = 0, tcp = 0, nobody = 0] = await freePorts(3);
      const ports = { http, tcp, nobody };
      const config = bootstrap(ports, alive[0] ?? 0, alive[1] ?? 0, dead);
      engines.set(kind, { engine: await Engine.start(kind, program, config), ports });
    }
  }, 90_000);

  afterAll(async () => {
    for (const { engine } of engines.values()) await engine.stop();
    for (const server of servers) server.close();
  });

  test.each(Object.entries(VISITS))('%s', async (_, { visit, grows }) => {
    for (const [kind, { engine, ports }] of engines) {
      const before = await connectionStats(engine);
      await visit(ports);
      await expect
        .poll(async () => growth(before, await connectionStats(engine)), { timeout: 20_000, message: kind })
        .toEqual(grows);
    }
  });

  test('connections carried as many requests', async () => {
    const sums: ReadonlyMap<string, number>[] = [];
    for (const { engine } of engines.values()) {
      const { text } = await ask(engine.adminPort, '/stats/prometheus');
      const found = text.matchAll(
        /^envoy_cluster_upstream_rq_per_cx_sum\{envoy_cluster_name="(.*)"\} (.*)$/gm,
      );
      sums.push(new Map([...found].map(([, cluster = '', sum]) => [cluster, Number(sum)])));
    }
    expect(sums[0]?.get('http')).toBeGreaterThan(0);
    expect(sums[1]).toEqual(sums[0]);
  });

  test('what a client does not read is told as waiting, until it does', async () => {
    for (const [kind, { engine, ports }] of engines) {
      const waiting = async () => (await engine.stats()).get('http.in.downstream_cx_tx_bytes_buffered') ?? -1;
      const client = await Client.dial(ports.http);
      client.socket.pause();
      client.socket.write(request('/large'));
      await expect.poll(waiting, { timeout: 20_000, message: kind }).toBeGreaterThan(0);
      client.socket.resume();
      await expect.poll(waiting, { timeout: 20_000, message: kind }).toBe(0);
      client.socket.destroy();
    }
  });

  test('both have the same names', async () => {
    const names: (readonly string[])[] = [];
    for (const { engine } of engines.values()) names.push([...(await connectionStats(engine)).keys()].sort());
    expect(names[1]).toEqual(names[0]);
  });
});

function bootstrap({ http, tcp, nobody }: Ports, alive: number, aliveHttp2: number, dead: number): JsonMap {
  const at = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const type = 'type.googleapis.com/envoy.extensions.filters';
  const listener = (name: string, port: number, config: JsonMap): JsonMap => ({
    name,
    address: at(port),
    filter_chains: [{ filters: [{ name, typed_config: config }] }],
  });
  const tcpProxy = (cluster: string): JsonMap => ({
    '@type': `${type}.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: cluster,
    cluster,
  });
  const to = (name: string, port: number): JsonMap => ({
    name,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: at(port) } }] }],
    },
  });
  return {
    // Envoy shows what its histograms have got with each flush.
    stats_flush_interval: '0.1s',
    static_resources: {
      listeners: [
        listener('http', http, {
          '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
          stat_prefix: 'in',
          route_config: {
            name: 'inline',
            virtual_hosts: [
              {
                name: 'all',
                domains: ['*'],
                routes: [
                  { match: { prefix: '/http2' }, route: { cluster: 'http2' } },
                  { match: { prefix: '/nobody' }, route: { cluster: 'dead-http' } },
                  { match: { prefix: '/' }, route: { cluster: 'http' } },
                ],
              },
            ],
          },
          http_filters: [{ name: 'router', typed_config: { '@type': `${type}.http.router.v3.Router` } }],
        }),
        listener('tcp', tcp, tcpProxy('tcp')),
        listener('nobody', nobody, tcpProxy('dead-tcp')),
      ],
      clusters: [
        to('http', alive),
        { ...to('http2', aliveHttp2), typed_extension_protocol_options: HTTP2 },
        to('tcp', alive),
        to('dead-http', dead),
        to('dead-tcp', dead),
      ],
    },
  };
}
