/**
 * Envoy and the engine that is compared with it, carrying connections: each with a listener, a cluster, a server and lines
 * in a log for each of some cases.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../peers/run-envoy.ts';
import { freePorts } from '../../peers/free-ports.ts';
import { COMPARED, Engine } from './engines.ts';
import { type FarKind, FarServer } from './far-ends.ts';
import { type JsonMap, fileLog, listenerAt } from './json.ts';
import { cluster } from './setup.ts';

/** A client of a proxy. */
interface Client {
  destroy(): void;
}

interface FarNames {
  readonly statPrefix: string;
  readonly cluster: string;
}

/** What is the same for all cases, which are known by their index. */
export interface FarCases<Case, From extends Client> {
  readonly cases: readonly Case[];
  server(one: Case): FarKind;
  /** The network filter, which leads to its cluster and writes to `log`. */
  filter(one: Case, names: FarNames, log: JsonMap): JsonMap;
  /** What the cluster has besides its endpoint. */
  cluster(one: Case): JsonMap;
  /** Of a line of the log. */
  readonly format: string;
  readonly counted: RegExp;
  dial(one: Case, port: number): From;
  run(one: Case, client: From, server: FarServer): Promise<readonly unknown[]>;
}

/** What a proxy has done with a case: what both ends were told, its log, and its counters that are not 0. */
export interface FarOutcome {
  readonly told: readonly unknown[];
  readonly log: string;
  readonly counters: Readonly<Record<string, number>>;
}

interface Side {
  readonly engine: Engine;
  readonly servers: readonly FarServer[];
  readonly ports: readonly number[];
  readonly log: string;
}

export class FarSides<Case, From extends Client> {
  readonly #of: FarCases<Case, From>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'lateen-far-'));
  readonly #sides: Side[] = [];
  readonly #outcomes = new Map<number, Promise<readonly FarOutcome[]>>();

  private constructor(of: FarCases<Case, From>) {
    this.#of = of;
  }

  /** Call `stop` whatever happens afterwards. */
  static async start<Case, From extends Client>(
    program: string,
    of: FarCases<Case, From>,
  ): Promise<FarSides<Case, From>> {
    const sides = new FarSides(of);
    try {
      for (const kind of ['envoy', COMPARED] as const) {
        const servers = await Promise.all(of.cases.map((one) => FarServer.start(of.server(one))));
        const ports = await freePorts(of.cases.length);
        const log = join(sides.#folder, `${sides.#sides.length}.log`);
        const engine = await Engine.start(kind, program, sides.#bootstrap(ports, servers, log));
        sides.#sides.push({ engine, servers, ports, log });
      }
      return sides;
    } catch (error) {
      await sides.stop();
      throw error;
    }
  }

  #bootstrap(ports: readonly number[], servers: readonly FarServer[], path: string): JsonMap {
    const { cases, filter, cluster: clusterOf, format } = this.#of;
    return {
      static_resources: {
        listeners: cases.map((one, index) => {
          // Each line begins with the case that it is of.
          const log = fileLog(path, { text_format_source: { inline_string: `${index} ${format}\n` } });
          const names = { statPrefix: `s${index}`, cluster: `c${index}` };
          return listenerAt(ports[index] ?? 0, `l${index}`, filter(one, names, log));
        }),
        clusters: cases.map((one, index) =>
          cluster(`c${index}`, [servers[index]?.port ?? 0], clusterOf(one)),
        ),
      },
    };
  }

  /**
   * What Envoy and the other do with a case, in this order. It is begun when it is asked for first, so that the waits of
   * cases go on at the same time.
   */
  outcomes(index: number): Promise<readonly FarOutcome[]> {
    const begun = this.#outcomes.get(index);
    if (begun !== undefined) return begun;
    const outcomes = Promise.all(this.#sides.map((side) => this.#run(side, index)));
    outcomes.catch(() => undefined);
    this.#outcomes.set(index, outcomes);
    return outcomes;
  }

  /** Waits for all that has been begun. */
  async areDone(): Promise<void> {
    await Promise.allSettled(this.#outcomes.values());
  }

  async #run({ engine, servers, ports, log }: Side, index: number): Promise<FarOutcome> {
    const { cases, dial, run, counted } = this.#of;
    const [one, server] = [cases[index], servers[index]];
    if (one === undefined || server === undefined) throw new Error('there is no such case');
    const client = dial(one, ports[index] ?? 0);
    let told: readonly unknown[];
    try {
      told = await run(one, client, server);
    } finally {
      client.destroy();
    }
    const lines = (): string =>
      (existsSync(log) ? readFileSync(log, 'utf8') : '')
        .split('\n')
        // What stands behind the last end of a line is being written.
        .slice(0, -1)
        .filter((line) => line.startsWith(`${index} `))
        .join('\n');
    await eventually(lines, (text) => text !== '');
    const stats = await eventually(
      () => engine.stats(),
      (all) => (all.get(`cluster.c${index}.upstream_rq_active`) ?? 0) === 0,
    );
    const own = new RegExp(`^\\w+\\.[sc]${index}\\.`);
    const counters = [...stats].filter(
      ([name, value]) => own.test(name) && counted.test(name) && value !== 0,
    );
    return { told, log: lines(), counters: Object.fromEntries(counters) };
  }

  async stop(): Promise<void> {
    for (const { engine, servers } of this.#sides) {
      await engine.stop();
      for (const server of servers) server.stop();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
