/** Consistent hashing that passes over endpoints which have far more than their share of the requests. */

import type { Endpoint } from '../host.ts';
import type { HashTable, WeightedHost } from './consistent-hash.ts';

/** `factor` is in percent of the mean load: https://arxiv.org/abs/1608.01350, https://arxiv.org/abs/1908.08762 */
export function boundedLoad(
  table: HashTable,
  hosts: readonly WeightedHost[],
  factor: number,
  activeRequests: () => number,
): HashTable {
  const weights = new Map(hosts.map(({ host, weight }) => [host, weight]));
  const overload = (host: Endpoint, weight: number) => {
    const slots = Math.trunc(((activeRequests() + 1) * factor + 99) / 100);
    return host.stats.rqActive / Math.max(1, Math.ceil(slots * weight));
  };
  return (hash, attempt) => {
    const host = table(hash, attempt);
    if (host === undefined) return undefined;
    let least = overload(host, weights.get(host) ?? 0);
    if (least <= 1) return host;
    let best = host;
    // The order of the others is random, but always the same for the same hash.
    const random = mersenneTwister(Number(hash & 0xffff_ffffn));
    const order = hosts.map((_, index) => index);
    for (let index = 0; index < order.length; index++) {
      const other = index + below(random, order.length - index);
      const chosen = order[other] ?? 0;
      order[other] = order[index] ?? 0;
      order[index] = chosen;
      const candidate = hosts[chosen];
      if (candidate === undefined || candidate.host === host) continue;
      const load = overload(candidate.host, candidate.weight);
      if (load <= 1) return candidate.host;
      if (load < least) {
        least = load;
        best = candidate.host;
      }
    }
    return best;
  };
}

function below(random: () => number, bound: number): number {
  const bucket = Math.floor(2 ** 32 / bound);
  for (;;) {
    const value = Math.floor(random() / bucket);
    if (value < bound) return value;
  }
}

/** MT19937, which `std::mt19937` is: http://www.math.sci.hiroshima-u.ac.jp/m-mat/MT/emt.html */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let index = 1; index < 624; index++) {
    const before = state[index - 1] ?? 0;
    state[index] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + index;
  }
  let at = 624;
  return () => {
    if (at === 624) {
      for (let index = 0; index < 624; index++) {
        const mixed = ((state[index] ?? 0) & 0x8000_0000) | ((state[(index + 1) % 624] ?? 0) & 0x7fff_ffff);
        state[index] =
          (state[(index + 397) % 624] ?? 0) ^ (mixed >>> 1) ^ ((mixed & 1) === 0 ? 0 : 0x9908_b0df);
      }
      at = 0;
    }
    let value = state[at++] ?? 0;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c_5680;
    value ^= (value << 15) & 0xefc6_0000;
    return (value ^ (value >>> 18)) >>> 0;
  };
}
