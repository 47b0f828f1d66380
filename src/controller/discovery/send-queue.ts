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

/**
 * Milliseconds of sending before other work gets a turn. An event loop takes one connection a round: while many
 * come, as after a restart, rounds have to be short, or those that wait give up and come again.
 */
const SLICE = { usual: 5, whileConnecting: 1 } as const;

export class SendQueue {
  readonly #limit: number;
  readonly #waiting = new Set<Sender>();
  #inFlight = 0;
  #isScheduled = false;
  #hasArrivals = false;

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
    const end = performance.now() + (this.#hasArrivals ? SLICE.whileConnecting : SLICE.usual);
    this.#hasArrivals = false;
    for (const sender of this.#waiting) {
      if (this.#inFlight >= this.#limit) return;
      this.#waiting.delete(sender);
      this.#inFlight += sender.sendOne() ?? 0;
      if (performance.now() >= end) return;
    }
  }
}
