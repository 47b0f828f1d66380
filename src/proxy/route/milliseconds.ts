import type { Duration } from '@bufbuild/protobuf/wkt';

/** A duration in milliseconds. */
export function milliseconds({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1_000_000;
}
