/**
 * The controller is killed while requests flow: with Envoy and with the builtin engine none of them fails, what was in
 * force stays, and changes arrive once the controller is back. The builtin engine can even start without it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type Server, createServer, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, bootstrapOf, eventually } from '../peers/run-envoy.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { writeWhole } from '../peers/write-whole.ts';
import type { JsonMap } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-controller.js', import.meta.url));
const HOST = 'juice.example';
const CLIENTS = 4;
/** Answers that have to come in each state of the controller. */
const ENOUGH = 200;
const GATEWAY = {
  id: 'router~127.0.0.1~gateway-0.shop~shop.svc.cluster.local',
  cluster: 'gateway.shop',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'gateway' } },
};

type Backend = 'one' | 'two';

let folder = '';
let closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-controller-dies-'));
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** Answers with its name. */
async function backend(name: Backend): Promise<number> {
  const server: Server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
  server.keepAliveTimeout = 600_000;
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function writeBase(port: number, backends: Readonly<Record<Backend, number>>): void {
  const entries = Object.entries(backends).map(
    ([name, to]) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.example]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: ${to}}}]
---
`,
  );
  const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {app: gateway}
  servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: [${HOST}]}]
`;
  writeWhole(join(folder, 'base.yaml'), entries.join('') + gateway);
}

function routeTo(to: Backend): void {
  writeWhole(
    join(folder, 'route.yaml'),
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: juice, namespace: shop}
spec: {hosts: [${HOST}], gateways: [front], http: [{route: [{destination: {host: ${to}.example}}]}]}
`,
  );
}

/** Resolves when somebody has tried to connect to that port so often; nobody is let in. */
async function tries(port: number, count: number): Promise<void> {
  let tried = 0;
  const server = createTcpServer((socket) => {
    tried++;
    socket.destroy();
  }).listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    await eventually(
      async () => tried,
      (number) => number >= count,
    );
  } finally {
    server.close();
  }
  await once(server, 'close');
}

/** `mesh-controller` over the folder, which can be killed and started again at the same place. */
class Controller {
  readonly grpcPort: number;
  readonly #httpPort: number;
  #process: ChildProcess | undefined;

  constructor([grpcPort = 0, httpPort = 0]: readonly number[]) {
    this.grpcPort = grpcPort;
    this.#httpPort = httpPort;
  }

  async start(): Promise<void> {
    const addresses = [`--grpc-addr=127.0.0.1:${this.grpcPort}`, `--http-addr=127.0.0.1:${this.#httpPort}`];
    const child = spawn(process.execPath, [LAUNCHER, '--config', folder, ...addresses], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (log += part));
    await eventually(
      () => ask(this.#httpPort, '/ready'),
      ({ status }) => status === 200 || child.exitCode !== null,
    );
    if (child.exitCode !== null) throw new Error(`the controller has ended: ${log}`);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** Clients that ask one after the other, on connections that stay. */
class Load {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  readonly #clients: Promise<void>[];
  #isStopped = false;
  #failures: string[] = [];
  #answers: string[] = [];

  constructor(port: number) {
    this.#port = port;
    this.#clients = Array.from({ length: CLIENTS }, async () => {
      while (!this.#isStopped) await this.#ask();
    });
  }

  /** So many further answers: which there were. */
  async next(count: number): Promise<ReadonlySet<string>> {
    this.#answers = [];
    await eventually(
      async () => this.#answers.length,
      (length) => length >= count,
    );
    return new Set(this.#answers);
  }

  /** Ends, and says what went wrong. */
  async stop(): Promise<readonly string[]> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    return this.#failures;
  }

  #ask(): Promise<void> {
    return new Promise((resolve) => {
      const fail = (problem: string): void => {
        this.#failures.push(problem);
        resolve();
      };
      const options = { host: '127.0.0.1', port: this.#port, headers: { host: HOST }, agent: this.#agent };
      const call = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', (error) => fail(`an answer broke off: ${error.message}`));
        response.on('end', () => {
          if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
          this.#answers.push(text);
          resolve();
        });
      });
      call.on('error', (error) => fail(error.message));
      call.end();
    });
  }
}

describeOnRealEnvoy('a controller that dies', (program) => {
  interface Mesh {
    readonly controller: Controller;
    readonly port: number;
    startProxy(): Promise<Engine>;
  }

  async function mesh(kind: EngineKind): Promise<Mesh> {
    const [port = 0, ...others] = await freePorts(3);
    writeBase(port, { one: await backend('one'), two: await backend('two') });
    routeTo('one');
    const controller = new Controller(others);
    closing.push(() => controller.kill());
    await controller.start();
    const options = { program, grpcPort: controller.grpcPort, node: GATEWAY, form: 'delta' } as const;
    const flags = ['--state-dir', join(folder, 'state')];
    return {
      controller,
      port,
      startProxy: async () => {
        const engine = await Engine.start(kind, program, bootstrapOf(options, '') as JsonMap, flags);
        closing.push(() => engine.stop());
        return engine;
      },
    };
  }

  const answers = (port: number, name: Backend) =>
    eventually(
      () => ask(port, '/', { host: HOST }),
      ({ text }) => text === name,
    );

  const stat = async (engine: Engine, name: string): Promise<number> => (await engine.stats()).get(name) ?? 0;

  test.each<EngineKind>(['envoy', 'builtin'])(
    'no request fails, and changes come when it is back, on %s',
    { timeout: 180_000 },
    async (kind) => {
      const { controller, port, startProxy } = await mesh(kind);
      const engine = await startProxy();
      await answers(port, 'one');
      const load = new Load(port);
      closing.push(() => load.stop());
      expect(await load.next(ENOUGH)).toEqual(new Set(['one']));

      await controller.kill();
      await eventually(
        () => stat(engine, 'control_plane.connected_state'),
        (connected) => connected === 0,
      );
      routeTo('two');
      await tries(controller.grpcPort, 2);
      expect(await load.next(ENOUGH)).toEqual(new Set(['one']));

      await controller.start();
      await answers(port, 'two');
      // What was asked before the change was seen is answered by now.
      await load.next(2 * CLIENTS);
      expect(await load.next(ENOUGH)).toEqual(new Set(['two']));
      expect(await stat(engine, 'control_plane.connected_state')).toBe(1);
      routeTo('one');
      await answers(port, 'one');

      expect(await load.stop()).toEqual([]);
      await eventually(
        async () =>
          [...(await engine.stats())].filter(
            ([name, value]) =>
              /^http\.outbound.*\.(downstream_cx_active|downstream_rq_active)$/.test(name) && value > 0,
          ),
        (open) => open.length === 0,
      );
    },
  );

  test('a proxy that starts meanwhile serves what it had before', { timeout: 180_000 }, async () => {
    const { controller, port, startProxy } = await mesh('builtin');
    const before = await startProxy();
    await answers(port, 'one');
    await controller.kill();
    await before.end();
    expect(await ask(port, '/', { host: HOST }).catch(() => 'nobody')).toBe('nobody');
    routeTo('two');
    await startProxy();
    await answers(port, 'one');
    await controller.start();
    await answers(port, 'two');
  });
});
