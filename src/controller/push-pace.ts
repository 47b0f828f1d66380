/** When proxies are told of changes: gathered, so that what belongs together arrives together, but no later than needed. */

import type { KindKey } from '../api/kind-info.ts';
import { Debouncer, type DebounceTimes } from '../config/sources/debounce.ts';

/**
 * Changes of these alone make sense by themselves, and traffic fails until proxies know of them. Those of other kinds
 * often come several together: a subset, and the route to it.
 */
const ENDPOINT_KINDS: ReadonlySet<KindKey> = new Set(['core/Endpoints', 'discovery.k8s.io/EndpointSlice']);

export class PushPace {
  readonly #quiet: number;
  readonly #debouncer: Debouncer;
  #kinds = new Set<KindKey>();
  /** When something last changed or was sent, by `performance.now()`. */
  #busyAt = Number.NEGATIVE_INFINITY;

  /** `push` gets the kinds of what has changed since it was called before. */
  constructor(times: DebounceTimes, push: (kinds: ReadonlySet<KindKey>) => void) {
    this.#quiet = times.quiet;
    this.#debouncer = new Debouncer(times, () => {
      const kinds = this.#kinds;
      this.#kinds = new Set();
      push(kinds);
      this.#busyAt = performance.now();
    });
  }

  /** Tells of changed objects by their kinds; without any of a change that no object shows. */
  changed(kinds: readonly KindKey[]): void {
    for (const kind of kinds) this.#kinds.add(kind);
    const now = performance.now();
    // Where endpoints change all the time, they are gathered as everything is.
    const isAlone = now - this.#busyAt >= this.#quiet;
    this.#busyAt = now;
    const isUrgent = isAlone && kinds.length > 0 && kinds.every((kind) => ENDPOINT_KINDS.has(kind));
    this.#debouncer.trigger(isUrgent ? 0 : undefined);
  }

  cancel(): void {
    this.#debouncer.cancel();
  }
}
