/** A real Envoy that takes its configuration from a discovery server, for as long as a test runs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface EnvoyOptions {
  readonly program: string;
  /**
   * The discovery server on this machine: a port, or a socket's path. With a path Envoy has a network of its own,
   * in which any port and any address can be listened on; that needs Linux.
   */
  readonly grpcPort: number | string;
  readonly node: { readonly id: string; readonly cluster?: string; readonly metadata?: object };
  readonly form: 'delta' | 'state-of-the-world';
  /** Port of the admin interface; any free one when left out. */
  readonly adminPort?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Milliseconds that anything is waited for. */
const PATIENCE = 60_000;

/** One request to this machine; a port may be a socket's path. */
export function ask(
  port: number | string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
  body = '',
): Promise<HttpAnswer> {
  const to = typeof port === 'string' ? { socketPath: port } : { host: '127.0.0.1', port };
  return new Promise((resolve, reject) => {
    const call = request({ ...to, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Asks again and again until the answer is as wanted. Throws with the last answer when it never is. */
export async function eventually<Value>(
  question: () => Promise<Value> | Value,
  isRight: (value: Value) => boolean,
): Promise<Value> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    let last: unknown;
    try {
      const value = await question();
      if (isRight(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw new Error(`not so within ${PATIENCE} ms; last: ${JSON.stringify(last)} ${String(last)}`);
    await wait(20);
  }
}

export class Envoy {
  readonly #process: ChildProcess;
  readonly #folder: string;
  #admin: number | string = 0;

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts it and waits until its admin port answers; it may still lack its configuration. */
  static async start(options: EnvoyOptions): Promise<Envoy> {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-envoy-'));
    const bootstrap = join(folder, 'bootstrap.json');
    const adminFile = join(folder, 'admin');
    writeFileSync(bootstrap, JSON.stringify(bootstrapOf(options, join(folder, 'admin.socket'))));
    const before = typeof options.grpcPort === 'string' ? OWN_NETWORK : [];
    const [program, ...first] = [...before, options.program] as const;
    const child = spawn(
      program ?? '',
      [
        ...first,
        '-c',
        bootstrap,
        '--admin-address-path',
        adminFile,
        '--use-dynamic-base-id',
        '--concurrency',
        '1',
        '-l',
        'warning',
        '--log-path',
        join(folder, 'log'),
      ],
      { stdio: 'ignore' },
    );
    const envoy = new Envoy(child, folder);
    try {
      await eventually(
        async () => {
          if (child.exitCode !== null) throw new Error(`Envoy has ended: ${envoy.log}`);
          return readFileSync(adminFile, 'utf8');
        },
        (address) => /:\d+$|socket$/.test(address),
      );
      const address = readFileSync(adminFile, 'utf8');
      envoy.#admin = address.endsWith('socket') ? address : Number(address.split(':').at(-1));
      return envoy;
    } catch (error) {
      await envoy.stop();
      throw error;
    }
  }

  get log(): string {
    try {
      return readFileSync(join(this.#folder, 'log'), 'utf8');
    } catch {
      return '';
    }
  }

  /** A page of Envoy's admin interface. */
  async admin(path: string): Promise<HttpAnswer> {
    return ask(this.#admin, path);
  }

  /** Waits until it has its first listeners and serves. */
  async ready(): Promise<void> {
    await eventually(
      () => this.admin('/ready'),
      ({ status }) => status === 200,
    );
  }

  /** The value of a counter or gauge; 0 as long as nothing has been counted. */
  async stat(name: string): Promise<number> {
    const { text } = await this.admin(`/stats?filter=^${name.replaceAll('.', '\\.')}$`);
    return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
      this.#process.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs a program in a network of its own, where addresses need not exist to be listened on. */
const OWN_NETWORK = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
  '--net',
  'sh',
  '-c',
  'ip link set lo up && echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind && exec "$0" "$@"',
];

/** What Envoy, and the builtin proxy too, is started with. */
export function bootstrapOf(
  { grpcPort, node, form, adminPort = 0 }: EnvoyOptions,
  adminSocket: string,
): unknown {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const at = (place: number | string): unknown =>
    typeof place === 'string'
      ? { pipe: { path: place } }
      : { socket_address: { address: '127.0.0.1', port_value: place } };
  const address = at(grpcPort);
  return {
    node: { cluster: 'test', ...node },
    admin: { address: at(typeof grpcPort === 'string' ? adminSocket : adminPort) },
    dynamic_resources: {
      lds_config: source,
      cds_config: source,
      ads_config: {
        api_type: form === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'controller' } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: 'controller',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            [http]: {
              '@type': `type.googleapis.com/${http}`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'controller',
            endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
          },
        },
      ],
    },
  };
}
