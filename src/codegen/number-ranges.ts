/** What the formats of integers allow. The API server does not check them, so they become limits. */

import type { SchemaNode } from '../api/schema.ts';

const RANGES: Readonly<Record<string, { minimum?: number; maximum?: number }>> = {
  int32: { minimum: -2147483648, maximum: 2147483647 },
  uint32: { minimum: 0, maximum: 4294967295 },
  uint64: { minimum: 0 },
};

/** The limits of a number: its own, where they are narrower than its format's. */
export function numberLimits(node: SchemaNode): { minimum?: number; maximum?: number } {
  const range = node.type === 'integer' ? RANGES[node.format ?? ''] : undefined;
  const minimum = narrower(Math.max, node.minimum, range?.minimum);
  const maximum = narrower(Math.min, node.maximum, range?.maximum);
  return { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
}

function narrower(
  choose: (left: number, right: number) => number,
  own: number | undefined,
  range: number | undefined,
): number | undefined {
  if (own === undefined || range === undefined) return own ?? range;
  return choose(own, range);
}
