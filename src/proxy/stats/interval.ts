/**
 * What histograms got of late. Envoy closes an interval every few seconds; here that happens when someone looks
 * and the interval is old enough, so that nothing runs while nobody does.
 */

import { type HistogramBins, subtractBins } from './log-linear-histogram.ts';
import { type StatRow, rowTitle } from './store.ts';

export class HistogramIntervals {
  readonly #length: number;
  readonly #clock: () => number;
  #closed = new Map<string, HistogramBins>();
  #shown = new Map<string, HistogramBins>();
  #closedAt: number;

  /** `length`: the shortest interval in milliseconds; `clock`: milliseconds since any moment. */
  constructor(length: number, clock: () => number = () => performance.now()) {
    this.#length = length;
    this.#clock = clock;
    this.#closedAt = clock();
  }

  /** What came in the last interval, by the titles of the rows. */
  of(rows: readonly StatRow[]): ReadonlyMap<string, HistogramBins> {
    const now = this.#clock();
    if (now - this.#closedAt < this.#length) return this.#shown;
    this.#closedAt = now;
    const before = this.#closed;
    this.#closed = new Map();
    this.#shown = new Map();
    for (const row of rows) {
      if (row.kind !== 'histogram' || row.bins.length === 0) continue;
      const title = rowTitle(row);
      this.#closed.set(title, row.bins);
      this.#shown.set(title, subtractBins(row.bins, before.get(title) ?? []));
    }
    return this.#shown;
  }
}
