/**
 * Counters, gauges and histograms under Envoy's dotted names. On the hot path a counter is a plain number that its
 * user holds and adds to; names are put together once, when a listener, cluster or filter is made.
 * https://www.envoyproxy.io/docs/envoy/latest/operations/stats_overview
 */

/** Grows only; add with `counter.value += n`. */
export interface Counter {
  value: number;
}

/** Goes up and down; set `gauge.value`. */
export interface Gauge {
  value: number;
}

export interface Histogram {
  /** In the unit that its name says: milliseconds for `_ms` and for names without a unit, bytes for `_size`. */
  record(value: number): void;
}

/** Labels of a statistic in the Prometheus form, for names that carry more than Envoy's dotted name. */
export type StatTags = readonly (readonly [name: string, value: string])[];

/** Statistics that are shown from the start, and made when they are used. */
export type DeclaredStats = readonly {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
}[];

/** Whoever knows numbers that nobody has to keep for him: they are asked for when someone looks. */
export interface Measured {
  gauges(): Iterable<readonly [name: string, value: number]>;
}

/** Statistics under one prefix. The same name gives the same counter for as long as anyone holds the scope. */
export interface StatsScope {
  /** With the dot at its end, as `cluster.outbound|80||a.b.svc.cluster.local.`. */
  readonly prefix: string;
  counter(name: string, tags?: StatTags): Counter;
  gauge(name: string, tags?: StatTags): Gauge;
  histogram(name: string, tags?: StatTags): Histogram;
  /** Colons of the name become underscores, as in Envoy, unless `keepsColons`: names of virtual hosts stay as they are. */
  scope(name: string, keepsColons?: boolean): StatsScope;
  /** They are shown with 0 for as long as nobody makes them: of many clusters few are used. */
  declare(stats: DeclaredStats): void;
  /** Its gauges are shown until this scope is released; the latest under one prefix counts. */
  measure(measured: Measured): void;
  /** The owner is gone: names that no other scope holds are no longer shown. */
  release(): void;
}
