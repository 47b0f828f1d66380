/** What a histogram holds of its values, however many there are. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogLinearHistogram, countOf } from '../../../src/proxy/stats/log-linear-histogram.ts';

const binsOf = (values: Iterable<number>) => {
  const histogram = new LogLinearHistogram();
  for (const value of values) histogram.record(value);
  return histogram.bins;
};

describe('the bins of a histogram', () => {
  test('count each value once, in rising order, whatever came first', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(150), fc.nat(1e9)), { maxLength: 200 }), (values) => {
        const bins = binsOf(values);
        expect(countOf(bins)).toBe(values.length);
        expect(bins.map(([bin]) => bin)).toEqual(
          [...new Set(bins.map(([bin]) => bin))].sort((a, b) => a - b),
        );
        // One after the other, each in a histogram of its own, they are the same.
        const single = new Map<number, number>();
        for (const value of values) {
          const bin = binsOf([value])[0]?.[0] ?? -1;
          single.set(bin, (single.get(bin) ?? 0) + 1);
        }
        expect(new Map(bins)).toEqual(single);
      }),
    );
  });

  test('count more of one value than a million', () => {
    const histogram = new LogLinearHistogram();
    histogram.record(7);
    for (let count = 0; count < 1_100_000; count++) histogram.record(12_345);
    histogram.record(7);
    expect(histogram.bins.map(([, count]) => count)).toEqual([2, 1_100_000]);
  });
});
