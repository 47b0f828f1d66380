/** Leaves endpoints out for a while that fail, judged by what becomes of requests and connections to them. */

import type { Counter, Gauge, StatsScope } from '../../stats/stats.ts';
import { type Endpoint, HEALTH, type OutlierState } from '../host.ts';
import type { Membership } from '../membership.ts';
import type { HostOutcome } from '../types.ts';
import { EJECTION_KINDS, type EjectionKind, type OutlierSettings } from './settings.ts';

interface OutlierStats {
  readonly active: Gauge;
  readonly enforcedTotal: Counter;
  readonly overflow: Counter;
  readonly detected: Readonly<Record<EjectionKind, Counter>>;
  readonly enforced: Readonly<Record<EjectionKind, Counter>>;
}

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier */
export class OutlierDetector {
  readonly #settings: OutlierSettings;
  readonly #hosts: Membership;
  readonly #stats: OutlierStats;
  readonly #random: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: OutlierSettings, hosts: Membership, scope: StatsScope, random: () => number) {
    this.#settings = settings;
    this.#hosts = hosts;
    this.#stats = outlierStats(scope.scope('outlier_detection.'));
    this.#random = random;
  }

  /** What became of one request or connection. */
  report(host: Endpoint, outcome: HostOutcome): void {
    const state = (host.outlier ??= newState());
    // Nothing to look at later while nothing happens: an idle cluster does nothing.
    this.#timer ??= setTimeout(() => this.#onInterval(), this.#settings.interval).unref();
    if (outcome.kind === 'status') {
      this.#external(host, state, outcome.status);
      return;
    }
    switch (outcome.what) {
      case 'success':
        if (this.#settings.splits) this.#local(host, state, true);
        break;
      case 'connected':
        if (this.#settings.splits) this.#local(host, state, true);
        else this.#external(host, state, 200);
        break;
      case 'connect-failed':
      case 'connect-timeout':
      case 'reset':
        if (this.#settings.splits) this.#local(host, state, false);
        else this.#external(host, state, 503);
        break;
      case 'timeout':
        if (this.#settings.splits) this.#local(host, state, false);
        else this.#external(host, state, 504);
        break;
      default:
        outcome.what satisfies never;
    }
  }

  /** An active health check was passed: an endpoint that was left out comes back. */
  onCheckPassed(host: Endpoint): void {
    if (this.#settings.checkUnejects && host.has(HEALTH.failedOutlierCheck)) this.#uneject(host);
  }

  /** It is no longer among the endpoints. */
  forget(host: Endpoint): void {
    if (host.has(HEALTH.failedOutlierCheck)) this.#stats.active.value--;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #external(host: Endpoint, state: OutlierState, status: number): void {
    const { consecutive5xx, consecutiveGatewayFailure } = this.#settings;
    state.external.total++;
    if (status < 500) {
      state.external.success++;
      state.consecutive5xx = 0;
      state.consecutiveGatewayFailure = 0;
      return;
    }
    if (status === 502 || status === 503 || status === 504) {
      state.consecutiveGatewayFailure++;
      if (state.consecutiveGatewayFailure === consecutiveGatewayFailure) {
        this.#detect(host, 'consecutive_gateway_failure');
        if (host.has(HEALTH.failedOutlierCheck)) state.consecutiveGatewayFailure = 0;
      }
    } else {
      state.consecutiveGatewayFailure = 0;
    }
    state.consecutive5xx++;
    if (state.consecutive5xx === consecutive5xx) this.#detect(host, 'consecutive_5xx');
  }

  #local(host: Endpoint, state: OutlierState, isSuccess: boolean): void {
    state.local.total++;
    if (isSuccess) {
      state.local.success++;
      state.consecutiveLocalOriginFailure = 0;
      return;
    }
    state.consecutiveLocalOriginFailure++;
    if (state.consecutiveLocalOriginFailure === this.#settings.consecutiveLocalOriginFailure) {
      this.#detect(host, 'consecutive_local_origin_failure');
    }
  }

  #detect(host: Endpoint, kind: EjectionKind): void {
    if (host.has(HEALTH.failedOutlierCheck)) return;
    this.#stats.detected[kind].value++;
    this.#eject(host, kind);
    const state = host.outlier;
    if (state === undefined) return;
    if (kind === 'consecutive_5xx') state.consecutive5xx = 0;
    else if (kind === 'consecutive_gateway_failure') state.consecutiveGatewayFailure = 0;
    else if (kind === 'consecutive_local_origin_failure') state.consecutiveLocalOriginFailure = 0;
  }

  #eject(host: Endpoint, kind: EjectionKind): void {
    const { maxEjectionPercent, alwaysEjectOne, baseEjectionTime, maxEjectionTime, enforcing } =
      this.#settings;
    const active = this.#stats.active.value;
    // The one that is to go counts too.
    const share = (100 * (active + 1)) / this.#hosts.size;
    if (share > maxEjectionPercent && !(alwaysEjectOne && active === 0)) {
      this.#stats.overflow.value++;
      return;
    }
    if (this.#random() % 100 >= enforcing[kind]) return;
    const state = (host.outlier ??= newState());
    this.#stats.active.value++;
    this.#stats.enforcedTotal.value++;
    this.#stats.enforced[kind].value++;
    state.ejections++;
    state.ejectedAt = performance.now();
    if (state.ejectTimeBackoff * baseEjectionTime < maxEjectionTime + baseEjectionTime)
      state.ejectTimeBackoff++;
    host.mark(HEALTH.failedOutlierCheck, true);
    this.#hosts.changed();
  }

  #uneject(host: Endpoint): void {
    const { outlier: state } = host;
    this.#stats.active.value--;
    host.mark(HEALTH.failedOutlierCheck, false);
    if (state !== undefined) {
      state.consecutive5xx = 0;
      state.consecutiveGatewayFailure = 0;
      state.consecutiveLocalOriginFailure = 0;
      state.ejectedAt = undefined;
      state.lastUnejectedAt = performance.now();
    }
    if (host.healthy) host.healthySince = performance.now();
    this.#hosts.changed();
  }

  #onInterval(): void {
    this.#timer = undefined;
    const now = performance.now();
    const intervals = new Map<Endpoint, OutlierState>();
    let isBusy = false;
    for (const host of this.#hosts.hosts) {
      const state = host.outlier;
      if (state === undefined) continue;
      this.#checkForReturn(host, state, now);
      intervals.set(host, { ...state });
      isBusy ||= state.external.total > 0 || state.local.total > 0;
      state.external = { total: 0, success: 0 };
      state.local = { total: 0, success: 0 };
      state.externalSuccessRate = -1;
      state.localSuccessRate = -1;
    }
    this.#judgeRates(intervals, 'external');
    if (this.#settings.splits) this.#judgeRates(intervals, 'local');
    for (const [host] of intervals) {
      const state = host.outlier;
      if (state === undefined) continue;
      if (host.has(HEALTH.failedOutlierCheck)) isBusy = true;
      else if (state.ejectTimeBackoff > 0) {
        state.ejectTimeBackoff--;
        isBusy = true;
      }
    }
    if (isBusy) this.#timer = setTimeout(() => this.#onInterval(), this.#settings.interval).unref();
  }

  #checkForReturn(host: Endpoint, state: OutlierState, now: number): void {
    if (!host.has(HEALTH.failedOutlierCheck) || state.ejectedAt === undefined) return;
    const { baseEjectionTime, maxEjectionTime, maxEjectionTimeJitter } = this.#settings;
    const jitter = maxEjectionTimeJitter === 0 ? 0 : this.#random() % maxEjectionTimeJitter;
    const time = Math.min(baseEjectionTime * state.ejectTimeBackoff, maxEjectionTime) + jitter;
    if (now - state.ejectedAt >= time) this.#uneject(host);
  }

  #judgeRates(intervals: ReadonlyMap<Endpoint, OutlierState>, origin: 'external' | 'local'): void {
    const { successRate, failurePercentage } = this.#settings;
    const { size } = this.#hosts;
    if (size < successRate.hosts && size < failurePercentage.hosts) return;
    const bySuccess: { host: Endpoint; rate: number }[] = [];
    const byFailure: { host: Endpoint; rate: number }[] = [];
    for (const [host, last] of intervals) {
      const { total, success } = last[origin];
      if (host.has(HEALTH.failedOutlierCheck) || total === 0) continue;
      const rate = (100 * success) / total;
      const isMeasured = total >= Math.min(successRate.volume, failurePercentage.volume);
      if (isMeasured && host.outlier !== undefined) {
        if (origin === 'external') host.outlier.externalSuccessRate = rate;
        else host.outlier.localSuccessRate = rate;
      }
      if (total >= successRate.volume) bySuccess.push({ host, rate });
      if (total >= failurePercentage.volume) byFailure.push({ host, rate });
    }
    if (bySuccess.length > 0 && bySuccess.length >= successRate.hosts) {
      const mean = bySuccess.reduce((sum, { rate }) => sum + rate, 0) / bySuccess.length;
      const variance = bySuccess.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / bySuccess.length;
      const threshold = mean - Math.sqrt(variance) * successRate.stdevFactor;
      const kind = origin === 'external' ? 'success_rate' : 'local_origin_success_rate';
      for (const { host, rate } of bySuccess) if (rate < threshold) this.#detect(host, kind);
    }
    if (byFailure.length > 0 && byFailure.length >= failurePercentage.hosts) {
      const kind = origin === 'external' ? 'failure_percentage' : 'local_origin_failure_percentage';
      for (const { host, rate } of byFailure) {
        if (100 - rate >= failurePercentage.threshold) this.#detect(host, kind);
      }
    }
  }
}

function newState(): OutlierState {
  return {
    consecutive5xx: 0,
    consecutiveGatewayFailure: 0,
    consecutiveLocalOriginFailure: 0,
    ejections: 0,
    ejectTimeBackoff: 0,
    ejectedAt: undefined,
    lastUnejectedAt: undefined,
    external: { total: 0, success: 0 },
    local: { total: 0, success: 0 },
    externalSuccessRate: -1,
    localSuccessRate: -1,
  };
}

function outlierStats(scope: StatsScope): OutlierStats {
  const counters = (prefix: string) =>
    Object.fromEntries(EJECTION_KINDS.map((kind) => [kind, scope.counter(prefix + kind)])) as Record<
      EjectionKind,
      Counter
    >;
  return {
    active: scope.gauge('ejections_active'),
    enforcedTotal: scope.counter('ejections_enforced_total'),
    overflow: scope.counter('ejections_overflow'),
    detected: counters('ejections_detected_'),
    enforced: counters('ejections_enforced_'),
  };
}
