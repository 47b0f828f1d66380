/** Whether connections should end at the next chance, as those of a listener that is gone. */

import { Bag } from '../../base/bag.ts';

export class DrainState {
  #draining = false;
  readonly #listeners = new Bag<() => void>();

  get draining(): boolean {
    return this.#draining;
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    // One of them may have others leave.
    for (let next = this.#listeners.take(); next !== undefined; next = this.#listeners.take()) next();
  }

  /** Called once, at once when it drains already. Returns what ends that. */
  onDrain(listener: () => void): () => void {
    if (this.#draining) {
      listener();
      return () => undefined;
    }
    const place = this.#listeners.add(listener);
    return () => void this.#listeners.delete(place);
  }
}
