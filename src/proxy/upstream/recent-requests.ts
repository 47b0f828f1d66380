/** Requests at an endpoint of a cluster, and how many of them began lately: what a retry budget with an interval counts. */

import type { ResourceLimit } from './types.ts';

/** Into so many parts an interval is cut: a request is forgotten together with all that began in the same part. */
const SLOTS = 10;

/**
 * Each try counts from the moment that it is sent to an endpoint, whether it is over or not. Requests that wait for a
 * connection do not count yet. So do Envoy's: RetryBudgetImpl in source/common/upstream/resource_manager_impl.h.
 */
export class RecentRequests implements ResourceLimit {
  readonly max: number;
  readonly #slot: number;
  readonly #now: () => number;
  readonly #counts = Array.from({ length: SLOTS }, () => 0);
  #current = 0;
  #started = 0;
  /** Number of the part of time that is going on. */
  #at: number;

  /** `interval` and `now` in milliseconds. */
  constructor(max: number, interval: number, now: () => number = () => performance.now()) {
    this.max = max;
    this.#slot = interval / SLOTS;
    this.#now = now;
    this.#at = Math.floor(now() / this.#slot);
  }

  get current(): number {
    return this.#current;
  }

  /** One more than before is a request that begins. */
  set current(value: number) {
    if (value > this.#current) {
      this.#forget();
      this.#started++;
      this.#counts[this.#at % SLOTS] = (this.#counts[this.#at % SLOTS] ?? 0) + 1;
    }
    this.#current = value;
  }

  /** How many began within the interval. */
  started(): number {
    this.#forget();
    return this.#started;
  }

  #forget(): void {
    const at = Math.floor(this.#now() / this.#slot);
    const passed = Math.min(at - this.#at, SLOTS);
    for (let step = 1; step <= passed; step++) {
      const index = (this.#at + step) % SLOTS;
      this.#started -= this.#counts[index] ?? 0;
      this.#counts[index] = 0;
    }
    this.#at = at;
  }
}
