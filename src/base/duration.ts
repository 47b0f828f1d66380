/** Durations as Go and protobuf write them: `1h30m`, `0.5s`, `-10ms`. */

const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // U+00B5, the micro sign, and U+03BC, the Greek letter.
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** One millisecond, in the unit of `parseDuration`. */
export const MILLISECOND = 1_000_000n;
/** One second, in the unit of `parseDuration`. */
export const SECOND = 1_000_000_000n;

// A duration is kept in 64 bits, so it ends at about 292 years.
const LONGEST = 9_223_372_036_854_775_807n;

const SYNTAX = /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const TERM = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g;

/** Whether the text is written like a duration; it may still be too long to hold. */
export function isDurationSyntax(text: string): boolean {
  return SYNTAX.test(text);
}

/**
 * Nanoseconds of a duration, rounded towards zero; undefined when the text is none, or is longer than 64
 * bits hold. https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): bigint | undefined {
  if (!SYNTAX.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(TERM)) {
    // Nothing that counts has more digits, and the cost of a big number grows with their square.
    const significant = whole.replace(/^0+/, '');
    if (significant.length > 19) return undefined;
    const nanos = NANOS[unit] ?? 0n;
    const digits = fraction.slice(0, 18);
    total += BigInt(significant === '' ? '0' : significant) * nanos;
    if (digits !== '') total += (BigInt(digits) * nanos) / 10n ** BigInt(digits.length);
    if (total > LONGEST) return undefined;
  }
  return text.startsWith('-') ? -total : total;
}

/** Milliseconds of a duration, with a fraction where there is one; undefined as for `parseDuration`. */
export function parseDurationMs(text: string): number | undefined {
  const nanos = parseDuration(text);
  return nanos === undefined ? undefined : Number(nanos) / 1e6;
}
