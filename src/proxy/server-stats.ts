/** `server.*`: what the process says of itself. Most of it is looked up when somebody asks. */

import type { ServerState } from './admin/page.ts';
import type { Gauge, Histogram, StatsScope } from './stats/stats.ts';

/** As Envoy numbers them. */
const STATES: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};

export class ServerStats {
  readonly #startedAt: number;
  readonly #live: Gauge;
  readonly #state: Gauge;
  readonly #uptime: Gauge;
  readonly #allocated: Gauge;
  readonly #heapSize: Gauge;
  readonly #physicalSize: Gauge;
  readonly #initialization: Histogram;

  /** `startedAt`: milliseconds since 1970. */
  constructor(stats: StatsScope, startedAt: number, concurrency = 1) {
    this.#startedAt = startedAt;
    const scope = stats.scope('server.');
    this.#live = scope.gauge('live');
    this.#state = scope.gauge('state');
    this.#state.value = STATES.PRE_INITIALIZING;
    this.#uptime = scope.gauge('uptime');
    this.#allocated = scope.gauge('memory_allocated');
    this.#heapSize = scope.gauge('memory_heap_size');
    this.#physicalSize = scope.gauge('memory_physical_size');
    this.#initialization = scope.histogram('initialization_time_ms');
    scope.gauge('concurrency').value = concurrency;
  }

  state(state: ServerState): void {
    this.#state.value = STATES[state];
    this.#live.value = state === 'LIVE' ? 1 : 0;
  }

  initialized(): void {
    this.#initialization.record(Date.now() - this.#startedAt);
  }

  refresh(): void {
    const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
    this.#uptime.value = Math.floor((Date.now() - this.#startedAt) / 1000);
    this.#allocated.value = heapUsed + external;
    this.#heapSize.value = heapTotal + external;
    this.#physicalSize.value = rss;
  }
}
