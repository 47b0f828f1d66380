/** Statistics of what is gone are gone, and begin anew when it comes back: the same on a real Envoy and on the builtin engine. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { writeWhole } from '../peers/write-whole.ts';
import { Backends } from './differential/backends.ts';
import { send } from './differential/client.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { type JsonMap, NETWORK_FILTER, ROUTER, socketAddress, typed } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const TYPES = 'type.googleapis.com/envoy.config';
/** Seconds; the statistics of a listener that goes stay for so long. */
const DRAIN = '3';

function listener(name: string, port: number, prefix: string, to: string): JsonMap {
  const manager = typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
    stat_prefix: prefix,
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: to } }] },
      ],
    },
    http_filters: [ROUTER],
  });
  return {
    '@type': `${TYPES}.listener.v3.Listener`,
    name,
    address: socketAddress(port),
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
}

/** A proxy with two listeners, whose managers share a prefix or do not, and clusters that come and go. */
class Side {
  readonly #folder: string;
  readonly #engine: Engine;
  readonly #ports: readonly number[];
  readonly #backend: number;
  #version = 0;

  private constructor(folder: string, engine: Engine, ports: readonly number[], backend: number) {
    this.#folder = folder;
    this.#engine = engine;
    this.#ports = ports;
    this.#backend = backend;
  }

  static async start(kind: EngineKind, program: string, backend: number): Promise<Side> {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-released-'));
    const source = (file: string): JsonMap => ({
      resource_api_version: 'V3',
      path_config_source: { path: join(folder, file) },
    });
    for (const file of ['listeners', 'clusters']) {
      writeFileSync(join(folder, file), JSON.stringify({ version_info: '0', resources: [] }));
    }
    const bootstrap = {
      node: { id: 'released', cluster: 'released' },
      dynamic_resources: { lds_config: source('listeners'), cds_config: source('clusters') },
    };
    const ports = await freePorts(2);
    const engine = await Engine.start(kind, program, bootstrap, [], ['--drain-time-s', DRAIN]);
    return new Side(folder, engine, ports, backend);
  }

  #put(file: string, resources: readonly JsonMap[]): void {
    this.#version += 1;
    const text = JSON.stringify({ version_info: String(this.#version), resources });
    writeWhole(join(this.#folder, file), text);
  }

  clusters(...names: readonly string[]): void {
    const types = { '@type': `${TYPES}.cluster.v3.Cluster` };
    this.#put(
      'clusters',
      names.map((name) => cluster(name, [this.#backend], types)),
    );
  }

  /** The prefix of the first listener and of the second; without one there is no such listener. */
  listeners(...prefixes: readonly (string | undefined)[]): void {
    this.#put(
      'listeners',
      prefixes.flatMap((prefix, index) =>
        prefix === undefined ? [] : [listener(`l${index}`, this.#ports[index] ?? 0, prefix, 'a')],
      ),
    );
  }

  /** Resolves when the listener of that number has answered. */
  async ask(index: number): Promise<void> {
    await expect
      .poll(() => send(this.#ports[index] ?? 0, { host: 'any.example' }), { timeout: 20_000 })
      .toMatchObject({ status: 200 });
  }

  /** Undefined when it is not shown. */
  async stat(name: string): Promise<number | undefined> {
    return (await this.#engine.stats()).get(name);
  }

  async becomes(name: string, value: number | undefined): Promise<void> {
    await expect.poll(() => this.stat(name), { timeout: 20_000 }).toBe(value);
  }

  /** Of one look at all statistics. */
  async becomeTogether(wanted: Readonly<Record<string, number>>): Promise<void> {
    await expect
      .poll(async () => Object.fromEntries(await this.#engine.stats()), { timeout: 20_000 })
      .toMatchObject(wanted);
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const TOTAL = 'http.web.downstream_rq_total';

describeOnRealEnvoy('statistics of what is gone', (program) => {
  const sides: Side[] = [];
  let backends: Backends | undefined;

  beforeAll(async () => {
    backends = await Backends.start();
    for (const kind of ['envoy', 'builtin'] as const) {
      sides.push(await Side.start(kind, program, backends.ports.b1));
    }
  }, 90_000);

  afterAll(async () => {
    for (const side of sides) await side.stop();
    await backends?.stop();
  });

  test.each([['envoy'], ['builtin']])('those of a manager go with its last listener, on %s', async (kind) => {
    const side = sides[kind === 'envoy' ? 0 : 1];
    side?.clusters('a');
    await side?.becomes('cluster.a.membership_total', 1);
    side?.listeners('web', 'web');
    await side?.ask(0);
    await side?.ask(1);
    await side?.becomes(TOTAL, 2);
    side?.listeners('web', 'other');
    await side?.becomes('http.other.downstream_rq_total', 0);
    side?.listeners(undefined, 'other');
    // It drains.
    await side?.becomeTogether({ 'listener_manager.total_listeners_active': 1, [TOTAL]: 2 });
    await side?.becomes(TOTAL, undefined);
    expect(await side?.stat('http.other.downstream_rq_total')).toBe(0);
    side?.listeners('web', 'other');
    await side?.ask(0);
    await side?.becomes(TOTAL, 1);
  });

  test.each([['envoy'], ['builtin']])('those of a cluster go with it, on %s', async (kind) => {
    const side = sides[kind === 'envoy' ? 0 : 1];
    const total = 'cluster.a.upstream_rq_total';
    side?.clusters('a', 'b');
    await side?.becomes('cluster.b.membership_total', 1);
    side?.listeners('web');
    await side?.ask(0);
    await expect.poll(() => side?.stat(total)).toBeGreaterThan(0);
    side?.clusters('b');
    await side?.becomes(total, undefined);
    side?.clusters('a', 'b');
    await side?.becomes(total, 0);
  });
});
