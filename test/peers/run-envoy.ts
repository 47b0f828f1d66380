/** A real Envoy that takes its configuration from a discovery server, for as long as a test runs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface EnvoyOptions {
  readonly program: string;
  /** Of the discovery server on this machine. */
  readonly grpcPort: number;
  readonly node: { readonly id: string; readonly cluster?: string; readonly metadata?: object };
  readonly form: 'delta' | 'state-of-the-world';
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Milliseconds that anything is waited for. */
const PATIENCE = 60_000;

/** One request to this machine. */
export function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}

/** Asks again and again until the answer is as wanted. Throws with the last answer when it never is. */
export async function eventually<Value>(
  question: () => Promise<Value>,
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
  #admin = 0;

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts it and waits until its admin port answers; it may still lack its configuration. */
  static async start(options: EnvoyOptions): Promise<Envoy> {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-envoy-'));
    const bootstrap = join(folder, 'bootstrap.json');
    const adminFile = join(folder, 'admin');
    writeFileSync(bootstrap, JSON.stringify(bootstrapOf(options)));
    const child = spawn(
      options.program,
      [
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
        (address) => /:\d+$/.test(address),
      );
      envoy.#admin = Number(readFileSync(adminFile, 'utf8').split(':').at(-1));
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

function bootstrapOf({ grpcPort, node, form }: EnvoyOptions): unknown {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const address = { socket_address: { address: '127.0.0.1', port_value: grpcPort } };
  return {
    node: { cluster: 'test', ...node },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
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
