/** How long to wait before the next attempt: longer each time, and never the same for all clients. */

import { setTimeout as wait } from 'node:timers/promises';

export interface BackoffTimes {
  /** Milliseconds before the second attempt, at most. */
  readonly first: number;
  /** Milliseconds between attempts at most. */
  readonly max: number;
}

export class Backoff {
  readonly #times: BackoffTimes;
  readonly #random: () => number;
  #attempts = 0;

  constructor(times: BackoffTimes, random: () => number = Math.random) {
    this.#times = times;
    this.#random = random;
  }

  /** Milliseconds to wait now: between half of a bound and the bound, which doubles until the greatest. */
  next(): number {
    const { first, max } = this.#times;
    const bound = Math.min(max, first * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return bound / 2 + (this.#random() * bound) / 2;
  }

  /** Something went well. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Waits; at least `atLeast` milliseconds if the server named a time. Ends at once when `signal` aborts. */
  async pause(signal: AbortSignal, atLeast = 0): Promise<void> {
    try {
      await wait(Math.max(this.next(), atLeast), undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
