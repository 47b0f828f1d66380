/** The statistics that both proxies have to agree on. */

import type { Engine } from './engines.ts';

/** Names without the part that differs by setup. */
export const MAIN: readonly RegExp[] = [
  /^http\.(common|apart_\d+)\.downstream_rq_(total|completed|[1-5]xx|http1_total|http2_total|non_relative_path|timeout|too_large)$/,
  /^http\.(common|apart_\d+)\.(no_route|no_cluster|rq_direct_response|rq_redirect|rq_total|rq_reset_after_downstream_response_started|rs_too_large)$/,
  /^http\.(common|apart_\d+)\.(cors|fault|csrf)\./,
  /^cluster\.[^.]+\.(internal\.|external\.)?upstream_rq_(\d\d\d|[1-5]xx|completed|total)$/,
  /^cluster\.[^.]+\.upstream_rq_(retry|retry_success|retry_overflow|retry_limit_exceeded|pending_overflow|timeout|per_try_timeout|maintenance_mode)$/,
  /^cluster\.[^.]+\.upstream_cx_(none_healthy|connect_fail)$/,
  /^cluster\.[^.]+\.upstream_internal_redirect_/,
  /^http\.(common|apart_\d+)\.passthrough_internal_redirect_/,
  /http_local_rate_limit\./,
  /^cluster\.[^.]+\.grpc\./,
  /^vhost\./,
];

/** Main counters of both by name, Envoy's first; those that are 0 in both are left out. */
export async function mainCounters(
  engines: readonly [Engine, Engine],
): Promise<Readonly<Record<string, readonly [number, number]>>> {
  const [envoy, other] = await Promise.all(engines.map((engine) => engine.stats()));
  const names = new Set([...(envoy?.keys() ?? []), ...(other?.keys() ?? [])]);
  const all: Record<string, readonly [number, number]> = {};
  for (const name of [...names].sort()) {
    if (!MAIN.some((pattern) => pattern.test(name))) continue;
    const pair = [envoy?.get(name) ?? 0, other?.get(name) ?? 0] as const;
    if (pair[0] !== 0 || pair[1] !== 0) all[name] = pair;
  }
  return all;
}
