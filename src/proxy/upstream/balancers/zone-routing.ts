/** Which share of requests stays in the proxy's own locality, when clusters are spread over several. */

import { compareLocalities } from '../host.ts';
import type { HostSet, LocalityHosts } from '../host-set.ts';
import type { BalancerStats, ZoneAware } from './balancer.ts';

export type ZoneRouting =
  | { readonly kind: 'none' }
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'residual';
      /** Of 10,000. */
      readonly localShare: number;
      /** Capacity that localities have left, summed up from the first. */
      readonly residual: readonly number[];
    };

const NONE: ZoneRouting = { kind: 'none' };

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware */
export function zoneRouting(
  upstream: HostSet,
  local: HostSet,
  config: ZoneAware,
  stats: BalancerStats,
): ZoneRouting {
  stats.recalculateZoneStructures.value++;
  if (upstream.localities.length < 2) return NONE;
  if (local.localities.length < 2 && !config.forceLocalityDirectRouting) return NONE;
  if (!local.hasOwnLocality || (local.localities[0]?.all.length ?? 0) === 0) {
    stats.localClusterNotOk.value++;
    return NONE;
  }
  if (upstream.healthy.length < config.minClusterSize) {
    stats.zoneClusterTooSmall.value++;
    return NONE;
  }
  const shares = sharesOf(local.localities, upstream.localities);
  const [own] = shares;
  if (upstream.hasOwnLocality && own !== undefined) {
    if ((own.upstream > 0 && own.upstream >= own.local) || config.forceLocalityDirectRouting) {
      return { kind: 'direct' };
    }
  }
  const localShare =
    upstream.hasOwnLocality && own !== undefined && own.local > 0
      ? Math.trunc((own.upstream * 10_000) / own.local)
      : 0;
  let sum = 0;
  const residual = shares.map((share, index) => {
    if (!(index === 0 && upstream.hasOwnLocality)) sum += Math.max(0, share.upstream - share.local);
    return sum;
  });
  return { kind: 'residual', localShare, residual };
}

/** Index of the locality for one request. */
export function chooseZone(
  routing: Exclude<ZoneRouting, { kind: 'none' }>,
  random: () => number,
  stats: BalancerStats,
): number {
  if (routing.kind === 'direct') {
    stats.zoneRoutingAllDirectly.value++;
    return 0;
  }
  if (random() % 10_000 < routing.localShare) {
    stats.zoneRoutingSampled.value++;
    return 0;
  }
  stats.zoneRoutingCrossZone.value++;
  const { residual } = routing;
  const total = residual[residual.length - 1] ?? 0;
  if (total === 0) {
    stats.zoneNoCapacityLeft.value++;
    return random() % residual.length;
  }
  const at = random() % total;
  return residual.findIndex((sum) => at < sum);
}

function sharesOf(local: readonly LocalityHosts[], upstream: readonly LocalityHosts[]) {
  const count = (some: readonly LocalityHosts[]) =>
    some.reduce((sum, { healthy }) => sum + healthy.length, 0);
  const localTotal = count(local);
  const upstreamTotal = count(upstream);
  const share = (part: number, total: number) => (total > 0 ? Math.trunc((10_000 * part) / total) : 0);
  return upstream.map(({ locality, healthy }) => {
    if (healthy.length === 0) return { local: 0, upstream: 0 };
    const same = local.find((one) => compareLocalities(one.locality, locality) === 0);
    return {
      local: share(same?.healthy.length ?? 0, localTotal),
      upstream: share(healthy.length, upstreamTotal),
    };
  });
}
