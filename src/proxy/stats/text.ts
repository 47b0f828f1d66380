/** Statistics as `/stats` of Envoy's admin interface shows them. */

import {
  BUCKET_BOUNDS,
  type HistogramBins,
  QUANTILES,
  countsUpTo,
  quantilesOf,
} from './log-linear-histogram.ts';
import { type StatRow, rowTitle } from './store.ts';

export type BucketMode = 'summary' | 'cumulative' | 'disjoint';

type Intervals = ReadonlyMap<string, HistogramBins>;
type HistogramRow = Extract<StatRow, { kind: 'histogram' }>;

/** A line for each row: counters and gauges first, histograms behind them. */
export function statsText(rows: readonly StatRow[], intervals: Intervals, mode: BucketMode): string {
  const numbers = rows.filter((row) => row.kind !== 'histogram');
  const histograms = rows.filter((row) => row.kind === 'histogram');
  const lines = [
    ...numbers.map((row) => `${rowTitle(row)}: ${row.value}`),
    ...histograms.map((row) => `${rowTitle(row)}: ${histogramText(row, intervals, mode)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function histogramText(row: HistogramRow, intervals: Intervals, mode: BucketMode): string {
  if (row.bins.length === 0) return 'No recorded values';
  const interval = intervals.get(rowTitle(row)) ?? [];
  if (mode === 'summary') {
    const recent = quantilesOf(interval);
    return (quantilesOf(row.bins) ?? [])
      .map((value, index) => `P${(QUANTILES[index] ?? 0) * 100}(${recent?.[index] ?? 'nan'},${value})`)
      .join(' ');
  }
  const all = counts(row.bins, mode);
  const recent = counts(interval, mode);
  return BUCKET_BOUNDS.map(
    (bound, index) => `B${boundText(bound)}(${recent[index] ?? 0},${all[index] ?? 0})`,
  ).join(' ');
}

function counts(bins: HistogramBins, mode: BucketMode): readonly number[] {
  const upTo = countsUpTo(bins);
  return mode === 'disjoint' ? upTo.map((count, index) => count - (upTo[index - 1] ?? 0)) : upTo;
}

/** As C++ prints a double: exponents from a million on. */
function boundText(bound: number): string {
  return bound < 1e6 ? String(bound) : `${bound / 1e6}e+06`;
}

/** The form of `format=json`. */
export function statsJson(rows: readonly StatRow[], intervals: Intervals, mode: BucketMode): unknown {
  const stats: unknown[] = [];
  const histograms: HistogramRow[] = [];
  for (const row of rows) {
    if (row.kind === 'histogram') histograms.push(row);
    else stats.push({ name: rowTitle(row), value: row.value });
  }
  if (histograms.length === 0) return { stats };
  if (mode === 'summary') {
    const computed = histograms.map((row) => {
      const cumulative = quantilesOf(row.bins);
      const interval = quantilesOf(intervals.get(rowTitle(row)) ?? []);
      const values = QUANTILES.map((_, index) => ({
        cumulative: cumulative?.[index] ?? null,
        interval: interval?.[index] ?? null,
      }));
      return { name: rowTitle(row), values };
    });
    const supported = QUANTILES.map((quantile) => quantile * 100);
    stats.push({ histograms: { supported_quantiles: supported, computed_quantiles: computed } });
  } else {
    const buckets = histograms.map((row) => {
      const all = counts(row.bins, mode);
      const recent = counts(intervals.get(rowTitle(row)) ?? [], mode);
      return {
        name: rowTitle(row),
        buckets: BUCKET_BOUNDS.map((bound, index) => ({
          upper_bound: bound,
          interval: recent[index] ?? 0,
          cumulative: all[index] ?? 0,
        })),
      };
    });
    stats.push({ histograms: buckets });
  }
  return { stats };
}
