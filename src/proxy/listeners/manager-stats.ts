/** `listener_manager.*`: https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats#listener-manager */

import type { Counter, Gauge, StatsScope } from '../stats/stats.ts';

export interface ManagerStats {
  readonly added: Counter;
  readonly modified: Counter;
  readonly removed: Counter;
  readonly stopped: Counter;
  readonly createSuccess: Counter;
  readonly createFailure: Counter;
  readonly updatedInPlace: Counter;
  readonly warming: Gauge;
  readonly active: Gauge;
  readonly draining: Gauge;
  /** 1 once the first listeners are in force. */
  readonly workersStarted: Gauge;
}

export function managerStats(scope: StatsScope): ManagerStats {
  return {
    added: scope.counter('listener_added'),
    modified: scope.counter('listener_modified'),
    removed: scope.counter('listener_removed'),
    stopped: scope.counter('listener_stopped'),
    createSuccess: scope.counter('listener_create_success'),
    createFailure: scope.counter('listener_create_failure'),
    updatedInPlace: scope.counter('listener_in_place_updated'),
    warming: scope.gauge('total_listeners_warming'),
    active: scope.gauge('total_listeners_active'),
    draining: scope.gauge('total_listeners_draining'),
    workersStarted: scope.gauge('workers_started'),
  };
}
