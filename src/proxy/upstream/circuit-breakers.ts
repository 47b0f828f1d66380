/** How much of everything a cluster may have at once, for each of the two routing priorities. */

import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
  CircuitBreakers_Thresholds_RetryBudget,
} from '../../xds/proto/generated/envoy/config/cluster/v3/circuit_breaker_pb.js';
import { RoutingPriority } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { InvalidConfigError, milliseconds, refuseFields } from '../config-error.ts';
import { RecentRequests } from './recent-requests.ts';
import { Shared } from './shared.ts';
import type { CircuitBreaker, ResourceLimit } from './types.ts';

/** Envoy's defaults. */
const DEFAULTS = { connections: 1024, pendingRequests: 1024, requests: 1024, retries: 3 };
const UNLIMITED = 4_294_967_295;

type Priority = 'default' | 'high';
const PRIORITIES: readonly Priority[] = ['default', 'high'];

/** How many retries are allowed with so many requests. */
interface RetryBudget {
  readonly percent: number;
  readonly least: number;
  /** Over how many milliseconds requests count from their start; 0 when those that are active now do. */
  readonly interval: number;
}

/** What the configuration says of one priority. */
export interface BreakerLimits {
  readonly connections: number;
  readonly pendingRequests: number;
  readonly requests: number;
  readonly retries: number;
  /** Undefined when it is not limited. */
  readonly connectionPools?: number | undefined;
  readonly tracksRemaining: boolean;
  readonly retryBudget?: RetryBudget | undefined;
}

const SHARED = new Shared<BreakerLimits>();

class Limit implements ResourceLimit {
  current = 0;
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }
}

/** Names of the gauges: `circuit_breakers.default.cx_open` and so on. */
const GAUGES = [
  ['connections', 'cx_open', 'remaining_cx'],
  ['pendingRequests', 'rq_pending_open', 'remaining_pending'],
  ['requests', 'rq_open', 'remaining_rq'],
  ['retries', 'rq_retry_open', 'remaining_retries'],
] as const;

export class Breakers {
  readonly #limits: readonly [normal: BreakerLimits, high: BreakerLimits];
  #default: CircuitBreaker | undefined;
  #high: CircuitBreaker | undefined;

  /** Throws an `UnsupportedError` or `InvalidConfigError` that names the field. */
  constructor(owner: string, config: CircuitBreakers | undefined) {
    refuseFields(`${owner}.circuit_breakers`, {
      per_host_thresholds: (config?.perHostThresholds ?? []).length > 0,
    });
    const of = (priority: RoutingPriority) =>
      limitsOf(
        owner,
        config?.thresholds.find((one) => one.priority === priority),
      );
    this.#limits = [of(RoutingPriority.DEFAULT), of(RoutingPriority.HIGH)];
  }

  of(priority: Priority): CircuitBreaker {
    if (priority === 'default') return (this.#default ??= breaker(this.#limits[0]));
    return (this.#high ??= breaker(this.#limits[1]));
  }

  limits(priority: Priority): BreakerLimits {
    return this.#limits[priority === 'default' ? 0 : 1];
  }

  /** Below the cluster's scope: whether nothing more is allowed (1) and, where that is wanted, how much is left. */
  *gauges(): IterableIterator<readonly [name: string, value: number]> {
    for (const priority of PRIORITIES) {
      const prefix = `circuit_breakers.${priority}.`;
      const limits = this.limits(priority);
      const used = priority === 'default' ? this.#default : this.#high;
      for (const [key, open, remaining] of GAUGES) {
        const current = used?.[key].current ?? 0;
        yield [prefix + open, current >= limits[key] ? 1 : 0];
        if (limits.tracksRemaining) yield [prefix + remaining, Math.max(0, limits[key] - current)];
      }
      const pools = limits.connectionPools ?? UNLIMITED;
      yield [`${prefix}cx_pool_open`, pools === 0 ? 1 : 0];
      if (limits.tracksRemaining) yield [`${prefix}remaining_cx_pools`, pools];
    }
  }
}

function limitsOf(owner: string, config: CircuitBreakers_Thresholds | undefined): BreakerLimits {
  return SHARED.of({
    connections: config?.maxConnections ?? DEFAULTS.connections,
    pendingRequests: config?.maxPendingRequests ?? DEFAULTS.pendingRequests,
    requests: config?.maxRequests ?? DEFAULTS.requests,
    retries: config?.maxRetries ?? DEFAULTS.retries,
    connectionPools: config?.maxConnectionPools,
    tracksRemaining: config?.trackRemaining === true,
    retryBudget: retryBudgetOf(`${owner}.circuit_breakers.retry_budget`, config?.retryBudget),
  });
}

function retryBudgetOf(
  field: string,
  budget: CircuitBreakers_Thresholds_RetryBudget | undefined,
): RetryBudget | undefined {
  if (budget === undefined) return undefined;
  const percent = budget.budgetPercent?.value ?? 20;
  if (percent < 0 || percent > 100) {
    throw new InvalidConfigError(`${field}.budget_percent`, 'not from 0 to 100');
  }
  const interval = milliseconds(budget.budgetInterval, 0);
  if (interval < 0) throw new InvalidConfigError(`${field}.budget_interval`, 'less than nothing');
  // What is left of a millisecond does not count, as in Envoy.
  return { percent, least: budget.minRetryConcurrency ?? 3, interval: Math.trunc(interval) };
}

function breaker(limits: BreakerLimits): CircuitBreaker {
  const { retryBudget: budget } = limits;
  const pendingRequests = new Limit(limits.pendingRequests);
  let requests: ResourceLimit = new Limit(limits.requests);
  let counted = (): number => requests.current + pendingRequests.current;
  if (budget !== undefined && budget.interval > 0) {
    const recent = new RecentRequests(limits.requests, budget.interval);
    requests = recent;
    counted = () => recent.started();
  }
  return {
    connections: new Limit(limits.connections),
    pendingRequests,
    requests,
    retries: new Limit(limits.retries),
    ...(budget !== undefined && {
      retryBudget: () => Math.max(Math.trunc((budget.percent / 100) * counted()), budget.least),
    }),
    maxConnectionPools: limits.connectionPools,
  };
}
