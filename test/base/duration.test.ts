import { describe, expect, test } from 'vitest';
import { isDurationSyntax, parseDuration, parseDurationMs } from '../../src/base/duration.ts';

describe('parseDuration', () => {
  test.each([
    ['0', 0n],
    ['+0', 0n],
    ['-0', 0n],
    ['1ns', 1n],
    ['1us', 1_000n],
    ['1µs', 1_000n],
    ['1μs', 1_000n],
    ['1ms', 1_000_000n],
    ['1.5s', 1_500_000_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['1h30m', 5_400_000_000_000n],
    ['-1m', -60_000_000_000n],
    ['+2s', 2_000_000_000n],
    ['1.0000000019s', 1_000_000_001n],
    ['9223372036854775807ns', 9_223_372_036_854_775_807n],
    ['0000000000000000000000001s', 1_000_000_000n],
  ])('reads %s as %d nanoseconds', (text, nanos) => {
    expect(parseDuration(text)).toBe(nanos);
  });

  test.each(['', '5', '1.', '.s', 's', '1 s', '1h 30m', '1d', '1e3s', '--1s', '1s-', 'abc', '٣s'])(
    'takes %j for no duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
      expect(isDurationSyntax(text)).toBe(false);
    },
  );

  test.each(['9223372036854775808ns', '2562048h', '99999999999999999999h', '2562047h1h'])(
    'has no value for %s, which 64 bits cannot hold',
    (text) => {
      expect(isDurationSyntax(text)).toBe(true);
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test('counts milliseconds with their fraction', () => {
    expect(parseDurationMs('1.5ms')).toBe(1.5);
    expect(parseDurationMs('2s')).toBe(2000);
    expect(parseDurationMs('soon')).toBeUndefined();
  });
});
