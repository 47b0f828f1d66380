/** How much of everything a cluster may have at once, for each of the two routing priorities. */

import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
} from '../../xds/proto/generated/envoy/config/cluster/v3/circuit_breaker_pb.js';
import { RoutingPriority } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { InvalidConfigError, refuseFields } from '../config-error.ts';
import type { Gauge, StatsScope } from '../stats/stats.ts';
import type { CircuitBreaker, ResourceLimit } from './types.ts';

/** Envoy's defaults. */
const DEFAULTS = { connections: 1024, pendingRequests: 1024, requests: 1024, retries: 3 };
const UNLIMITED = 4_294_967_295;

class Limit implements ResourceLimit {
  readonly max: number;
  readonly open: Gauge;
  readonly #remaining: Gauge | undefined;
  #current = 0;

  constructor(max: number, open: Gauge, remaining: Gauge | undefined) {
    this.max = max;
    this.open = open;
    this.#remaining = remaining;
    this.current = 0;
  }

  get current(): number {
    return this.#current;
  }

  set current(value: number) {
    this.#current = value;
    this.open.value = value >= this.max ? 1 : 0;
    if (this.#remaining !== undefined) this.#remaining.value = Math.max(0, this.max - value);
  }
}

export interface Breakers {
  readonly default: CircuitBreaker;
  readonly high: CircuitBreaker;
}

/** The statistics are `circuit_breakers.default.*` and `circuit_breakers.high.*` of the cluster's scope. */
export function circuitBreakers(
  owner: string,
  config: CircuitBreakers | undefined,
  scope: StatsScope,
): Breakers {
  refuseFields(`${owner}.circuit_breakers`, {
    per_host_thresholds: (config?.perHostThresholds ?? []).length > 0,
  });
  const of = (priority: RoutingPriority) => config?.thresholds.find((one) => one.priority === priority);
  return {
    default: breaker(owner, of(RoutingPriority.DEFAULT), scope.scope('circuit_breakers.default.')),
    high: breaker(owner, of(RoutingPriority.HIGH), scope.scope('circuit_breakers.high.')),
  };
}

function breaker(
  owner: string,
  config: CircuitBreakers_Thresholds | undefined,
  scope: StatsScope,
): CircuitBreaker {
  const tracks = config?.trackRemaining === true;
  const limit = (max: number | undefined, byDefault: number, open: string, remaining: string) =>
    new Limit(max ?? byDefault, scope.gauge(open), tracks ? scope.gauge(remaining) : undefined);
  const requests = limit(config?.maxRequests, DEFAULTS.requests, 'rq_open', 'remaining_rq');
  const pendingRequests = limit(
    config?.maxPendingRequests,
    DEFAULTS.pendingRequests,
    'rq_pending_open',
    'remaining_pending',
  );
  const pools = new Limit(
    config?.maxConnectionPools ?? UNLIMITED,
    scope.gauge('cx_pool_open'),
    tracks ? scope.gauge('remaining_cx_pools') : undefined,
  );
  const budget = config?.retryBudget;
  const percent = budget?.budgetPercent?.value ?? 20;
  if (percent < 0 || percent > 100) {
    throw new InvalidConfigError(
      `${owner}.circuit_breakers.retry_budget.budget_percent`,
      'not from 0 to 100',
    );
  }
  const least = budget?.minRetryConcurrency ?? 3;
  return {
    connections: limit(config?.maxConnections, DEFAULTS.connections, 'cx_open', 'remaining_cx'),
    pendingRequests,
    requests,
    retries: limit(config?.maxRetries, DEFAULTS.retries, 'rq_retry_open', 'remaining_retries'),
    ...(budget !== undefined && {
      retryBudget: () =>
        Math.max(Math.trunc((percent / 100) * (requests.current + pendingRequests.current)), least),
    }),
    maxConnectionPools: config?.maxConnectionPools === undefined ? undefined : pools.max,
  };
}
