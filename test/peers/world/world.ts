/** A small mesh in a network of its own: `mesh-controller` over a folder, proxies under their agents, and a client. */

import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, eventually, type HttpAnswer } from '../run-envoy.ts';
import { writeWhole } from '../write-whole.ts';
import type { Echo, Errand, Errands, Outcome } from './courier-messages.ts';
import { GATEWAY_GROUP, Network, SIDECAR_GROUP, type NetworkOptions } from './network.ts';

/** What handles connections: a stock Envoy, or the builtin proxy. */
export interface WorldEngine {
  readonly name: 'envoy' | 'builtin';
  /** Envoy's program. */
  readonly program?: string;
}

export interface WorldOptions extends NetworkOptions {
  readonly engine: WorldEngine;
  /** Manifests, by file name. */
  readonly manifests: Readonly<Record<string, string>>;
  readonly meshConfig?: string;
  /** What names mean, beside localhost. */
  readonly names?: Readonly<Record<string, string>>;
  /** Further places where the backends listen for HTTP: `10.0.0.1:80`, or `unix:///path`. */
  readonly backends?: readonly string[];
  /** A controller that runs elsewhere, as `unix:///PATH`; with it the world has none of its own. */
  readonly discovery?: string;
  /** Further flags of the controller, as places where proxies can connect besides 127.0.0.1:15010. */
  readonly controllerFlags?: readonly string[];
  /** What backends show on their port for TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface ProxyOptions {
  readonly role: 'sidecar' | 'router';
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  /**
   * The thousands of the proxy's own ports, so that several fit: 15 for 15000, 15020, 15021 and 15090. Below 32, so that
   * no connection has taken one of them as its own end.
   */
  readonly ports: number;
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CONTROLLER = join(ROOT, 'bin', 'mesh-controller.js');
const PROXY = join(ROOT, 'bin', 'mesh-proxy.js');
const COURIER = fileURLToPath(new URL('courier.ts', import.meta.url));

export class World {
  readonly folder: string;
  readonly #options: WorldOptions;
  readonly #children: ChildProcess[] = [];
  /** By name, the one that was started last. */
  readonly #named = new Map<string, ChildProcess>();
  readonly #logs = new Map<string, string>();
  #network: Network | undefined;
  #courier: ChildProcess | undefined;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'lateen-world-'));
  }

  /** Starts all but the proxies. Call `close` whatever happens. */
  static async open(options: WorldOptions): Promise<World> {
    const world = new World(options);
    try {
      await world.#open();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { manifests, meshConfig = '', names = {}, tls, backends } = this.#options;
    const hostsFile = join(this.folder, 'hosts');
    const lines = Object.entries({ localhost: '127.0.0.1', ...names }).map(([name, ip]) => `${ip} ${name}\n`);
    writeFileSync(hostsFile, lines.join(''));
    this.#network = await Network.open({ ...this.#options, hostsFile });
    mkdirSync(this.manifestFolder);
    for (const [name, text] of Object.entries(manifests)) this.write(name, text);
    writeFileSync(this.meshConfigFile, meshConfig);
    const files = [tls?.cert ?? '', tls?.key ?? ''];
    this.#courier = this.start('courier', [
      process.execPath,
      COURIER,
      this.#socket,
      ...files,
      ...(backends ?? []),
    ]);
    await eventually(
      async () => existsSync(this.#socket),
      (is) => is,
    );
    if (this.#options.discovery === undefined) await this.#startController();
  }

  async #startController(): Promise<void> {
    const sources = ['--config', this.manifestFolder, '--mesh-config', this.meshConfigFile];
    const addresses = ['--grpc-addr', '127.0.0.1:15010', '--http-addr', '127.0.0.1:8081'];
    const quick = ['--debounce-after', '50ms'];
    const { controllerFlags = [] } = this.#options;
    this.start('controller', [
      process.execPath,
      CONTROLLER,
      ...sources,
      ...addresses,
      ...quick,
      ...controllerFlags,
    ]);
    await this.until({ to: '127.0.0.1:8081', path: '/ready' }, ({ status }) => status === 200, 'controller');
  }

  get #socket(): string {
    return join(this.folder, 'courier');
  }

  get manifestFolder(): string {
    return join(this.folder, 'manifests');
  }

  get meshConfigFile(): string {
    return join(this.folder, 'mesh.yaml');
  }

  /** Changes the settings of the mesh. */
  writeMeshConfig(text: string): void {
    writeWhole(this.meshConfigFile, text);
  }

  write(name: string, text: string): void {
    writeWhole(join(this.manifestFolder, name), text);
  }

  remove(name: string): void {
    rmSync(join(this.manifestFolder, name));
  }

  /** Starts a program in the network; what it says is kept. */
  start(
    name: string,
    argv: readonly string[],
    options: { env?: Readonly<Record<string, string>>; group?: number } = {},
  ): ChildProcess {
    if (this.#network === undefined) throw new Error('the world is not open');
    const child = this.#network.spawn(argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...options.env },
      ...(options.group === undefined ? {} : { group: options.group }),
    });
    this.#children.push(child);
    this.#named.set(name, child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#logs.set(name, (this.log(name) + text).slice(-1_000_000));
      });
    }
    return child;
  }

  /** Runs a program in the network to its end. Throws with what it said when it fails. */
  async run(argv: readonly string[]): Promise<void> {
    const name = `run ${argv.join(' ')}`;
    const child = this.start(name, argv);
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${name} ends with ${String(code)}: ${this.log(name)}`);
  }

  log(name: string): string {
    return this.#logs.get(name) ?? '';
  }

  /** Starts a proxy under its agent and waits until it is ready. */
  async startProxy(options: ProxyOptions): Promise<ChildProcess> {
    const { name, ports } = options;
    const child = this.startAgent(options);
    await this.until(
      { to: `127.0.0.1:${ports * 1_000 + 21}`, path: '/healthz/ready' },
      ({ status }) => {
        if (child.exitCode !== null) throw new Error(`the proxy has ended: ${this.log(name)}`);
        return status === 200;
      },
      name,
    );
    return child;
  }

  /** Starts an agent, and waits for nothing. */
  startAgent(options: ProxyOptions): ChildProcess {
    const { engine } = this.#options;
    const { role, name, namespace, ip, labels, ports, config = {}, env = {} } = options;
    const info = join(this.folder, `${name}-info`);
    mkdirSync(info, { recursive: true });
    writeFileSync(
      join(info, 'labels'),
      Object.entries(labels)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}\n`)
        .join(''),
    );
    const port = (offset: number): number => ports * 1_000 + offset;
    const child = this.start(
      name,
      [process.execPath, PROXY, role, '--engine', engine.name, '--podInfo', info],
      {
        group: role === 'sidecar' ? SIDECAR_GROUP : GATEWAY_GROUP,
        env: {
          POD_NAME: name,
          POD_NAMESPACE: namespace,
          INSTANCE_IP: ip,
          SERVICE_ACCOUNT: 'default',
          ISTIO_META_CLUSTER_ID: 'Kubernetes',
          ENVOY_STATUS_PORT: String(port(21)),
          ENVOY_PROMETHEUS_PORT: String(port(90)),
          PROXY_CONFIG: JSON.stringify({
            discoveryAddress: this.#options.discovery ?? '127.0.0.1:15010',
            configPath: join(this.folder, name),
            proxyAdminPort: port(0),
            statusPort: port(20),
            concurrency: 1,
            terminationDrainDuration: '0s',
            ...(engine.program === undefined ? {} : { binaryPath: engine.program }),
            ...config,
          }),
          ...env,
        },
      },
    );
    return child;
  }

  /** One request from inside the network. */
  async send(errand: Errand): Promise<Outcome> {
    const [outcome] = await this.sendAll({ errand });
    if (outcome === undefined) throw new Error('the courier did not go');
    return outcome;
  }

  async sendAll(errands: Errands): Promise<readonly Outcome[]> {
    const answer = await post(this.#socket, '/', JSON.stringify(errands));
    if (answer.status !== 200) throw new Error(answer.text);
    return JSON.parse(answer.text) as readonly Outcome[];
  }

  /** Sends again and again until the outcome is right. Throws with the log of `program` when it never is. */
  async until(
    errand: Errand,
    isRight: (outcome: Outcome) => boolean,
    program = 'controller',
  ): Promise<Outcome> {
    try {
      return await eventually(() => this.send({ timeout: 2_000, ...errand }), isRight);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.log(program).slice(-3_000)}`, { cause: error });
    }
  }

  /** What reached backends since the last time. */
  async seen(): Promise<readonly Echo[]> {
    return JSON.parse((await post(this.#socket, '/seen', '')).text) as readonly Echo[];
  }

  /** Lets backends answer the requests of `?held=yes` that they have. */
  async release(): Promise<void> {
    await post(this.#socket, '/release', '');
  }

  /** What the controller says on one of its pages. */
  async debug<Page>(page: string): Promise<Page> {
    const { text } = await this.send({ to: '127.0.0.1:8081', path: `/debug/${page}` });
    return JSON.parse(text) as Page;
  }

  /** The sockets of all programs in the network, as Linux lists them in /proc/net/tcp. */
  sockets(): string {
    return readFileSync(`/proc/${this.#courier?.pid}/net/tcp`, 'utf8');
  }

  readFile(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** Ends a program. */
  async stop(name: string): Promise<void> {
    const child = this.#named.get(name);
    if (child === undefined) throw new Error(`there is no ${name}`);
    await ended(child);
  }

  async close(): Promise<void> {
    for (const child of this.#children.toReversed()) await ended(child);
    await this.#network?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Ends a program, by force if it takes long. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => void child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

function post(socket: string, path: string, body: string): Promise<HttpAnswer> {
  return ask(socket, path, { 'content-length': String(Buffer.byteLength(body)) }, 'POST', body);
}
