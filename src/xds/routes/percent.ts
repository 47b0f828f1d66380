/** Shares of requests. */

import type { FractionalPercentSchema } from '../proto/generated/envoy/type/v3/percent_pb.js';
import { FractionalPercent_DenominatorType } from '../proto/generated/envoy/type/v3/percent_pb.js';
import type { Init } from '../values.ts';

export type Fraction = Init<typeof FractionalPercentSchema>;

const { HUNDRED, MILLION } = FractionalPercent_DenominatorType;

/** A percentage with a fraction, to the ten-thousandth of a percent. */
export function fractionOf(percentage: { readonly value?: number }): Fraction {
  return { numerator: Math.trunc((percentage.value ?? 0) * 10_000 + 1e-6), denominator: MILLION };
}

/** A whole percentage. */
export function wholePercent(percent: number): Fraction {
  return { numerator: percent, denominator: HUNDRED };
}
