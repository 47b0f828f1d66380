/** All statistics of the process: scopes share them by prefix, and readers get rows of them. */

import { type HistogramBins, LogLinearHistogram, addBins } from './log-linear-histogram.ts';
import type { Counter, Gauge, Histogram, StatsScope, StatTags } from './stats.ts';

class CounterCell implements Counter {
  value = 0;
}

class GaugeCell implements Gauge {
  value = 0;
}

type Cell = CounterCell | GaugeCell | LogLinearHistogram;

interface Tagged {
  readonly name: string;
  readonly tags: StatTags;
  readonly cell: Cell;
}

/** What is counted under one prefix, for as long as a scope holds it. */
interface Group {
  readonly prefix: string;
  readonly cells: Map<string, Cell>;
  tagged: Map<string, Tagged> | undefined;
  holders: number;
}

interface RowName {
  /** In full, as `cluster.a.upstream_rq_total`; without `tags`. */
  readonly name: string;
  readonly tags: StatTags | undefined;
}

/** One statistic at one moment. Plain data: rows travel between processes. */
export type StatRow =
  | (RowName & { readonly kind: 'counter' | 'gauge'; readonly value: number })
  | (RowName & { readonly kind: 'histogram'; readonly bins: HistogramBins });

/** Whether a statistic of that full name is kept at all (`stats_matcher`). */
export type StatFilter = (name: string) => boolean;

/** Told of each value of each histogram that is kept; `title` as `rowTitle` gives it. */
export type OnRecord = (title: string, value: number) => void;

interface Keeping {
  readonly keeps: StatFilter;
  readonly onRecord: OnRecord | undefined;
}

export class StatsStore {
  readonly #groups = new Map<string, Group>();
  readonly root: StatsScope;
  readonly #keeping: Keeping;

  constructor(keeps: StatFilter = () => true, onRecord?: OnRecord) {
    this.#keeping = { keeps, onRecord };
    this.root = this.#open('');
  }

  /** All that is held, in no order; what two scopes call by the same full name comes once, added up. */
  rows(): readonly StatRow[] {
    const rows: StatRow[] = [];
    for (const { prefix, cells, tagged } of this.#groups.values()) {
      for (const [name, cell] of cells) rows.push(rowOf(prefix + name, undefined, cell));
      for (const { name, tags, cell } of tagged?.values() ?? []) rows.push(rowOf(prefix + name, tags, cell));
    }
    return rows;
  }

  /** Sets every counter to 0; histograms and gauges stay. */
  resetCounters(): void {
    for (const { cells, tagged } of this.#groups.values()) {
      for (const cell of cells.values()) if (cell instanceof CounterCell) cell.value = 0;
      for (const { cell } of tagged?.values() ?? []) if (cell instanceof CounterCell) cell.value = 0;
    }
  }

  #open(name: string): StatsScope {
    // As in Envoy: a colon would end the name for those whom statistics are sent to.
    const prefix = name.replaceAll(/:\/\/|:/g, '_');
    let group = this.#groups.get(prefix);
    if (group === undefined) {
      group = { prefix, cells: new Map(), tagged: undefined, holders: 0 };
      this.#groups.set(prefix, group);
    }
    group.holders++;
    return new Scope(
      group,
      this.#keeping,
      (inner) => this.#open(inner),
      (left) => {
        left.holders--;
        if (left.holders === 0) this.#groups.delete(left.prefix);
      },
    );
  }
}

class Scope implements StatsScope {
  readonly #group: Group;
  readonly #keeping: Keeping;
  readonly #openInner: (prefix: string) => StatsScope;
  readonly #leave: (group: Group) => void;
  readonly #inner: StatsScope[] = [];
  #released = false;

  constructor(
    group: Group,
    keeping: Keeping,
    open: (prefix: string) => StatsScope,
    leave: (group: Group) => void,
  ) {
    this.#group = group;
    this.#keeping = keeping;
    this.#openInner = open;
    this.#leave = leave;
  }

  get prefix(): string {
    return this.#group.prefix;
  }

  counter(name: string, tags?: StatTags): Counter {
    const cell = this.#cell(name, tags, () => new CounterCell());
    if (cell instanceof CounterCell) return cell;
    throw new Error(`${this.prefix}${name} is no counter`);
  }

  gauge(name: string, tags?: StatTags): Gauge {
    const cell = this.#cell(name, tags, () => new GaugeCell());
    if (cell instanceof GaugeCell) return cell;
    throw new Error(`${this.prefix}${name} is no gauge`);
  }

  histogram(name: string, tags?: StatTags): Histogram {
    const cell = this.#cell(name, tags, (isKept) => this.#makeHistogram(name, tags, isKept));
    if (cell instanceof LogLinearHistogram) return cell;
    throw new Error(`${this.prefix}${name} is no histogram`);
  }

  scope(name: string): StatsScope {
    const inner = this.#openInner(this.prefix + name);
    // The outermost scope is never released, so that it need not know who is inside.
    if (this.prefix !== '') this.#inner.push(inner);
    return inner;
  }

  release(): void {
    if (this.#released || this.prefix === '') return;
    this.#released = true;
    for (const inner of this.#inner) inner.release();
    this.#leave(this.#group);
  }

  #makeHistogram(name: string, tags: StatTags | undefined, isKept: boolean): LogLinearHistogram {
    const { onRecord } = this.#keeping;
    if (onRecord === undefined || !isKept) return new LogLinearHistogram();
    const title = rowTitle({ name: this.prefix + name, tags });
    return new LogLinearHistogram((value) => onRecord(title, value));
  }

  #cell(name: string, tags: StatTags | undefined, make: (isKept: boolean) => Cell): Cell {
    const group = this.#group;
    if (tags === undefined) {
      let cell = group.cells.get(name);
      if (cell === undefined) {
        const isKept = this.#keeping.keeps(group.prefix + name);
        cell = make(isKept);
        if (isKept) group.cells.set(name, cell);
      }
      return cell;
    }
    const key = [name, ...tags.flat()].join('\0');
    group.tagged ??= new Map();
    let tagged = group.tagged.get(key);
    if (tagged === undefined) {
      const isKept = this.#keeping.keeps(group.prefix + name);
      tagged = { name, tags, cell: make(isKept) };
      if (isKept) group.tagged.set(key, tagged);
    }
    return tagged.cell;
  }
}

function rowOf(name: string, tags: StatTags | undefined, cell: Cell): StatRow {
  if (cell instanceof LogLinearHistogram) return { kind: 'histogram', name, tags, bins: cell.bins };
  return { kind: cell instanceof CounterCell ? 'counter' : 'gauge', name, tags, value: cell.value };
}

/** What a row is known by: its name with its tags, in the form that `/stats` shows. */
export function rowTitle({ name, tags }: Pick<StatRow, 'name' | 'tags'>): string {
  return tags === undefined ? name : [name, ...tags.flat()].join('.');
}

/** Rows of several processes (or scopes) as one: the same statistic is added up. In the order of their titles. */
export function mergeRows(rows: Iterable<StatRow>): readonly StatRow[] {
  const merged = new Map<string, StatRow>();
  for (const row of rows) {
    const title = rowTitle(row);
    const known = merged.get(title);
    merged.set(title, known === undefined ? row : addRows(known, row));
  }
  return [...merged].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
}

function addRows(one: StatRow, other: StatRow): StatRow {
  if (one.kind === 'histogram') {
    return other.kind === 'histogram' ? { ...one, bins: addBins(one.bins, other.bins) } : one;
  }
  return other.kind === 'histogram' ? one : { ...one, value: one.value + other.value };
}
