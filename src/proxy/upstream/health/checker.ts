/** Asks endpoints again and again whether they are well, and marks those that are not. */

import type { Socket } from 'node:net';
import type { Counter, Gauge, StatsScope } from '../../stats/stats.ts';
import { LONGEST_WAIT } from '../../route/milliseconds.ts';
import { Timeout } from '../../timeout.ts';
import { type Endpoint, HEALTH } from '../host.ts';
import type { Probe, ProbeResult } from './probe.ts';
import type { CheckSettings } from './settings.ts';

export interface CheckerEnvironment {
  /** `cluster.NAME.`. */
  readonly scope: StatsScope;
  random(): number;
  /** Whether the cluster has been used at all; one that has not is looked at less often. */
  isUsed(): boolean;
  /** Begins to connect to where the endpoint is asked. */
  connect(host: Endpoint, port: number | undefined, alpn: readonly string[]): Socket;
  /** Flags of an endpoint have changed. */
  onChange(host: Endpoint): void;
  /** A check was passed. */
  onPassed(host: Endpoint): void;
}

interface CheckStats {
  readonly attempt: Counter;
  readonly success: Counter;
  readonly failure: Counter;
  readonly networkFailure: Counter;
  readonly passiveFailure: Counter;
  readonly verifyCluster: Counter;
  readonly healthy: Gauge;
  readonly degraded: Gauge;
}

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking */
export class HealthChecker {
  readonly #settings: CheckSettings;
  readonly #environment: CheckerEnvironment;
  readonly #stats: CheckStats;
  readonly #sessions = new Map<Endpoint, Session>();

  constructor(settings: CheckSettings, environment: CheckerEnvironment) {
    this.#settings = settings;
    this.#environment = environment;
    this.#stats = checkStats(environment.scope.scope('health_check.'));
  }

  add(host: Endpoint): void {
    if (!host.isChecked) return;
    const session = new Session(host, this.#settings, this.#environment, this.#stats, () => this.#count());
    this.#sessions.set(host, session);
    session.start();
  }

  remove(host: Endpoint): void {
    this.#sessions.get(host)?.close();
    this.#sessions.delete(host);
    this.#count();
  }

  /** Resolves when each of the endpoints that are there now has been asked once. */
  get firstRound(): Promise<unknown> {
    return Promise.all([...this.#sessions.values()].map(({ firstResult }) => firstResult));
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  #count(): void {
    const hosts = [...this.#sessions.keys()];
    this.#stats.healthy.value = hosts.filter((host) => !host.has(HEALTH.failedActiveCheck)).length;
    this.#stats.degraded.value = hosts.filter((host) => host.has(HEALTH.degradedByActiveCheck)).length;
  }
}

/** `pending`: so many more results of that kind, and the endpoint's state will change. */
type Change = 'none' | 'pending' | 'changed';

class Session {
  readonly firstResult: Promise<void>;
  readonly #host: Endpoint;
  readonly #settings: CheckSettings;
  readonly #environment: CheckerEnvironment;
  readonly #stats: CheckStats;
  readonly #onCounted: () => void;
  readonly #probe: Probe;
  readonly #hasFirst: () => void;
  #isFirst = true;
  #healthy = 0;
  #unhealthy = 0;
  /** Until the next question. */
  #timer: NodeJS.Timeout | undefined;
  /** Until it is too late for an answer. */
  #timeout: Timeout | undefined;
  #running: { stop(): void } | undefined;

  constructor(
    host: Endpoint,
    settings: CheckSettings,
    environment: CheckerEnvironment,
    stats: CheckStats,
    onCounted: () => void,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#environment = environment;
    this.#stats = stats;
    this.#onCounted = onCounted;
    const first = Promise.withResolvers<void>();
    this.firstResult = first.promise;
    this.#hasFirst = first.resolve;
    this.#probe = settings.probe({
      host,
      connect: (alpn) => environment.connect(host, settings.altPort, alpn),
    });
  }

  start(): void {
    const { initialJitter } = this.#settings;
    if (initialJitter === 0) this.#ask();
    else this.#later(this.#environment.random() % initialJitter);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timeout?.clear();
    this.#running?.stop();
    this.#probe.close();
    this.#hasFirst();
  }

  #later(time: number): void {
    this.#timer = setTimeout(() => this.#ask(), Math.min(time, LONGEST_WAIT)).unref();
  }

  #ask(): void {
    this.#stats.attempt.value++;
    const timeout = new Timeout(this.#settings.timeout, () => {
      this.#running?.stop();
      this.#failed({ kind: 'network' }, true);
    }).unref();
    this.#timeout = timeout;
    this.#running = this.#probe.ask((result) => {
      timeout.clear();
      if (result.kind === 'healthy') this.#passed(result.isDegraded);
      else this.#failed(result, false);
    });
  }

  #passed(isDegraded: boolean): void {
    const host = this.#host;
    this.#stats.success.value++;
    this.#unhealthy = 0;
    let change: Change = 'none';
    if (host.has(HEALTH.failedActiveCheck)) {
      this.#healthy++;
      if (this.#isFirst || this.#healthy >= this.#settings.healthyThreshold) {
        host.mark(HEALTH.failedActiveCheck | HEALTH.activeCheckTimedOut | HEALTH.excluded, false);
        host.healthySince = performance.now();
        change = 'changed';
      } else change = 'pending';
    }
    if (host.mark(HEALTH.degradedByActiveCheck, isDegraded)) change = 'changed';
    if (host.mark(HEALTH.pendingActiveCheck, false)) change = 'changed';
    this.#environment.onPassed(host);
    this.#done(change, true);
  }

  #failed(result: Exclude<ProbeResult, { kind: 'healthy' }>, isTimeout: boolean): void {
    const host = this.#host;
    this.#stats.failure.value++;
    if (result.kind === 'network') this.#stats.networkFailure.value++;
    this.#healthy = 0;
    let change: Change = 'none';
    if (!host.has(HEALTH.failedActiveCheck)) {
      this.#unhealthy++;
      // Who says that it is not well is believed at once.
      if (result.kind === 'active' || this.#unhealthy >= this.#settings.unhealthyThreshold) {
        host.mark(HEALTH.failedActiveCheck, true);
        change = 'changed';
      } else change = 'pending';
    }
    if (isTimeout && host.has(HEALTH.failedActiveCheck)) host.mark(HEALTH.activeCheckTimedOut, true);
    if (result.isExcluded === true && host.mark(HEALTH.excluded, true)) change = 'changed';
    if (host.mark(HEALTH.pendingActiveCheck, false)) change = 'changed';
    this.#done(change, false);
  }

  #done(change: Change, isHealthy: boolean): void {
    this.#running = undefined;
    this.#isFirst = false;
    this.#hasFirst();
    this.#later(this.#interval(change, isHealthy));
    if (change === 'changed') this.#environment.onChange(this.#host);
    this.#onCounted();
  }

  #interval(change: Change, isHealthy: boolean): number {
    const settings = this.#settings;
    const base = this.#baseInterval(change, isHealthy);
    const { random } = this.#environment;
    const share =
      settings.intervalJitterPercent === 0 ? 0 : Math.trunc((base * settings.intervalJitterPercent) / 100);
    const jitter = Math.trunc(settings.intervalJitter);
    return base + (share > 0 ? random() % share : 0) + (jitter > 0 ? random() % jitter : 0);
  }

  #baseInterval(change: Change, isHealthy: boolean): number {
    const settings = this.#settings;
    if (!this.#environment.isUsed()) {
      return isHealthy ? settings.noTrafficHealthyInterval : settings.noTrafficInterval;
    }
    if (change === 'pending') return settings.interval;
    if (isHealthy) return change === 'changed' ? settings.healthyEdgeInterval : settings.interval;
    return change === 'changed' ? settings.unhealthyEdgeInterval : settings.unhealthyInterval;
  }
}

function checkStats(scope: StatsScope): CheckStats {
  return {
    attempt: scope.counter('attempt'),
    success: scope.counter('success'),
    failure: scope.counter('failure'),
    networkFailure: scope.counter('network_failure'),
    passiveFailure: scope.counter('passive_failure'),
    verifyCluster: scope.counter('verify_cluster'),
    healthy: scope.gauge('healthy'),
    degraded: scope.gauge('degraded'),
  };
}
