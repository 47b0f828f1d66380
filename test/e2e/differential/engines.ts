/** A proxy as a process, from a bootstrap file: Envoy, or the builtin engine. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../peers/free-ports.ts';
import { ask, eventually } from '../../peers/run-envoy.ts';
import { type JsonMap, socketAddress } from './json.ts';

export type EngineKind = 'envoy' | 'builtin';

/** With `DIFFERENTIAL_ENGINE=envoy` both sides are Envoy, which shows whether a difference is one of the test's own. */
export const COMPARED: EngineKind = process.env.DIFFERENTIAL_ENGINE === 'envoy' ? 'envoy' : 'builtin';

const LAUNCHER = fileURLToPath(new URL('../../../bin/mesh-proxy.js', import.meta.url));

/** How a process ended that was expected to refuse its configuration. */
export interface Refusal {
  readonly code: number | null;
  readonly output: string;
}

export class Engine {
  readonly kind: EngineKind;
  readonly adminPort: number;
  readonly folder: string;
  readonly #process: ChildProcess;
  #output = '';
  #hasSaidAll = false;

  private constructor(kind: EngineKind, adminPort: number, folder: string, child: ChildProcess) {
    this.kind = kind;
    this.adminPort = adminPort;
    this.folder = folder;
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    // What it said last may come after it has ended.
    child.once('close', () => (this.#hasSaidAll = true));
  }

  /**
   * Starts it and waits until its listeners serve. `bootstrap` is without `admin`; `flags` are the builtin engine's alone,
   * `common` those of both.
   */
  static async start(
    kind: EngineKind,
    envoy: string,
    bootstrap: JsonMap,
    flags: readonly string[] = [],
    common: readonly string[] = [],
  ): Promise<Engine> {
    const [adminPort = 0] = await freePorts(1);
    const engine = Engine.#spawn(
      kind,
      envoy,
      { ...bootstrap, admin: { address: socketAddress(adminPort) } },
      adminPort,
      kind === 'envoy' ? common : [...flags, ...common],
    );
    try {
      await eventually(
        () => (engine.#hasSaidAll ? undefined : ask(adminPort, '/ready')),
        (answer) => answer?.status === 200 || engine.#hasSaidAll,
      );
      if (engine.#hasSaidAll) throw new Error(`${kind} has ended: ${engine.output.slice(-3000)}`);
      return engine;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** Starts it with a configuration that it should not take; resolves when it has ended, or is serving. */
  static async refuse(kind: EngineKind, envoy: string, bootstrap: JsonMap): Promise<Refusal | undefined> {
    const [adminPort = 0] = await freePorts(1);
    const engine = Engine.#spawn(
      kind,
      envoy,
      { ...bootstrap, admin: { address: socketAddress(adminPort) } },
      adminPort,
    );
    try {
      const state = await eventually(
        async () => {
          if (engine.#hasSaidAll) return 'ended';
          return (await ask(adminPort, '/ready').catch(() => undefined))?.status === 200
            ? 'ready'
            : 'starting';
        },
        (one) => one !== 'starting',
      );
      return state === 'ready' ? undefined : { code: engine.#process.exitCode, output: engine.output };
    } finally {
      await engine.stop();
    }
  }

  static #spawn(
    kind: EngineKind,
    envoy: string,
    bootstrap: JsonMap,
    adminPort: number,
    flags: readonly string[] = [],
  ): Engine {
    const folder = mkdtempSync(join(tmpdir(), `lateen-${kind}-`));
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    const envoyFlags = [
      '--use-dynamic-base-id',
      '--concurrency',
      '1',
      '-l',
      'warning',
      '--file-flush-interval-msec',
      '50',
    ];
    const child =
      kind === 'envoy'
        ? spawn(envoy, ['-c', file, ...envoyFlags, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
        : spawn(process.execPath, [LAUNCHER, '--engine', 'builtin', '-c', file, ...flags], {
            stdio: ['ignore', 'pipe', 'pipe'],
          });
    return new Engine(kind, adminPort, folder, child);
  }

  /** What it has written. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  file(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** All counters and gauges by their names. */
  async stats(): Promise<ReadonlyMap<string, number>> {
    const { text } = await ask(this.adminPort, '/stats');
    const found = text.matchAll(/^(.+): (\d+)$/gm);
    return new Map([...found].map(([, name = '', value]) => [name, Number(value)]));
  }

  /** Asks it to end, and waits until it has. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return;
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    this.#process.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
