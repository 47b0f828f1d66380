/**
 * Further processes that serve beside the main one (`--concurrency`): each binds the listeners' addresses too, and
 * the kernel spreads connections. They get what the main process has taken from the controller, and tell it what
 * they count.
 */

import type { ChildProcess, fork } from 'node:child_process';
import { Backoff } from '../../base/backoff.ts';
import type { Logger } from '../process-log.ts';
import type { StatRow } from '../stats/store.ts';
import type { RawResource } from '../xds-client/resource-types.ts';
import { type FromWorker, type ToWorker, sent } from './messages.ts';

export interface WorkerPoolOptions {
  /** How many; the main process is not counted. */
  readonly count: number;
  /** The program and its arguments, which are the main process's own. */
  readonly program: string;
  readonly argv: readonly string[];
  readonly log: Logger;
}

/** Says to a process that it is a worker. */
export const WORKER_VARIABLE = 'MESH_PROXY_WORKER';

/** Milliseconds that a worker has to tell what it counted. */
const PATIENCE = 2000;
/** Milliseconds for a worker to end by itself. */
const END_PATIENCE = 2000;

interface Worker {
  readonly process: ChildProcess;
  readonly live: PromiseWithResolvers<void>;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #fork: typeof fork;
  readonly #workers = new Set<Worker>();
  /** What workers that start later have to be told. */
  readonly #held = new Map<string, Map<string, RawResource>>();
  readonly #questions = new Map<number, (rows: readonly StatRow[]) => void>();
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff({ first: 200, max: 10_000 });
  #asked = 0;

  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    // Only a proxy with several processes needs it.
    const { fork: start } = await import('node:child_process');
    return new WorkerPool(options, start);
  }

  private constructor(options: WorkerPoolOptions, start: typeof fork) {
    this.#options = options;
    this.#fork = start;
    for (let index = 0; index < options.count; index++) this.#start();
  }

  /** Resolves when every worker serves. */
  async live(): Promise<void> {
    await Promise.all([...this.#workers].map(({ live }) => live.promise));
  }

  /** The main process has taken these. */
  hand(typeUrl: string, added: readonly RawResource[], removed: readonly string[]): void {
    const held = this.#held.get(typeUrl) ?? new Map<string, RawResource>();
    this.#held.set(typeUrl, held);
    for (const one of added) held.set(one.name, one);
    for (const name of removed) held.delete(name);
    this.tell({ kind: 'resources', typeUrl, added: added.map(sent), removed });
  }

  tell(message: ToWorker): void {
    for (const { process } of this.#workers) send(process, message);
  }

  /** What all workers have counted; one that does not answer in time is left out. */
  async rows(): Promise<readonly StatRow[]> {
    const all = await Promise.all([...this.#workers].map(({ process }) => this.#ask(process)));
    return all.flat().filter(({ name }) => !isOfMain(name));
  }

  /** Ends all workers, by force when they take too long. */
  async close(): Promise<void> {
    this.#closing.abort();
    const ends = [...this.#workers].map(
      ({ process }) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => process.kill('SIGKILL'), END_PATIENCE);
          process.once('exit', () => {
            clearTimeout(timer);
            resolve();
          });
          send(process, { kind: 'end' });
        }),
    );
    await Promise.all(ends);
  }

  #start(): void {
    const { program, argv, log } = this.#options;
    const child = this.#fork(program, [...argv], {
      serialization: 'advanced',
      env: { ...process.env, [WORKER_VARIABLE]: '1' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const worker: Worker = { process: child, live: Promise.withResolvers<void>() };
    this.#workers.add(worker);
    child.on('message', (message: FromWorker) => this.#take(worker, message));
    child.on('error', (error) => log.error(`a worker failed: ${error.message}`));
    child.once('exit', (code, signal) => {
      this.#workers.delete(worker);
      // Nobody waits for one that is gone.
      worker.live.resolve();
      if (this.#closing.signal.aborted) return;
      log.error(`a worker ended (${signal ?? `code ${code}`}); another one starts`);
      void this.#backoff.pause(this.#closing.signal).then(() => {
        if (!this.#closing.signal.aborted) this.#start();
      });
    });
    for (const [typeUrl, held] of this.#held) {
      send(child, { kind: 'resources', typeUrl, added: [...held.values()].map(sent), removed: [] });
    }
  }

  #take(worker: Worker, message: FromWorker): void {
    if (message.kind === 'live') {
      this.#backoff.reset();
      worker.live.resolve();
      return;
    }
    this.#questions.get(message.id)?.(message.rows);
    this.#questions.delete(message.id);
  }

  #ask(child: ChildProcess): Promise<readonly StatRow[]> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        resolve([]);
      }, PATIENCE);
      this.#questions.set(id, (rows) => {
        clearTimeout(timer);
        resolve(rows);
      });
      send(child, { kind: 'rows', id });
    });
  }
}

function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}

/** What every process counts alike, because all have the same configuration: the main process's own numbers do. */
function isOfMain(name: string): boolean {
  return /^(cluster_manager|listener_manager|control_plane|server|runtime|tls_inspector)\.|\.(membership_\w+|update_\w+|assignment_\w+|init_fetch_timeout|version|max_host_weight|warming_state)$/.test(
    name,
  );
}
