/**
 * Streams that wait for their turn to be sent something, and the bound on bytes that are on their way to proxies
 * over all of them.
 */

/** What the queue serves. */
export interface Sender {
  /**
   * Sends one response if there is something to send; undefined when there is nothing, or its turn comes later.
   * What it returns is given back when the bytes are on their way.
   */
  sendOne(): number | undefined;
}

/** Milliseconds of sending before other work gets a turn; shorter while connections come. */
const SLICE = { usual: 5, whileConnecting: 1 } as const;

/**
 * Milliseconds for which sending waits while connections come, and then goes on in any case. An event loop takes a
 * few connections a round: when thousands come at once, as after a restart, rounds have to be short, or those that
 * wait give up and come again.
 */
const HOLD = 250;

export class SendQueue {
  readonly #limit: number;
  readonly #waiting = new Set<Sender>();
  #inFlight = 0;
  #isScheduled = false;
  #hasArrivals = false;
  /** Times of the clock; 0 when sending does not wait. */
  #holdUntil = 0;
  #sendUntil = 0;

  /** `limit` in bytes. One response may go beyond it, so that any response can be sent. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytesInFlight(): number {
    return this.#inFlight;
  }

  /** Gives the sender a turn, after those that wait already. */
  add(sender: Sender): void {
    this.#waiting.add(sender);
    this.#schedule();
  }

  remove(sender: Sender): void {
    this.#waiting.delete(sender);
  }

  /** Notes that a connection has come: more may wait. */
  noteArrival(): void {
    this.#hasArrivals = true;
    const now = performance.now();
    if (now >= this.#holdUntil && now >= this.#sendUntil) this.#holdUntil = now + HOLD;
  }

  /** Gives back what `sendOne` said; the sender may have more to send. */
  sent(bytes: number): void {
    this.#inFlight -= bytes;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0 || this.#inFlight >= this.#limit) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#serve();
      this.#schedule();
    });
  }

  #serve(): void {
    const now = performance.now();
    const hasArrivals = this.#hasArrivals;
    this.#hasArrivals = false;
    if (hasArrivals && now < this.#holdUntil) return;
    // A round without a connection ends the waiting early.
    if (this.#holdUntil > 0) this.#sendUntil = now + HOLD;
    this.#holdUntil = 0;
    const end = now + (hasArrivals ? SLICE.whileConnecting : SLICE.usual);
    for (const sender of this.#waiting) {
      if (this.#inFlight >= this.#limit) return;
      this.#waiting.delete(sender);
      this.#inFlight += sender.sendOne() ?? 0;
      if (performance.now() >= end) return;
    }
  }
}
