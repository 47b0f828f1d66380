/** Ends something when nothing has happened for a while. */

export class IdleTimer {
  readonly #timeout: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout;
  #last = performance.now();

  /** Milliseconds. */
  constructor(timeout: number, onIdle: () => void) {
    this.#timeout = timeout;
    this.#onIdle = onIdle;
    this.#timer = setTimeout(() => this.#look(), timeout);
  }

  /** Something has happened. The timer itself is not touched: it looks at the time when it fires. */
  touch(): void {
    this.#last = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const left = this.#timeout - (performance.now() - this.#last);
    if (left <= 0) this.#onIdle();
    else this.#timer = setTimeout(() => this.#look(), Math.max(1, left));
  }
}
