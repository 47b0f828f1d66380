/** Runs something once for many events: when they have paused, and at the latest after a while. */

export interface DebounceTimes {
  /** Milliseconds without an event. */
  readonly quiet: number;
  /** Milliseconds from the first event at most. */
  readonly max: number;
}

export class Debouncer {
  readonly #times: DebounceTimes;
  readonly #run: () => void;
  #quiet: NodeJS.Timeout | undefined;
  #latest: NodeJS.Timeout | undefined;

  constructor(times: DebounceTimes, run: () => void) {
    this.#times = times;
    this.#run = run;
  }

  /** Tells of an event; `quiet` takes the place of the usual pause for this one. */
  trigger(quiet: number = this.#times.quiet): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#fire(), quiet);
    this.#latest ??= setTimeout(() => this.#fire(), this.#times.max);
  }

  #fire(): void {
    this.cancel();
    this.#run();
  }

  cancel(): void {
    clearTimeout(this.#quiet);
    clearTimeout(this.#latest);
    this.#quiet = undefined;
    this.#latest = undefined;
  }
}
