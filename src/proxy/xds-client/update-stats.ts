/** The counters of one subscription. https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/mgmt_server */

import type { Counter, StatsScope } from '../stats/stats.ts';

export class UpdateStats {
  readonly #attempt: Counter;
  readonly #success: Counter;
  readonly #rejected: Counter;
  readonly #timeout: Counter;
  readonly #scope: StatsScope;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#attempt = scope.counter('update_attempt');
    this.#success = scope.counter('update_success');
    this.#rejected = scope.counter('update_rejected');
    this.#timeout = scope.counter('init_fetch_timeout');
    scope.counter('update_failure');
  }

  attempt(): void {
    this.#attempt.value++;
  }

  timedOut(): void {
    this.#timeout.value++;
  }

  /** An update came, of which so many were refused. */
  took(refused: number, resources: number): void {
    this.#attempt.value++;
    if (refused > 0) this.#rejected.value++;
    else this.#success.value++;
    if (resources > refused) this.#scope.gauge('update_time').value = Date.now();
  }

  release(): void {
    this.#scope.release();
  }
}
