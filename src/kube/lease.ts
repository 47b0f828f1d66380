/**
 * Which of several programs does what only one may do: the holder of a Lease, which has to be renewed. As clients of
 * Kubernetes do it, the holder's clock is not believed: a lease has run out when it stayed the same for its duration.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, KubeClient } from './client.ts';
import { ApiFailure } from './failure.ts';

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who this is; no other program may have the same. */
  readonly identity: string;
  readonly times?: LeaseTimes;
  /** Hears why the lease can neither be had nor renewed, when the reason changes. */
  readonly onProblem?: (reason: string) => void;
}

/** Milliseconds. */
export interface LeaseTimes {
  /** After so long without a renewal others take the lease. A whole number of seconds. */
  readonly duration: number;
  /** A holder that could not renew for so long stops what it does. Less than the duration. */
  readonly renewWithin: number;
  /** Between attempts. */
  readonly retry: number;
}

const TIMES: LeaseTimes = { duration: 15_000, renewWithin: 10_000, retry: 2_000 };

interface LeaseRecord {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export class LeaseHolder {
  readonly #client: KubeClient;
  readonly #options: LeaseOptions;
  readonly #times: LeaseTimes;
  /** The record as it was last seen, and when it was first seen so, on this machine's clock. */
  #seen = { text: '', at: 0 };
  #problem = '';
  #isHolder = false;

  constructor(client: KubeClient, options: LeaseOptions) {
    this.#client = client;
    this.#options = options;
    this.#times = options.times ?? TIMES;
  }

  get isHolder(): boolean {
    return this.#isHolder;
  }

  /**
   * Tries for the lease until `signal` aborts. Whenever it is had, `work` runs, and is told by its own signal when
   * the lease is lost; the lease is tried for again when `work` has ended. At the end the lease is given back.
   */
  async run(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      if (await this.#take(signal)) {
        await this.#hold(signal, work);
      } else {
        // Not all at the same time.
        await this.#pause(signal, this.#times.retry * (1 + Math.random()));
      }
    }
  }

  async #hold(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const losing = new AbortController();
    this.#isHolder = true;
    const working = work(AbortSignal.any([signal, losing.signal])).finally(() => losing.abort());
    let renewed = performance.now();
    while (!signal.aborted && !losing.signal.aborted) {
      await this.#pause(AbortSignal.any([signal, losing.signal]), this.#times.retry);
      if (signal.aborted || losing.signal.aborted) break;
      if (await this.#take(signal)) renewed = performance.now();
      else if (performance.now() - renewed > this.#times.renewWithin) break;
    }
    this.#isHolder = false;
    losing.abort();
    await working;
    if (signal.aborted) await this.#giveBack();
  }

  /** Takes or renews the lease. False when another has it, or the server cannot be asked. */
  async #take(signal: AbortSignal): Promise<boolean> {
    try {
      const isTaken = await this.#attempt(
        AbortSignal.any([signal, AbortSignal.timeout(this.#times.renewWithin / 2)]),
      );
      this.#problem = '';
      return isTaken;
    } catch (error) {
      if (!signal.aborted) this.#tell((error as Error).message);
      return false;
    }
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { identity } = this.#options;
    const found = await this.#find(signal);
    if (found === undefined) return this.#put('POST', this.#collection, undefined, this.#record({}), signal);
    const record = (found['spec'] ?? {}) as LeaseRecord;
    const text = JSON.stringify(record);
    if (text !== this.#seen.text) this.#seen = { text, at: performance.now() };
    const { holderIdentity: holder = '', leaseDurationSeconds = 0 } = record;
    const isValid = performance.now() - this.#seen.at < leaseDurationSeconds * 1_000;
    if (holder !== '' && holder !== identity && isValid) return false;
    return this.#put('PUT', this.#path, found, this.#record(record), signal);
  }

  async #find(signal: AbortSignal): Promise<Answer | undefined> {
    try {
      return await this.#client.get(this.#path, { signal });
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return undefined;
      throw error;
    }
  }

  /** What the lease says when this program has it. */
  #record(before: LeaseRecord): LeaseRecord {
    const { identity } = this.#options;
    // With microseconds, as the API wants it.
    const now = new Date().toISOString().replace('Z', '000Z');
    const isOwn = before.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.round(this.#times.duration / 1_000),
      acquireTime: isOwn ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions:
        (before.leaseTransitions ?? 0) + (isOwn || before.holderIdentity === undefined ? 0 : 1),
    };
  }

  /** False when another was faster. */
  async #put(
    method: 'POST' | 'PUT',
    path: string,
    found: Answer | undefined,
    spec: LeaseRecord,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { namespace, name } = this.#options;
    const metadata = found?.['metadata'] ?? { name, namespace };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    try {
      const written = await this.#client.write(method, path, { signal, body });
      this.#seen = { text: JSON.stringify(written['spec']), at: performance.now() };
      return true;
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 409) return false;
      throw error;
    }
  }

  /** So that another need not wait until it runs out. That it cannot be given back changes nothing else. */
  async #giveBack(): Promise<void> {
    const signal = AbortSignal.timeout(this.#times.retry);
    try {
      const found = await this.#find(signal);
      const record = (found?.['spec'] ?? {}) as LeaseRecord;
      if (found === undefined || record.holderIdentity !== this.#options.identity) return;
      await this.#put(
        'PUT',
        this.#path,
        found,
        { ...record, holderIdentity: '', leaseDurationSeconds: 1 },
        signal,
      );
    } catch (error) {
      this.#tell((error as Error).message);
    }
  }

  #tell(reason: string): void {
    if (reason === this.#problem) return;
    this.#problem = reason;
    this.#options.onProblem?.(reason);
  }

  async #pause(signal: AbortSignal, milliseconds: number): Promise<void> {
    try {
      await wait(milliseconds, undefined, { signal, ref: false });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  get #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(this.#options.namespace)}/leases`;
  }

  get #path(): string {
    return `${this.#collection}/${encodeURIComponent(this.#options.name)}`;
  }
}
