/**
 * Earliest deadline first: everyone is picked in proportion to a weight, and evenly spread. An entry with weight w is due
 * every 1/w; what is due first is picked, and of those due at once the one that was entered first.
 */

interface Entry<T> {
  readonly value: T;
  deadline: number;
  order: number;
}

export class EdfScheduler<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #weightOf: (value: T) => number;
  #now = 0;
  #entered = 0;

  /**
   * Weights must be above 0. `start` (0 to 1) is where in the sequence picking begins, so that many proxies that get the
   * same endpoints at once do not all begin with the same one.
   */
  constructor(values: readonly T[], weightOf: (value: T) => number, start: number) {
    this.#weightOf = weightOf;
    let smallest = Infinity;
    const weights = values.map((value) => {
      const weight = weightOf(value);
      smallest = Math.min(smallest, weight);
      return weight;
    });
    if (values.length > 0) this.#now = (start * values.length) / smallest;
    for (const [index, value] of values.entries()) {
      const weight = weights[index] ?? 1;
      const picks = Math.floor(this.#now * weight);
      this.#push({ value, deadline: (picks + 1) / weight, order: this.#entered++ });
    }
  }

  /** The next in turn; it is entered again with the weight that it has now. */
  pick(): T | undefined {
    const entry = this.#heap[0];
    if (entry === undefined) return undefined;
    this.#now = entry.deadline;
    entry.deadline = this.#now + 1 / this.#weightOf(entry.value);
    entry.order = this.#entered++;
    this.#sink(0);
    return entry.value;
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const entry = heap[start];
    if (entry === undefined) return;
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const first = heap[left];
      if (first === undefined) break;
      const second = heap[left + 1];
      const isRight = second !== undefined && isBefore(second, first);
      const child = isRight ? second : first;
      if (!isBefore(child, entry)) break;
      heap[index] = child;
      index = isRight ? left + 1 : left;
    }
    heap[index] = entry;
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
