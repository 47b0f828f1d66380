/**
 * One controller for two meshes: in one every proxy is Envoy, in the other the builtin engine. Both have the same
 * addresses and the same backends, each in a network of its own, and are asked the same.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, eventually } from '../../peers/run-envoy.ts';
import type { Echo, Errand, Outcome } from '../../peers/world/courier-messages.ts';
import { type ProxyOptions, World, type WorldEngine, type WorldOptions } from '../../peers/world/world.ts';
import { COMPARED } from './engines.ts';
import { freePorts } from '../../peers/free-ports.ts';
import { writeWhole } from '../../peers/write-whole.ts';
import { comparable, withMostTime } from './pair.ts';
import { STOCK_FILTERS } from './stock-filters.ts';

const CONTROLLER = fileURLToPath(new URL('../../../bin/mesh-controller.js', import.meta.url));

export interface MeshPairOptions extends Omit<WorldOptions, 'engine' | 'manifests' | 'discovery'> {
  /** Envoy's program. */
  readonly envoy: string;
  /** Manifests, by file name. */
  readonly manifests: Readonly<Record<string, string>>;
  readonly proxies: readonly ProxyOptions[];
}

export interface MeshQuestion extends Errand {
  /** Whether a backend is one of several that chance chooses from: only its service is compared. */
  readonly anyEndpoint?: boolean;
  /** How many requests backends get, when that is not told by the answer, as copies. */
  readonly seen?: number;
}

/** What of an answer and of what backends saw has to be the same. */
export interface MeshOutcome {
  readonly status: number;
  readonly failed: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly seen: readonly object[];
}

/** What proxies are told beside their own: statistics of all clusters, connection managers and TCP proxies, as agents leave out some. */
const TOLD = {
  // By chance each engine would choose others.
  tracing: { sampling: 100 },
  proxyStatsMatcher: { inclusionPrefixes: ['cluster.', 'http.', 'tcp.', 'listener.'] },
};

export class MeshPair {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lateen-pair-'));
  readonly #serviceOf: (ip: string) => string;
  #worlds: readonly World[] = [];
  #proxies: readonly ProxyOptions[] = [];
  #controller: ChildProcess | undefined;
  #log = '';
  #ports: readonly number[] = [];
  #relay: Server | undefined;
  readonly #relayed = new Set<Socket>();
  #asked = 0;

  private constructor(serviceOf: (ip: string) => string) {
    this.#serviceOf = serviceOf;
  }

  /** `serviceOf`: what stands for an endpoint's address where chance chose it. Call `close` whatever happens. */
  static async open(options: MeshPairOptions, serviceOf: (ip: string) => string): Promise<MeshPair> {
    const pair = new MeshPair(serviceOf);
    try {
      await pair.#open(options);
      return pair;
    } catch (error) {
      await pair.close();
      throw error;
    }
  }

  async #open({ envoy, manifests, meshConfig = '', proxies, ...options }: MeshPairOptions): Promise<void> {
    this.#proxies = proxies;
    mkdirSync(this.#manifestFolder);
    for (const [name, text] of Object.entries({ ...manifests, 'stock-filters.yaml': STOCK_FILTERS }))
      this.write(name, text);
    writeFileSync(join(this.#folder, 'mesh.yaml'), meshConfig);
    this.#ports = await freePorts(2);
    const [grpc = 0, http = 0] = this.#ports;
    const files = ['--config', this.#manifestFolder, '--mesh-config', join(this.#folder, 'mesh.yaml')];
    const places = ['--grpc-addr', `127.0.0.1:${grpc}`, '--http-addr', `127.0.0.1:${http}`];
    const argv = [CONTROLLER, ...files, ...places, '--debounce-after', '50ms'];
    const controller = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#controller = controller;
    controller.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#log = (this.#log + text).slice(-100_000)));
    await eventually(
      () => ask(http, '/ready'),
      ({ status }) => status === 200,
    );
    const socket = join(this.#folder, 'discovery');
    await this.#startRelay(socket, grpc);
    const first: WorldEngine = { name: 'envoy', program: envoy };
    const engines: readonly WorldEngine[] = [first, COMPARED === 'envoy' ? first : { name: 'builtin' }];
    const opened = await Promise.allSettled(
      engines.map((engine) =>
        World.open({ ...options, engine, manifests: {}, discovery: `unix://${socket}` }),
      ),
    );
    this.#worlds = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const one of opened) if (one.status === 'rejected') throw one.reason;
    await Promise.all(
      this.#worlds.flatMap((world) =>
        proxies.map((proxy) => world.startProxy({ ...proxy, config: { ...proxy.config, ...TOLD } })),
      ),
    );
  }

  /** Networks of their own share no port with the controller, but files. */
  async #startRelay(path: string, port: number): Promise<void> {
    const relay = createServer((client) => {
      const controller = connect(port, '127.0.0.1');
      for (const socket of [client, controller]) {
        this.#relayed.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#relayed.delete(socket);
          client.destroy();
          controller.destroy();
        });
      }
      client.pipe(controller).pipe(client);
    });
    this.#relay = relay;
    await new Promise<void>((resolve) => relay.listen(path, resolve));
  }

  get #manifestFolder(): string {
    return join(this.#folder, 'manifests');
  }

  write(name: string, text: string): void {
    writeWhole(join(this.#manifestFolder, name), text);
  }

  remove(name: string): void {
    rmSync(join(this.#manifestFolder, name), { force: true });
  }

  /** What the controller says on one of its pages. */
  async debug<Page>(page: string): Promise<Page> {
    return JSON.parse((await ask(this.#ports[1] ?? 0, `/debug/${page}`)).text) as Page;
  }

  /** Waits until both answer as they should. */
  async until(errand: Errand, isRight: (outcome: Outcome) => boolean): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world.until(errand, isRight, 'ingress-0'))).catch(
      (error: Error) => {
        throw new Error(`${error.message}\n${this.#log.slice(-2_000)}`, { cause: error });
      },
    );
  }

  /** What both did, Envoy first. */
  async ask({ anyEndpoint = false, seen, ...errand }: MeshQuestion): Promise<readonly MeshOutcome[]> {
    const key = `m${this.#asked++}`;
    const headers = { ...errand.headers, 'x-case': key };
    const found: Echo[][] = this.#worlds.map(() => []);
    const outcomes = await Promise.all(
      this.#worlds.map((world) => world.send({ timeout: 30_000, ...errand, headers })),
    );
    const look = async (): Promise<readonly number[]> => {
      const news = await Promise.all(this.#worlds.map((world) => world.seen()));
      for (const [index, all] of news.entries()) {
        found[index]?.push(...all.filter((one) => one.headers['x-case'] === key));
      }
      return found.map(({ length }) => length);
    };
    await look();
    // What is copied comes when it comes.
    if (seen !== undefined) await eventually(look, (counts) => counts.every((count) => count >= seen));
    const place = (ip: string): string => (anyEndpoint ? this.#serviceOf(ip) : ip);
    return outcomes.map((outcome, index) => outcomeOf(outcome, found[index] ?? [], place));
  }

  /** What each proxy of both has counted, Envoy's first, by the proxy's name and the statistic's. */
  async counters(): Promise<Readonly<Record<string, readonly number[]>>> {
    const all: Record<string, number[]> = {};
    for (const [index, world] of this.#worlds.entries()) {
      for (const { name, ports } of this.#proxies) {
        const { text } = await world.send({ to: `127.0.0.1:${ports * 1_000}`, path: '/stats' });
        for (const [, stat = '', value] of text.matchAll(/^(.+): (\d+)$/gm)) {
          const both = (all[`${name} ${stat}`] ??= this.#worlds.map(() => 0));
          both[index] = Number(value);
        }
      }
    }
    return all;
  }

  async close(): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world.close()));
    for (const socket of this.#relayed) socket.destroy();
    const relay = this.#relay;
    if (relay !== undefined) await new Promise((resolve) => relay.close(resolve));
    const controller = this.#controller;
    if (controller !== undefined && controller.exitCode === null && controller.signalCode === null) {
      const gone = new Promise((resolve) => controller.once('exit', resolve));
      controller.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

function flat(headers: RawHeaders = {}, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const texts = Object.entries(headers).flatMap(([name, value]) =>
    // Several lines of one name mean the same as one with commas (RFC 9110, 5.3), which Node.js makes of them.
    value === undefined ? [] : [[name, String(value).replaceAll(', ', ',')] as const],
  );
  return comparable(Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1))), more);
}

function outcomeOf(outcome: Outcome, seen: readonly Echo[], place: (ip: string) => string): MeshOutcome {
  const { status, headers, trailers, text, echo, error } = outcome;
  // An answer of a backend tells what it saw, the length of which is a matter of ports.
  const lengths: Readonly<Record<string, string>> =
    echo === undefined ? {} : { 'content-length': 'of an answer that names a port' };
  // In gRPC-Web the trailers follow in the same text, so that it is no JSON: what backends saw is compared below.
  const isEcho = echo !== undefined || text.startsWith('{"ip":');
  const reached = text
    .replaceAll(/(?<=reached |from )[0-9.]+/g, place)
    // Ahead of the bytes, with the port that the client happened to have.
    .replace(/(?<=^PROXY .* )\d+(?= \d+\r\n)/m, 'PORT');
  return {
    status,
    failed: error !== undefined,
    headers: flat(headers, lengths),
    trailers: flat(trailers),
    text: isEcho ? '' : reached,
    seen: withMostTime(seen)
      // How names are written, and in which order, is compared in `differential-names`.
      .map(({ headers: own, at: _at, names: _names, ...rest }) => ({
        ...rest,
        ip: place(rest.ip),
        from: place(rest.from),
        fromPort: 'any',
        headers: flat(own, { 'x-case': 'differs from case to case' }),
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}
