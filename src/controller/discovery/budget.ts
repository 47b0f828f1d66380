/** Bounds the bytes that are on their way to proxies, over all streams. */

export class ByteBudget {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  /** `limit` in bytes. One response may go beyond it, so that any response can be sent. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves when there is room, in the order of asking. What is sent is decided after that, so it is the newest. */
  async room(): Promise<void> {
    if (this.#inFlight < this.#limit && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  take(bytes: number): void {
    this.#inFlight += bytes;
    this.#wake();
  }

  /** Gives bytes back; zero passes the turn on when nothing was sent. */
  give(bytes: number): void {
    this.#inFlight -= bytes;
    this.#wake();
  }

  #wake(): void {
    if (this.#inFlight < this.#limit) this.#waiting.shift()?.();
  }
}
