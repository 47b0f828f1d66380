/**
 * A histogram with Envoy's bins: two significant digits, so that a value is known to a tenth of its size.
 * https://github.com/openhistogram/libcircllhist
 */

/** Bins of 0 and of each whole number below 100; behind them 90 bins for each further power of ten. */
const SMALL = 100;
const BINS_PER_POWER = 90;
/** Values above are counted as this one. */
const MAX_VALUE = 9.9e15;

/** Upper bounds of the buckets that Prometheus sees. */
export const BUCKET_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

export const QUANTILES: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

function binOf(value: number): number {
  if (value < SMALL) return value > 0 ? Math.round(value) : 0;
  let rest = Math.min(value, MAX_VALUE);
  let index = SMALL - 10;
  while (rest >= 100) {
    rest /= 10;
    index += BINS_PER_POWER;
  }
  return index - BINS_PER_POWER + Math.floor(rest);
}

/** The smallest value of a bin, and how far it reaches. */
function edgesOf(bin: number): { left: number; width: number } {
  if (bin === 0) return { left: 0, width: 0 };
  if (bin < 10) return { left: bin, width: 0.1 };
  if (bin < SMALL) return { left: bin, width: 1 };
  const power = Math.floor((bin - SMALL) / BINS_PER_POWER) + 1;
  const width = 10 ** power;
  return { left: (((bin - SMALL) % BINS_PER_POWER) + 10) * width, width };
}

/** Counts by bin: pairs of a bin's number and its count, in rising order. */
export type HistogramBins = readonly (readonly [bin: number, count: number])[];

/** So many different bins are looked through one by one; with more of them each has a place of its own. */
const MOST_PAIRS = 24;
/** A pair is one number, which V8 keeps in place: the bin stands above the count. */
const BIN = 2 ** 20;
const NO_PAIRS: number[] = [];

/** Nearly all histograms of a mesh hold the few values of a cluster that is hardly used. */
export class LogLinearHistogram {
  #pairs: number[] | undefined;
  /** By bin, once there are many. */
  #counts: number[] | undefined;
  readonly #onRecord: ((value: number) => void) | undefined;

  /** `onRecord` is told of each value too. */
  constructor(onRecord?: (value: number) => void) {
    this.#onRecord = onRecord;
  }

  /** `value` is a whole number of the histogram's unit, or is rounded to one. */
  record(value: number): void {
    this.#onRecord?.(value);
    const bin = binOf(value);
    const counts = this.#counts;
    if (counts === undefined) {
      this.#recordPair(bin);
      return;
    }
    while (counts.length <= bin) counts.push(0);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }

  #recordPair(bin: number): void {
    const pairs = this.#pairs ?? NO_PAIRS;
    const least = bin * BIN;
    for (let index = 0; index < pairs.length; index++) {
      const pair = pairs[index] ?? 0;
      if (pair < least || pair >= least + BIN) continue;
      pairs[index] = pair + 1;
      if (pair + 2 === least + BIN) this.#spread(pairs);
      return;
    }
    // Not pushed: a list that grows so has room for seventeen.
    const more = [...pairs, least + 1];
    if (more.length <= MOST_PAIRS) this.#pairs = more;
    else this.#spread(more);
  }

  #spread(pairs: readonly number[]): void {
    const counts: number[] = [];
    for (const pair of pairs) {
      const bin = Math.floor(pair / BIN);
      while (counts.length <= bin) counts.push(0);
      counts[bin] = pair % BIN;
    }
    this.#counts = counts;
    this.#pairs = undefined;
  }

  get bins(): HistogramBins {
    if (this.#pairs !== undefined) {
      const sorted = this.#pairs.toSorted((left, right) => left - right);
      return sorted.map((pair) => [Math.floor(pair / BIN), pair % BIN] as const);
    }
    const bins: [number, number][] = [];
    for (const [bin, count] of this.#counts?.entries() ?? []) if (count > 0) bins.push([bin, count]);
    return bins;
  }
}

export function countOf(bins: HistogramBins): number {
  return bins.reduce((sum, [, count]) => sum + count, 0);
}

/** About the sum of all values: each counts as the middle of its bin, as Envoy has it. */
export function sumOf(bins: HistogramBins): number {
  let sum = 0;
  for (const [bin, count] of bins) {
    const { left, width } = edgesOf(bin);
    if (bin > 0) sum += (count * 2 * left * (left + width)) / (2 * left + width);
  }
  return sum;
}

/** Values by quantile; undefined without values. */
export function quantilesOf(bins: HistogramBins, quantiles = QUANTILES): readonly number[] | undefined {
  const total = countOf(bins);
  if (total === 0) return undefined;
  return quantiles.map((quantile) => {
    let below = 0;
    for (const [bin, count] of bins) {
      // Quantiles such as 0.999 are not exact numbers; what they stand for is.
      const wanted = Math.max(1, Math.ceil(Number((quantile * total).toPrecision(12))) - below);
      if (wanted <= count) {
        const { left, width } = edgesOf(bin);
        return left + (width * wanted) / (count + 1);
      }
      below += count;
    }
    return 0;
  });
}

/** How many values are at most as large as each bound. */
export function countsUpTo(bins: HistogramBins, bounds = BUCKET_BOUNDS): readonly number[] {
  return bounds.map((bound) =>
    bins.reduce((sum, [bin, count]) => (edgesOf(bin).left <= bound ? sum + count : sum), 0),
  );
}

export function addBins(one: HistogramBins, other: HistogramBins): HistogramBins {
  const sums = new Map(one);
  for (const [bin, count] of other) sums.set(bin, (sums.get(bin) ?? 0) + count);
  return [...sums].filter(([, count]) => count > 0).sort(([left], [right]) => left - right);
}

export function subtractBins(from: HistogramBins, what: HistogramBins): HistogramBins {
  return addBins(
    from,
    what.map(([bin, count]) => [bin, -count] as const),
  );
}
