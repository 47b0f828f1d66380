/** The tries of a request that may still be answered: mostly one, more where those that take too long go on (`hedge_policy`). */

import type { UpstreamTry } from './upstream-try.ts';

const NONE: readonly UpstreamTry[] = [];

export class TriesInFlight {
  newest: UpstreamTry | undefined;
  /** Earlier ones that take too long; few requests have any. */
  #hedged = NONE;

  /** Those that are not over. */
  get all(): readonly UpstreamTry[] {
    const { newest } = this;
    const all = newest === undefined ? this.#hedged : [...this.#hedged, newest];
    return all.filter(({ over }) => !over);
  }

  /** It goes on, and another one will be made beside it. */
  hedge(attempt: UpstreamTry): void {
    attempt.hedged = true;
    this.#hedged = [...this.#hedged, attempt];
    this.leave(attempt);
  }

  /** It is the newest no longer. */
  leave(attempt: UpstreamTry): void {
    if (this.newest === attempt) this.newest = undefined;
  }

  /** Whether another one than this may still be answered. */
  hasOther(attempt: UpstreamTry): boolean {
    return this.#hedged !== NONE && this.all.some((one) => one !== attempt);
  }

  /** Nobody waits for the others any more; false when there were none. */
  settle(attempt: UpstreamTry): boolean {
    if (this.#hedged === NONE) return false;
    for (const other of this.all) if (other !== attempt) other.abandon();
    this.#hedged = NONE;
    this.newest = attempt;
    return true;
  }

  abandon(): void {
    this.newest?.abandon();
    for (const attempt of this.#hedged) attempt.abandon();
  }
}
