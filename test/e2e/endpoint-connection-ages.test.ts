/** When a proxy ends connections to endpoints by itself, over both versions of HTTP: the same on Envoy and the builtin engine. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { eventually } from '../peers/run-envoy.ts';
import { send } from './differential/client.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { type JsonMap, NETWORK_FILTER, ROUTER, httpOptions, listenerAt, typed } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const KINDS: readonly EngineKind[] = ['envoy', 'builtin'];
const SOON = '0.3s';

/** What ends the connection, and the counter that says so. */
const LIMITS = {
  idle: { counter: 'upstream_cx_idle_timeout', options: { idle_timeout: SOON } },
  old: { counter: 'upstream_cx_max_duration_reached', options: { max_connection_duration: SOON } },
  used: { counter: 'upstream_cx_max_requests', options: { max_requests_per_connection: 2 } },
} as const;
const PROTOCOLS = ['http1', 'http2'] as const;

type LimitName = keyof typeof LIMITS;
type Protocol = (typeof PROTOCOLS)[number];

const NAMES = Object.keys(LIMITS) as readonly LimitName[];
const CASES = NAMES.flatMap((limit) => PROTOCOLS.map((protocol) => ({ limit, protocol })));

/** Counts what is dialed, and answers `/wait` when it is told to. */
class Endpoint {
  readonly server: Server;
  readonly waiting: (() => void)[] = [];
  readonly #open = new Set<Socket>();
  dialed = 0;

  constructor(protocol: Protocol) {
    const answer = (url: string | undefined, end: () => void): void => {
      if (url === '/wait') this.waiting.push(end);
      else end();
    };
    this.server =
      protocol === 'http1'
        ? createServer({ keepAliveTimeout: 600_000 }, (request, response) =>
            answer(request.url, () => response.end('answer')),
          )
        : createHttp2Server((request, response) => answer(request.url, () => response.end('answer')));
    this.server.on('connection', (socket: Socket) => {
      this.dialed++;
      this.#open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#open.delete(socket));
    });
  }

  get open(): number {
    return this.#open.size;
  }

  stop(): void {
    for (const socket of this.#open) socket.destroy();
    this.server.close();
  }
}

interface World {
  readonly engine: Engine;
  ask(name: string, path: string): Promise<string>;
  endpoint(name: string): Endpoint;
}

const nameOf = (limit: LimitName, protocol: Protocol): string => `${limit}_${protocol}`;

describeOnRealEnvoy('connections to endpoints that the proxy ends', (program) => {
  const worlds: World[] = [];
  const endpoints: Endpoint[] = [];

  beforeAll(async () => {
    for (const kind of KINDS) {
      const [port = 0] = await freePorts(1);
      const own = new Map<string, Endpoint>();
      for (const { limit, protocol } of CASES) {
        const endpoint = new Endpoint(protocol);
        endpoints.push(endpoint);
        endpoint.server.listen(0, '127.0.0.1');
        await once(endpoint.server, 'listening');
        own.set(nameOf(limit, protocol), endpoint);
      }
      worlds.push({
        engine: await Engine.start(kind, program, bootstrap(port, own)),
        ask: async (name, path) => (await send(port, { host: `${name}.example`, path })).body,
        endpoint: (name) => own.get(name) as Endpoint,
      });
    }
  }, 120_000);

  afterAll(async () => {
    for (const { engine } of worlds) await engine.stop();
    for (const endpoint of endpoints) endpoint.stop();
  });

  test.each(CASES)('$limit over $protocol', async ({ limit, protocol }) => {
    const name = nameOf(limit, protocol);
    const outcomes = await Promise.all(
      worlds.map(async ({ engine, ask, endpoint: endpointOf }) => {
        const endpoint = endpointOf(name);
        const counter = async (): Promise<number> =>
          (await engine.stats()).get(`cluster.${name}.${LIMITS[limit].counter}`) ?? 0;
        const isOver = async (times: number): Promise<void> => {
          await eventually(counter, (count) => count === times);
          await eventually(
            async () => endpoint.open,
            (open) => open === 0,
          );
        };
        const answers = [await ask(name, '/'), await ask(name, '/')];
        const dialed = [endpoint.dialed];
        await isOver(1);
        // A request that takes longer than the limit is answered all the same.
        const slow = ask(name, '/wait');
        await eventually(
          async () => endpoint.waiting.length,
          (waiting) => waiting === 1,
        );
        if (limit === 'old') await eventually(counter, (count) => count === 2);
        endpoint.waiting.splice(0).forEach((go) => go());
        answers.push(await slow);
        if (limit === 'used') answers.push(await ask(name, '/'));
        dialed.push(endpoint.dialed);
        await isOver(2);
        const stats = await engine.stats();
        return {
          answers,
          dialed,
          counters: ['upstream_cx_total', 'upstream_cx_destroy', 'upstream_rq_200', 'upstream_cx_active'].map(
            (one) => [one, stats.get(`cluster.${name}.${one}`)],
          ),
        };
      }),
    );
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[1]?.dialed).toEqual([1, 2]);
    expect(outcomes[1]?.answers.every((answer) => answer === 'answer')).toBe(true);
  });
});

function bootstrap(port: number, endpoints: ReadonlyMap<string, Endpoint>): JsonMap {
  const hosts = CASES.map(({ limit, protocol }) => {
    const name = nameOf(limit, protocol);
    const route = { match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } };
    return { name, domains: [`${name}.example`], routes: [route] };
  });
  const clusters = CASES.map(({ limit, protocol }) => {
    const name = nameOf(limit, protocol);
    const address = endpoints.get(name)?.server.address() as AddressInfo;
    const explicit: JsonMap =
      protocol === 'http1' ? { http_protocol_options: {} } : { http2_protocol_options: {} };
    return cluster(
      name,
      [address.port],
      httpOptions(explicit, { common_http_protocol_options: LIMITS[limit].options }),
    );
  });
  const manager = typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
    stat_prefix: 'all',
    route_config: { virtual_hosts: hosts },
    http_filters: [ROUTER],
  });
  const listeners = [listenerAt(port, 'all', { name: 'http', typed_config: manager })];
  return { static_resources: { listeners, clusters } };
}
