/** Ends something when nothing has happened for a while. */

import { Timeout } from '../timeout.ts';

export class IdleTimer {
  readonly #timeout: number;
  readonly #onIdle: () => void;
  #timer: Timeout;
  #last = performance.now();

  /** Milliseconds. */
  constructor(timeout: number, onIdle: () => void) {
    this.#timeout = timeout;
    this.#onIdle = onIdle;
    this.#timer = new Timeout(timeout, () => this.#look());
  }

  /** Something has happened. The timer itself is not touched: it looks at the time when it fires. */
  touch(): void {
    this.#last = performance.now();
  }

  stop(): void {
    this.#timer.clear();
  }

  #look(): void {
    const left = this.#timeout - (performance.now() - this.#last);
    if (left <= 0) this.#onIdle();
    else this.#timer = new Timeout(Math.max(1, left), () => this.#look());
  }
}
