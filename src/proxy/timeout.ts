/** Ends what has not come in time. */

/**
 * What has come in time is read first. After a while in which the process was busy, or had no processor, Node.js runs
 * the timers that are due before it looks at its sockets, where what was waited for may stand; Envoy looks at them first.
 */
export class Timeout {
  readonly #timer: NodeJS.Timeout;
  #isNext: NodeJS.Immediate | undefined;

  /** Milliseconds. */
  constructor(milliseconds: number, onOver: () => void) {
    this.#timer = setTimeout(() => (this.#isNext = setImmediate(onOver)), milliseconds);
  }

  /** It alone keeps no process from ending. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#isNext);
  }
}
