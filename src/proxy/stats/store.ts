/** All statistics of the process: scopes share them by prefix, and readers get rows of them. */

import { type HistogramBins, LogLinearHistogram, addBins } from './log-linear-histogram.ts';
import type { Counter, DeclaredStats, Gauge, Histogram, Measured, StatsScope, StatTags } from './stats.ts';

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
  /** Undefined while there is none: of many clusters few are used. */
  cells: Map<string, Cell> | undefined;
  tagged: Map<string, Tagged> | undefined;
  /** Each list is the same object for all groups of its kind. */
  declared: DeclaredStats[] | undefined;
  measured: Measured[] | undefined;
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

/** What scopes need of their store; one for all of them. */
interface ScopeOwner {
  readonly keeps: StatFilter;
  readonly onRecord: OnRecord | undefined;
  open(prefix: string, keepsColons?: boolean): StatsScope;
  leave(group: Group): void;
}

export class StatsStore {
  readonly #groups = new Map<string, Group>();
  readonly root: StatsScope;
  readonly #owner: ScopeOwner;

  constructor(keeps: StatFilter = () => true, onRecord?: OnRecord) {
    this.#owner = {
      keeps,
      onRecord,
      open: (prefix, keepsColons) => this.#open(prefix, keepsColons),
      leave: (group) => {
        group.holders--;
        if (group.holders === 0) this.#groups.delete(group.prefix);
      },
    };
    this.root = this.#open('');
  }

  /** All that is held, in no order; what two scopes call by the same full name comes once, added up. */
  rows(): readonly StatRow[] {
    const rows: StatRow[] = [];
    for (const { prefix, cells, tagged, declared, measured } of this.#groups.values()) {
      for (const [name, cell] of cells ?? []) rows.push(rowOf(prefix + name, undefined, cell));
      for (const { name, tags, cell } of tagged?.values() ?? []) rows.push(rowOf(prefix + name, tags, cell));
      for (const list of declared ?? []) {
        for (const one of list) if (cells?.has(one.name) !== true) rows.push(unused(prefix, one));
      }
      for (const [name, value] of measured?.at(-1)?.gauges() ?? []) {
        if (this.#owner.keeps(prefix + name))
          rows.push({ kind: 'gauge', name: prefix + name, tags: undefined, value });
      }
    }
    return rows;
  }

  /** Sets every counter to 0; histograms and gauges stay. */
  resetCounters(): void {
    for (const { cells, tagged } of this.#groups.values()) {
      for (const cell of cells?.values() ?? []) if (cell instanceof CounterCell) cell.value = 0;
      for (const { cell } of tagged?.values() ?? []) if (cell instanceof CounterCell) cell.value = 0;
    }
  }

  #open(name: string, keepsColons = false): StatsScope {
    // As in Envoy: a colon would end the name for those whom statistics are sent to.
    const prefix = keepsColons ? name : name.replaceAll(/:\/\/|:/g, '_');
    let group = this.#groups.get(prefix);
    if (group === undefined) {
      group = {
        prefix,
        cells: undefined,
        tagged: undefined,
        declared: undefined,
        measured: undefined,
        holders: 0,
      };
      this.#groups.set(prefix, group);
    }
    group.holders++;
    return new Scope(group, this.#owner);
  }
}

class Scope implements StatsScope {
  readonly #group: Group;
  readonly #owner: ScopeOwner;
  #inner: StatsScope[] | undefined;
  #measured: Measured | undefined;
  #released = false;

  constructor(group: Group, owner: ScopeOwner) {
    this.#group = group;
    this.#owner = owner;
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

  scope(name: string, keepsColons?: boolean): StatsScope {
    const inner = this.#owner.open(this.prefix + name, keepsColons);
    // The outermost scope is never released, so that it need not know who is inside.
    if (this.prefix !== '') (this.#inner ??= []).push(inner);
    return inner;
  }

  declare(stats: DeclaredStats): void {
    const group = this.#group;
    const kept = stats.every(({ name }) => this.#owner.keeps(group.prefix + name))
      ? stats
      : stats.filter(({ name }) => this.#owner.keeps(group.prefix + name));
    // The next owner of a prefix says the same again.
    const isKnown = group.declared?.some((list) => list === kept || list[0] === kept[0]) === true;
    if (kept.length > 0 && !isKnown) group.declared = [...(group.declared ?? []), kept];
  }

  measure(measured: Measured): void {
    this.#forgetMeasured();
    this.#measured = measured;
    this.#group.measured = [...(this.#group.measured ?? []), measured];
  }

  release(): void {
    if (this.#released || this.prefix === '') return;
    this.#released = true;
    for (const inner of this.#inner ?? []) inner.release();
    this.#forgetMeasured();
    this.#owner.leave(this.#group);
  }

  #forgetMeasured(): void {
    const group = this.#group;
    if (this.#measured !== undefined)
      group.measured = group.measured?.filter((one) => one !== this.#measured);
  }

  #makeHistogram(name: string, tags: StatTags | undefined, isKept: boolean): LogLinearHistogram {
    const { onRecord } = this.#owner;
    if (onRecord === undefined || !isKept) return new LogLinearHistogram();
    const title = rowTitle({ name: this.prefix + name, tags });
    return new LogLinearHistogram((value) => onRecord(title, value));
  }

  #cell(name: string, tags: StatTags | undefined, make: (isKept: boolean) => Cell): Cell {
    const group = this.#group;
    if (tags === undefined) {
      let cell = group.cells?.get(name);
      if (cell === undefined) {
        const isKept = this.#owner.keeps(group.prefix + name);
        cell = make(isKept);
        if (isKept) (group.cells ??= new Map()).set(name, cell);
      }
      return cell;
    }
    const key = [name, ...tags.flat()].join('\0');
    group.tagged ??= new Map();
    let tagged = group.tagged.get(key);
    if (tagged === undefined) {
      const isKept = this.#owner.keeps(group.prefix + name);
      tagged = { name, tags, cell: make(isKept) };
      if (isKept) group.tagged.set(key, tagged);
    }
    return tagged.cell;
  }
}

const NO_VALUES = new LogLinearHistogram().bins;

function unused(prefix: string, { kind, name }: DeclaredStats[number]): StatRow {
  const row = { name: prefix + name, tags: undefined };
  return kind === 'histogram' ? { ...row, kind, bins: NO_VALUES } : { ...row, kind, value: 0 };
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
