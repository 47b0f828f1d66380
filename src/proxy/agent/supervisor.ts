/** Keeps the engine running, and ends it in good order. */

import { setTimeout as wait } from 'node:timers/promises';
import { Backoff } from '../../base/backoff.ts';
import type { Log } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { type Engine, type EngineExit, exitText, type Readiness, type RunningEngine } from './engine.ts';

export interface SupervisorOptions {
  readonly engine: Engine;
  readonly bootstrapFile: string;
  /** Sidecars let what they send go on while they drain. */
  readonly inboundOnly: boolean;
  /** Milliseconds, as all times here: between the drain and the end. */
  readonly terminationDrainDuration: number;
  /** The end waits until nothing is connected, but at least this long; undefined where it does not wait. */
  readonly minimumDrainDuration: number | undefined;
  readonly log: Log;
  readonly backoff?: Backoff;
  /** How long an engine that answers has to stay to count as one that its bootstrap suits. */
  readonly settle?: number;
  /** Between two questions for how many connections there are. */
  readonly connectionCheck?: number;
}

/** An engine that ran so long was well; the next restart is quick again. */
const WELL_AFTER = 60_000;
const CONNECTION_CHECK = 1_000;
const SETTLE = 1_000;
/** Failures to learn how many connections there are, one after another, after which the end comes anyway. */
const CONNECTION_RETRIES = 5;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  readonly #ending = new AbortController();
  #running: RunningEngine | undefined;
  #hasServed = false;
  #isDrained = false;
  #isQuick = false;
  #restarts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff({ first: 500, max: 30_000 });
  }

  /** Whether the engine ever got so far as to answer and stay; from then on it is restarted. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Runs the engine until `end` is called, and again whenever it ends by itself. Throws a `MeshError` when it ends
   * before it was ever ready to be asked anything: then its bootstrap is at fault, which no restart mends.
   */
  async run(): Promise<void> {
    const { engine, bootstrapFile, log } = this.#options;
    while (!this.#ending.signal.aborted) {
      const started = Date.now();
      const running = await engine.start(bootstrapFile);
      this.#running = running;
      // The end may have come while it was being started.
      if (this.#ending.signal.aborted) return running.stop();
      log.info(`${engine.title} is started`, { bootstrap: bootstrapFile });
      if (this.#isDrained) await this.#askToDrain(running);
      if (!this.#hasServed) void this.#watchFirst(running);
      const exit = await running.exited;
      this.#running = undefined;
      if (this.#ending.signal.aborted) return;
      if (!this.#hasServed) throw endedEarly(engine.title, exit);
      if (Date.now() - started > WELL_AFTER) this.#backoff.reset();
      this.#restarts++;
      log.error(`${engine.title} has ended and is started again`, {
        how: exitText(exit),
        said: exit.lastWords,
        ...(exit.signal === 'SIGKILL' ? { note: 'perhaps it had no memory left' } : {}),
      });
      await this.#backoff.pause(this.#ending.signal);
    }
  }

  async readiness(): Promise<Readiness> {
    if (this.#isDrained || this.#ending.signal.aborted) return { isReady: false, reason: 'the proxy drains' };
    const running = this.#running;
    if (running === undefined) return { isReady: false, reason: 'the proxy does not run' };
    return running.ready();
  }

  /** Has the listeners closed now; the end then comes without a wait. */
  async drainNow(): Promise<void> {
    this.#isDrained = true;
    this.#isQuick = true;
    if (this.#running !== undefined) await this.#askToDrain(this.#running);
  }

  /** The end, when it comes, comes at once. */
  skipDrain(): void {
    this.#isQuick = true;
  }

  signal(signal: NodeJS.Signals): void {
    this.#running?.signal(signal);
  }

  /** Drains, waits as it is configured, and ends the engine. A second call ends it at once. */
  async end(): Promise<void> {
    const isSecond = this.#ending.signal.aborted;
    this.#ending.abort();
    const running = this.#running;
    if (running === undefined) return;
    if (!isSecond && !this.#isQuick) {
      await Promise.race([this.#drainAndWait(running), running.exited]);
    }
    await running.stop();
  }

  async #drainAndWait(running: RunningEngine): Promise<void> {
    const { terminationDrainDuration, minimumDrainDuration, log } = this.#options;
    this.#isDrained = true;
    await this.#askToDrain(running);
    if (minimumDrainDuration === undefined) {
      log.info('the proxy drains before it ends', { milliseconds: terminationDrainDuration });
      await pause(terminationDrainDuration);
      return;
    }
    log.info('the proxy drains until nothing is connected', { atLeastMilliseconds: minimumDrainDuration });
    await pause(minimumDrainDuration);
    await this.#untilUnconnected(running);
  }

  async #untilUnconnected(running: RunningEngine): Promise<void> {
    const { log, connectionCheck = CONNECTION_CHECK } = this.#options;
    let failures = 0;
    while (failures < CONNECTION_RETRIES) {
      try {
        const active = await running.activeConnections();
        failures = 0;
        if (active === undefined || active === 0) return;
        log.debug('connections are still open', { active });
      } catch (error) {
        failures++;
        log.warn('the proxy does not say how many connections it has', { reason: (error as Error).message });
      }
      await pause(connectionCheck);
    }
  }

  async #askToDrain(running: RunningEngine): Promise<void> {
    try {
      await running.drain({ inboundOnly: this.#options.inboundOnly });
    } catch (error) {
      this.#options.log.warn('the proxy cannot be asked to drain', { reason: (error as Error).message });
    }
  }

  async #watchFirst(running: RunningEngine): Promise<void> {
    const ended = running.exited.then(() => true);
    const { settle = SETTLE } = this.#options;
    for (let answers = false; !answers; answers = await running.answers()) {
      if (await Promise.race([ended, wait(100, false, { ref: false })])) return;
    }
    // It may answer before it has come to what it cannot do.
    this.#hasServed = !(await Promise.race([ended, wait(settle, false, { ref: false })]));
  }
}

/** A pause that the program does not wait for: when the engine is gone, there is nothing left to drain. */
function pause(milliseconds: number): Promise<void> {
  return wait(milliseconds, undefined, { ref: false });
}

function endedEarly(title: string, exit: EngineExit): MeshError {
  const said = exit.lastWords === '' ? '' : `: ${exit.lastWords}`;
  return new MeshError('EngineFailed', `${title} ended with ${exitText(exit)} before it served${said}`, {
    hint: 'Its log above says why; often a port is taken or the bootstrap is wrong.',
  });
}
