/** How connections end through the TCP proxy: the same on a real Envoy and on the builtin engine. */

import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import type { JsonMap } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

/** What one side saw: how many bytes, and how the other's bytes ended. */
interface Seen {
  readonly bytes: number;
  readonly ending: 'end' | 'reset' | 'open';
}

class Side {
  readonly socket: Socket;
  bytes = 0;
  ending: Seen['ending'] = 'open';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.bytes += chunk.length));
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'end';
    });
    socket.on('error', () => (this.ending = 'reset'));
  }

  get seen(): Seen {
    return { bytes: this.bytes, ending: this.ending };
  }

  /** Waits until it has seen the other's end. */
  async ended(): Promise<void> {
    await expect.poll(() => this.ending, { timeout: 20_000 }).not.toBe('open');
  }

  async has(bytes: number): Promise<void> {
    await expect.poll(() => this.bytes, { timeout: 20_000 }).toBe(bytes);
  }
}

type Scenario = (client: Side, backend: Side) => Promise<readonly Seen[]>;

/** How a connection to the endpoint may come to nothing. */
const FAILURES: Readonly<Record<string, (backend: Socket) => void>> = {
  'resets the connection': (backend) => backend.resetAndDestroy(),
  'ends the connection': (backend) => backend.end(),
  'says nothing until the time for connecting is over': () => undefined,
};

const MIB = Buffer.alloc(1 << 20, 1);

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'the backend ends, the client goes on': async (client, backend) => {
    backend.socket.end('good bye');
    await client.ended();
    client.socket.end('still here');
    await backend.ended();
    return [client.seen, backend.seen];
  },
  'the client ends, the backend goes on': async (client, backend) => {
    client.socket.end('question');
    await backend.ended();
    backend.socket.end('answer');
    await client.ended();
    return [client.seen, backend.seen];
  },
  'the backend resets': async (client, backend) => {
    backend.socket.resetAndDestroy();
    await client.ended();
    return [client.seen];
  },
  'the client resets': async (client, backend) => {
    client.socket.resetAndDestroy();
    await backend.ended();
    return [backend.seen];
  },
  'the backend resets after data that the client has': async (client, backend) => {
    backend.socket.write('something');
    await client.has(9);
    backend.socket.resetAndDestroy();
    await client.ended();
    return [client.seen];
  },
  'all that the backend sent before its end arrives, however slowly it is read': async (client, backend) => {
    client.socket.pause();
    for (let count = 0; count < 16; count++) backend.socket.write(MIB);
    backend.socket.end();
    client.socket.resume();
    await client.ended();
    client.socket.end();
    return [client.seen];
  },
  'all that the client sent before its end arrives': async (client, backend) => {
    backend.socket.pause();
    for (let count = 0; count < 16; count++) client.socket.write(MIB);
    client.socket.end();
    backend.socket.resume();
    await backend.ended();
    return [backend.seen];
  },
  'the client is gone while it is sent to': async (client, backend) => {
    client.socket.pause();
    for (let count = 0; count < 16; count++) backend.socket.write(MIB);
    client.socket.resetAndDestroy();
    await backend.ended();
    return [{ bytes: 0, ending: backend.ending }];
  },
};

describeOnRealEnvoy('ends of connections through the TCP proxy', (program) => {
  const backends: Server[] = [];
  const accepted: Socket[] = [];
  const sockets: Socket[] = [];
  const engines = new Map<
    EngineKind,
    { readonly engine: Engine; readonly port: number; readonly refused: number; readonly secured: number }
  >();

  beforeAll(async () => {
    const backend = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      accepted.push(socket);
    });
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    backends.push(backend);
    const { port: alive } = backend.address() as AddressInfo;
    const [dead = 0] = await freePorts(1);
    for (const kind of ['envoy', 'builtin'] as const) {
      const [port = 0, refused = 0, secured = 0] = await freePorts(3);
      const engine = await Engine.start(
        kind,
        program,
        bootstrap([
          [port, alive],
          [refused, dead],
          [secured, alive, TLS],
        ]),
      );
      engines.set(kind, { engine, port, refused, secured });
    }
  }, 90_000);

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    for (const { engine } of engines.values()) await engine.stop();
    for (const server of backends) server.close();
  });

  async function connected(port: number, said = ''): Promise<readonly [client: Side, backend: Socket]> {
    const client = dial(port);
    if (said !== '') await new Promise((written) => client.socket.write(said, written));
    await expect.poll(() => accepted.length, { timeout: 20_000 }).toBe(1);
    const [socket] = accepted.splice(0);
    if (socket === undefined) throw new Error('nobody was connected to');
    return [client, socket];
  }

  async function run(kind: EngineKind, scenario: Scenario): Promise<readonly Seen[]> {
    const [client, socket] = await connected(engines.get(kind)?.port ?? 0);
    return scenario(client, new Side(socket));
  }

  function dial(port: number): Side {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    return new Side(socket);
  }

  test.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    const envoy = await run('envoy', scenario);
    expect(await run('builtin', scenario)).toEqual(envoy);
  });

  test('nobody is at the endpoint', async () => {
    const seen: Seen[] = [];
    for (const { refused } of engines.values()) {
      const client = dial(refused);
      await client.ended();
      seen.push(client.seen);
    }
    expect(seen[1]).toEqual(seen[0]);
  });

  // An endpoint of TLS is connected to for as long as it does not shake hands.
  describe.each(Object.entries(FAILURES))('an endpoint that %s', (_, fail) => {
    test.each([
      ['', 'end'],
      ['a question', 'reset'],
    ] as const)('while the client has said "%s"', async (said, ending) => {
      const seen: Seen[] = [];
      for (const { secured } of engines.values()) {
        const [client, backend] = await connected(secured, said);
        backend.on('error', () => undefined);
        // What it greets with is read, so that its end is what the proxy sees next.
        backend.once('data', () => fail(backend));
        await client.ended();
        seen.push(client.seen);
      }
      expect(seen).toEqual([
        { bytes: 0, ending },
        { bytes: 0, ending },
      ]);
    });
  });
});

const TLS = {
  connect_timeout: '0.5s',
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    },
  },
};

function bootstrap(rows: readonly (readonly [port: number, to: number, more?: JsonMap])[]): JsonMap {
  const at = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const type = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  return {
    static_resources: {
      listeners: rows.map(([port], index) => ({
        name: `l${index}`,
        address: at(port),
        filter_chains: [
          {
            filters: [
              { name: 'tcp', typed_config: { '@type': type, stat_prefix: 't', cluster: `c${index}` } },
            ],
          },
        ],
      })),
      clusters: rows.map(([, to, more], index) => ({
        name: `c${index}`,
        ...more,
        load_assignment: {
          cluster_name: `c${index}`,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: at(to) } }] }],
        },
      })),
    },
  };
}
