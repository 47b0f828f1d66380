/** Shares of requests: a fraction, or weights. */

import {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
} from '../../xds/proto/generated/envoy/type/v3/percent_pb.js';

const { HUNDRED, TEN_THOUSAND } = FractionalPercent_DenominatorType;

function whole({ denominator }: Pick<FractionalPercent, 'denominator'>): number {
  if (denominator === HUNDRED) return 100;
  return denominator === TEN_THOUSAND ? 10_000 : 1_000_000;
}

/** Whether a request with this random number belongs to the share. */
export function fractionFits(share: FractionalPercent, random: number): boolean {
  return random % whole(share) < share.numerator;
}

/** From 0 to 100. */
export function percentOf(share: FractionalPercent): number {
  return (share.numerator * 100) / whole(share);
}

/** The item that the random number falls to; undefined when no weight is above 0. */
export function weighted<Item extends { readonly weight: number }>(
  items: readonly Item[],
  random: number,
): Item | undefined {
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  let left = total === 0 ? 0 : random % total;
  for (const item of items) {
    if (left < item.weight) return item;
    left -= item.weight;
  }
  return undefined;
}
