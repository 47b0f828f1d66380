/** Addresses of listeners that can be had and cannot: the same on a real Envoy and on the builtin engine. */

import { once } from 'node:events';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';
import type { JsonValue } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LISTENER_TYPE } from '../../src/proxy/xds-client/resource-types.ts';
import { ListenerSchema } from '../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { messageFromJson } from '../../src/xds/proto/registry.ts';
import { eventually } from '../peers/run-envoy.ts';
import { ControlPlane, type StateControllerStream } from '../proxy/xds-client/control-plane.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { type JsonMap, socketAddress } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const KINDS: readonly EngineKind[] = ['envoy', 'builtin'];
const HTTP2 = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Each engine has ports of its own. */
type Ports = Readonly<Record<'a' | 'b' | 'beside' | 'taken', number>>;

interface Wanted {
  readonly name: string;
  readonly port: keyof Ports;
  readonly ip?: string;
  readonly says: string;
  readonly more?: JsonMap;
}

interface Step {
  readonly title: string;
  readonly listeners: readonly Wanted[];
  /** Who is asked afterwards, and what must be said; `refused` where nobody listens. */
  readonly answers: readonly (readonly [ip: string, port: keyof Ports, answer: string])[];
  /** Whether a part of it is refused. */
  readonly refused: boolean;
}

const A: Wanted = { name: 'a', port: 'a', says: 'first' };
const OWN = '127.0.0.1';
const NOT_OURS = '192.0.2.1';

const STEPS: readonly Step[] = [
  {
    title: 'one that can be had, one that another has for itself, one that is not of this machine',
    listeners: [
      A,
      { name: 'taken', port: 'taken', says: 'never' },
      { name: 'away', port: 'b', ip: NOT_OURS, says: 'never' },
    ],
    answers: [
      [OWN, 'a', 'first'],
      [OWN, 'taken', 'another'],
    ],
    refused: true,
  },
  {
    title: 'an update to an address that another has',
    listeners: [{ ...A, port: 'taken', says: 'second' }],
    answers: [[OWN, 'a', 'first']],
    refused: true,
  },
  {
    title: 'all addresses, of which another has one, wanted for oneself alone',
    listeners: [
      A,
      { name: 'alone', port: 'beside', ip: '0.0.0.0', says: 'never', more: { enable_reuse_port: false } },
    ],
    answers: [
      [OWN, 'a', 'first'],
      ['127.0.0.2', 'beside', 'another'],
    ],
    refused: true,
  },
  {
    title: 'all addresses, of which another has one and shares it',
    listeners: [A, { name: 'beside', port: 'beside', ip: '0.0.0.0', says: 'mine' }],
    answers: [
      [OWN, 'beside', 'mine'],
      ['127.0.0.2', 'beside', 'another'],
    ],
    refused: false,
  },
  {
    title: 'another wish to share during an update',
    listeners: [{ ...A, says: 'second', more: { enable_reuse_port: false } }],
    answers: [[OWN, 'a', 'first']],
    refused: true,
  },
  {
    title: 'a second listener of the same address',
    listeners: [A, { name: 'same', port: 'a', says: 'never' }],
    answers: [[OWN, 'a', 'first']],
    refused: true,
  },
  {
    title: 'another way to bind the same address',
    listeners: [{ ...A, says: 'third', more: { tcp_fast_open_queue_length: 5 } }],
    answers: [[OWN, 'a', 'third']],
    refused: false,
  },
  {
    title: 'another address',
    listeners: [{ ...A, port: 'b', says: 'fourth' }],
    answers: [
      [OWN, 'b', 'fourth'],
      [OWN, 'a', 'refused'],
    ],
    refused: false,
  },
  {
    title: 'a listener in the place of one that goes',
    listeners: [{ name: 'new', port: 'b', says: 'fifth' }],
    answers: [[OWN, 'b', 'fifth']],
    refused: false,
  },
];

const COUNTERS = [
  'lds.update_success',
  'lds.update_rejected',
  'listener_added',
  'listener_modified',
  'listener_removed',
  'listener_create_success',
  'listener_create_failure',
  'total_listeners_active',
  'total_listeners_warming',
];

function chain(says: string): JsonMap {
  const type = 'type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config';
  return {
    filters: [{ name: 'say', typed_config: { '@type': type, response: { inline_string: says } } }],
  };
}

function listener({ name, port, ip = OWN, says, more = {} }: Wanted, ports: Ports): JsonMap {
  return {
    name,
    address: { socket_address: { address: ip, port_value: ports[port] } },
    filter_chains: [chain(says)],
    ...more,
  };
}

function ask(ip: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, ip);
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => (text = 'refused'));
    socket.on('close', () => resolve(text));
  });
}

function bootstrap(port: number): JsonMap {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  return {
    node: { id: 'test', cluster: 'test' },
    dynamic_resources: {
      lds_config: source,
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'controller' } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: 'controller',
          type: 'STATIC',
          typed_extension_protocol_options: {
            [HTTP2]: {
              '@type': `type.googleapis.com/${HTTP2}`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'controller',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
          },
        },
      ],
    },
  };
}

/** An engine under a controller that says what listeners there are. */
class Subject {
  readonly kind: EngineKind;
  readonly ports: Ports;
  readonly #plane: ControlPlane;
  readonly #stream: StateControllerStream;
  readonly #engine: Promise<Engine>;
  #version = 0;

  private constructor(
    kind: EngineKind,
    ports: Ports,
    plane: ControlPlane,
    stream: StateControllerStream,
    engine: Promise<Engine>,
  ) {
    this.kind = kind;
    this.ports = ports;
    this.#plane = plane;
    this.#stream = stream;
    this.#engine = engine;
  }

  static async start(kind: EngineKind, program: string, others: Omit<Ports, 'a' | 'b'>): Promise<Subject> {
    const [a = 0, b = 0] = await freePorts(2);
    const plane = await ControlPlane.start();
    // It is ready when it has its first listeners, of which each test asks.
    const engine = Engine.start(kind, program, bootstrap(plane.port));
    engine.catch(() => undefined);
    const stream = await eventually(
      () => plane.nextState(),
      () => true,
    );
    await stream.next();
    return new Subject(kind, { ...others, a, b }, plane, stream, engine);
  }

  /** Shows the listeners; resolves with the reason of a refusal, in which ports have their names. */
  async show(listeners: readonly Wanted[]): Promise<string | undefined> {
    const version = String(++this.#version);
    this.#stream.send({
      versionInfo: version,
      nonce: version,
      typeUrl: LISTENER_TYPE,
      resources: listeners.map((one) =>
        anyPack(
          ListenerSchema,
          messageFromJson(ListenerSchema, listener(one, this.ports) as Record<string, JsonValue>),
        ),
      ),
    });
    const answer = await eventually(
      () => this.#stream.next(),
      ({ responseNonce }) => responseNonce === version,
    );
    const reason = answer.errorDetail?.message;
    if (reason === undefined || !reason.includes('cannot bind')) return reason;
    return Object.entries(this.ports)
      .reduce((text, [name, port]) => text.replaceAll(`:${port}'`, `:${name}'`), reason)
      .trim();
  }

  async counters(): Promise<readonly (readonly [string, number | undefined])[]> {
    const stats = await (await this.#engine).stats();
    return COUNTERS.map((name) => [name, stats.get(`listener_manager.${name}`)] as const);
  }

  async stop(): Promise<void> {
    this.#plane.kill();
    await (await this.#engine.catch(() => undefined))?.stop();
  }
}

describeOnRealEnvoy('addresses of listeners', (program) => {
  const others: Server[] = [];
  const subjects: Subject[] = [];

  async function portOf(ip: string, reusePort: boolean): Promise<number> {
    const server = createServer((socket) => socket.end('another'));
    others.push(server);
    server.listen({ host: ip, port: 0, reusePort, exclusive: true });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  beforeAll(async () => {
    for (const kind of KINDS) {
      const taken = await portOf(OWN, false);
      const beside = await portOf('127.0.0.2', true);
      subjects.push(await Subject.start(kind, program, { taken, beside }));
    }
  }, 120_000);

  afterAll(async () => {
    for (const subject of subjects) await subject.stop();
    for (const server of others) server.close();
  });

  // Each step goes on where the one before it ended.
  describe('from a controller', () => {
    test.each(STEPS)('$title', { timeout: 60_000 }, async ({ listeners, answers, refused }) => {
      const seen = [];
      for (const subject of subjects) {
        const reason = await subject.show(listeners);
        expect(reason !== undefined, `${subject.kind}: ${reason}`).toBe(refused);
        for (const [ip, port, answer] of answers) {
          await expect
            .poll(() => ask(ip, subject.ports[port]), { timeout: 20_000, message: subject.kind })
            .toBe(answer);
        }
        const words = reason?.includes('cannot bind') === true ? reason : undefined;
        seen.push(words);
      }
      expect(seen[1]).toEqual(seen[0]);
      await vi.waitFor(
        async () => {
          const [envoy, builtin] = await Promise.all(subjects.map((subject) => subject.counters()));
          expect(builtin).toEqual(envoy);
        },
        { timeout: 20_000, interval: 25 },
      );
    });
  });

  test('a listener that gets another name at its address refuses nobody', { timeout: 60_000 }, async () => {
    const said = await Promise.all(
      subjects.map(async (subject) => {
        const named = (turn: number): Wanted => ({ name: `turn ${turn}`, port: 'b', says: `turn ${turn}` });
        const port = subject.ports.b;
        await subject.show([named(0)]);
        await expect.poll(() => ask(OWN, port), { timeout: 20_000 }).toBe('turn 0');
        const answers = new Set<string>();
        const over = new AbortController();
        const clients = Array.from({ length: 4 }, async () => {
          while (!over.signal.aborted) answers.add(await ask(OWN, port));
        });
        for (let turn = 1; turn <= 20; turn++) {
          expect(await subject.show([named(turn)])).toBeUndefined();
          await expect.poll(() => ask(OWN, port), { timeout: 20_000, interval: 1 }).toBe(`turn ${turn}`);
        }
        over.abort();
        await Promise.all(clients);
        return [...answers].filter((answer) => !answer.startsWith('turn '));
      }),
    );
    expect(said).toEqual([[], []]);
  });

  test.each([
    ['that another has', OWN],
    ['that is not of this machine', NOT_OURS],
  ])('an address %s ends the start', { timeout: 60_000 }, async (_, ip) => {
    const address = { socket_address: { address: ip, port_value: await portOf(OWN, false) } };
    const statics = {
      static_resources: { listeners: [{ name: 's', address, filter_chains: [chain('x')] }] },
    };
    const [envoy, builtin] = await Promise.all(KINDS.map((kind) => Engine.refuse(kind, program, statics)));
    const words = /cannot bind '[^']+': [A-Z][a-z ]+/;
    expect(builtin?.code).toBe(envoy?.code);
    expect(words.exec(builtin?.output ?? '')?.[0]).toBe(words.exec(envoy?.output ?? '')?.[0]);
    expect(words.exec(builtin?.output ?? '')).not.toBeNull();
  });
});
