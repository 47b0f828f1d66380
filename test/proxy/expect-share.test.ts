import { describe, expect, test } from 'vitest';
import { expectSameShare, expectShare, shareBounds } from './expect-share.ts';

describe('shares of what is decided by chance', () => {
  test('have bounds outside of which less than one in ten million is, and hardly less', () => {
    // That 24 are all alike is likelier than one in twenty million, which is the part of either side; that 25 are is not.
    expect(shareBounds(24, 0.5)).toEqual([0, 24]);
    expect(shareBounds(25, 0.5)).toEqual([1, 24]);
    // Near the normal distribution, 5.33 standard deviations of 10.
    expect(shareBounds(400, 0.5)).toEqual([147, 253]);
    // Lopsided, where the distribution is.
    const [fewest, most] = shareBounds(400, 1 / 128);
    expect(fewest).toBe(0);
    expect(most).toBeGreaterThan(400 / 128 + 5.33 * Math.sqrt(400 / 128));
  });

  test.each([
    ['a canary of 90% for one of 80%', 800, 0.9, 0.8],
    ['halves for two thirds', 400, 0.5, 2 / 3],
    ['three quarters for halves', 200, 0.75, 0.5],
  ])('tell %s', (_, n, right, wrong) => {
    expect(() => expectShare(n * right, n, right)).not.toThrow();
    expect(() => expectShare(Math.round(n * wrong), n, right)).toThrow('should be');
  });

  test('are the same where the difference may be chance', () => {
    expect(() => expectSameShare(48, 60, 240)).not.toThrow();
    expect(() => expectSameShare(48, 120, 240)).toThrow('48 and 120 of 240');
    expect(() => expectSameShare(0, 1, 240)).not.toThrow();
  });
});
