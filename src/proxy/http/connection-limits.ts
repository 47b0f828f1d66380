/** How long a connection to an endpoint may do nothing, and live. */

import type { Cluster } from '../upstream/types.ts';
import { Deadline, type DeadlineOwner, deadlinesOf } from './deadlines.ts';
import { turnTime } from '../sockets/turn.ts';

/** What the limits are for. */
export interface LimitedConnection {
  /** No further request; it goes when those on it are done. */
  retire(): void;
}

export class ConnectionLimits implements DeadlineOwner {
  readonly #cluster: Cluster;
  readonly #connection: LimitedConnection;
  readonly #idle = new Deadline(this);
  readonly #age = new Deadline(this);

  constructor(cluster: Cluster, connection: LimitedConnection) {
    this.#cluster = cluster;
    this.#connection = connection;
    const { maxConnectionDuration } = cluster.settings;
    if (maxConnectionDuration > 0) deadlinesOf(maxConnectionDuration).start(this.#age, turnTime());
  }

  /** No request is on it. */
  rest(): void {
    const { idleTimeout } = this.#cluster.settings;
    if (idleTimeout > 0) deadlinesOf(idleTimeout).start(this.#idle, turnTime());
  }

  /** A request is put on it. */
  wake(): void {
    this.#idle.cancel();
  }

  /** It has carried so many; true when it may carry no more. */
  isUsedUp(requests: number): boolean {
    const { maxRequestsPerConnection: most } = this.#cluster.settings;
    if (most === 0 || requests < most) return false;
    this.#cluster.stats.scope.counter('upstream_cx_max_requests').value++;
    return true;
  }

  /** It is gone. */
  end(): void {
    this.#idle.cancel();
    this.#age.cancel();
  }

  onDeadline(deadline: Deadline): void {
    const { scope } = this.#cluster.stats;
    if (deadline === this.#idle) scope.counter('upstream_cx_idle_timeout').value++;
    else scope.counter('upstream_cx_max_duration_reached').value++;
    this.#connection.retire();
  }
}
