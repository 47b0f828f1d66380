/** When a proxy ends connections of HTTP/1.1 by itself, and what clients hear of it: the same on Envoy and the builtin engine. */

import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { type JsonMap, listenerAt, managerTo } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const KINDS: readonly EngineKind[] = ['envoy', 'builtin'];
/** Longer than any test. */
const NEVER = '600s';
const SOON = '0.3s';

const OLD = { common_http_protocol_options: { max_connection_duration: SOON } };
const IDLE = { common_http_protocol_options: { idle_timeout: SOON } };

/** Settings of connection managers by the names of their listeners. */
const MANAGERS = {
  'old, and long to drain': { ...OLD, drain_timeout: NEVER },
  'old, and soon drained': { ...OLD, drain_timeout: SOON },
  'idle, and long to drain': { ...IDLE, drain_timeout: NEVER },
  'once idle, and long to drain': { ...IDLE, drain_timeout: NEVER },
  'idle, and soon drained': { ...IDLE, drain_timeout: SOON },
  'old while it is answered': { ...OLD, drain_timeout: SOON },
  'two requests': {
    common_http_protocol_options: { max_requests_per_connection: 2 },
    drain_timeout: NEVER,
    delayed_close_timeout: NEVER,
  },
} as const satisfies Readonly<Record<string, JsonMap>>;

type ListenerName = keyof typeof MANAGERS;

/** A client that asks whenever it is told to, and never ends by itself. */
class Caller {
  readonly #socket: Socket;
  #text = '';
  ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => (this.#text += chunk.toString('latin1')));
    socket.on('end', () => (this.ended = true));
    socket.on('error', () => (this.ended = true));
  }

  /** Resolves with the value of `connection`, or `cut`. */
  async ask(path = '/'): Promise<string> {
    this.#text = '';
    this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await eventually(
      async () => this.ended || this.#text.endsWith('answer'),
      (isDone) => isDone,
    );
    if (!this.#text.startsWith('HTTP/1.1 200 OK')) return 'cut';
    return /^connection: (.*)\r$/m.exec(this.#text)?.[1] ?? 'stays';
  }

  async hasEnded(): Promise<string> {
    await eventually(
      async () => this.ended,
      (isEnded) => isEnded,
    );
    return 'ended';
  }
}

interface World {
  readonly engine: Engine;
  dial(listener: ListenerName): Promise<Caller>;
  /** How often that was done. */
  dialed(listener: ListenerName): number;
  /** Answers to `/wait` that somebody waits for. */
  readonly waiting: (() => void)[];
  counter(listener: ListenerName, name: string): Promise<number>;
}

type Scenario = (world: World) => Promise<readonly string[]>;

function prefix(listener: ListenerName): string {
  return listener.replaceAll(/\W+/g, '_');
}

/** A connection on which a request was answered: on a busy machine its time may be over before, and then it is another. */
async function answered({ dial }: World, listener: ListenerName): Promise<Caller> {
  const caller = await eventually(
    async () => {
      const one = await dial(listener);
      return (await one.ask()) === 'cut' ? undefined : one;
    },
    (one) => one !== undefined,
  );
  if (caller === undefined) throw new Error('no connection');
  return caller;
}

/** Each connection that was dialed has come to that point, which it does once. */
async function allAre(world: World, listener: ListenerName, counter: string): Promise<void> {
  await eventually(
    () => world.counter(listener, counter),
    (count) => count === world.dialed(listener),
  );
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'who never says anything is old, and is gone at once': async ({ dial }) => [
    await (await dial('old, and long to drain')).hasEnded(),
  ],
  'who never says anything is idle, and is gone at once': async ({ dial }) => [
    await (await dial('idle, and long to drain')).hasEnded(),
  ],
  'who is old is told so, and goes on to be answered while it drains': async (world) => {
    const caller = await answered(world, 'old, and long to drain');
    const told = await eventually(
      () => caller.ask(),
      (connection) => connection !== 'stays',
    );
    return [told, await caller.ask(), await caller.ask()];
  },
  'who was idle is told so, and goes on to be answered while it drains': async (world) => {
    const caller = await answered(world, 'once idle, and long to drain');
    await allAre(world, 'once idle, and long to drain', 'downstream_cx_idle_timeout');
    return [await caller.ask(), await caller.ask()];
  },
  'who is old and asks nothing is gone when it is drained': async (world) => [
    await (await answered(world, 'old, and soon drained')).hasEnded(),
  ],
  'who is idle is gone when it is drained': async (world) => [
    await (await answered(world, 'idle, and soon drained')).hasEnded(),
  ],
  'whoever is being answered gets the whole answer, and is gone then': async (world) => {
    const name = 'old while it is answered';
    const { caller, answer } = await eventually(
      async () => {
        const one = await world.dial(name);
        const wait = one.ask('/wait');
        await eventually(
          async () => one.ended || world.waiting.length > 0,
          (isThere) => isThere,
        );
        return { caller: one, answer: wait };
      },
      () => world.waiting.length > 0,
    );
    await allAre(world, name, 'downstream_cx_max_duration_reached');
    for (const go of world.waiting.splice(0)) go();
    return [await answer, await caller.hasEnded()];
  },
  'the last of so many requests ends the connection, at once': async ({ dial }) => {
    const caller = await dial('two requests');
    return [await caller.ask(), await caller.ask(), await caller.hasEnded()];
  },
};

describeOnRealEnvoy('connections that the proxy ends', (program) => {
  const worlds: World[] = [];
  const sockets: Socket[] = [];
  const backends: Server[] = [];

  beforeAll(async () => {
    for (const kind of KINDS) {
      const waiting: (() => void)[] = [];
      const backend = createServer((request, response) => {
        if (request.url === '/wait') waiting.push(() => response.end('answer'));
        else response.end('answer');
      }).listen(0, '127.0.0.1');
      backends.push(backend);
      backend.keepAliveTimeout = 600_000;
      await once(backend, 'listening');
      const dialed = new Map<ListenerName, number>();
      const names = Object.keys(MANAGERS) as ListenerName[];
      const ports = await freePorts(names.length);
      const port = (name: ListenerName): number => ports[names.indexOf(name)] ?? 0;
      const engine = await Engine.start(
        kind,
        program,
        bootstrap(names, port, (backend.address() as AddressInfo).port),
      );
      worlds.push({
        engine,
        dial: async (name) => {
          dialed.set(name, (dialed.get(name) ?? 0) + 1);
          const socket = connect({ port: port(name), host: '127.0.0.1', allowHalfOpen: true });
          sockets.push(socket);
          await once(socket, 'connect');
          return new Caller(socket);
        },
        dialed: (name) => dialed.get(name) ?? 0,
        waiting,
        counter: async (name, counter) => (await engine.stats()).get(`http.${prefix(name)}.${counter}`) ?? 0,
      });
    }
  }, 120_000);

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    for (const { engine } of worlds) await engine.stop();
    for (const backend of backends) {
      backend.closeAllConnections();
      backend.close();
    }
  });

  test.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    const [envoy, builtin] = await Promise.all(worlds.map(scenario));
    expect(builtin).toEqual(envoy);
    expect(builtin).not.toContain('cut');
  });

  test('draining listeners alone are counted as such', async () => {
    for (const { counter } of worlds) {
      expect(await counter('old, and long to drain', 'downstream_cx_drain_close')).toBe(0);
    }
  });
});

function bootstrap(
  names: readonly ListenerName[],
  port: (name: ListenerName) => number,
  endpoint: number,
): JsonMap {
  const listeners = names.map((name) =>
    listenerAt(
      port(name),
      name,
      managerTo('endpoint', prefix(name), { delayed_close_timeout: SOON, ...MANAGERS[name] }),
    ),
  );
  return { static_resources: { listeners, clusters: [cluster('endpoint', [endpoint], {})] } };
}
