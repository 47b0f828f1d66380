/** Statistics as lines for statsd. https://github.com/statsd/statsd/blob/master/docs/metric_types.md */

import { type StatRow, rowTitle } from '../store.ts';

/** Counters that have counted and gauges that were ever other than 0, as Envoy sends them at each flush. */
export class StatsdLines {
  readonly #prefix: string;
  /** What counters stood at when they were last sent. */
  readonly #sent = new Map<string, number>();
  readonly #gauges = new Set<string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** How much each counter has grown since the last call, and what each gauge is. */
  flush(rows: readonly StatRow[]): readonly string[] {
    const lines: string[] = [];
    const here = new Set<string>();
    for (const row of rows) {
      if (row.kind === 'histogram') continue;
      const title = rowTitle(row);
      here.add(title);
      if (row.kind === 'counter') {
        const before = this.#sent.get(title);
        if (before === undefined && row.value === 0) continue;
        this.#sent.set(title, row.value);
        // A worker that died has taken what it counted with it; that is nothing that was uncounted.
        lines.push(`${this.#prefix}${title}:${Math.max(0, row.value - (before ?? 0))}|c`);
      } else if (row.value !== 0 || this.#gauges.has(title)) {
        this.#gauges.add(title);
        lines.push(`${this.#prefix}${title}:${row.value}|g`);
      }
    }
    // Of listeners and clusters that are gone; if they come again, they count from 0.
    for (const title of this.#sent.keys()) if (!here.has(title)) this.#sent.delete(title);
    for (const title of this.#gauges) if (!here.has(title)) this.#gauges.delete(title);
    return lines;
  }

  /** Every counter was set to 0 after the last flush. */
  restart(): void {
    for (const title of this.#sent.keys()) this.#sent.set(title, 0);
  }

  /** One value of a histogram: to statsd all of them are timers in milliseconds. */
  timer(title: string, value: number): string {
    return `${this.#prefix}${title}:${Math.round(value)}|ms`;
  }
}
