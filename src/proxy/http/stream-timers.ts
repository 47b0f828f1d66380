/** The limits of time that a request has at the connection manager. */

import { Deadline, type DeadlineOwner, deadlinesOf } from './deadlines.ts';
import type { HttpStream } from './stream.ts';
import { turnTime } from '../sockets/turn.ts';

export class StreamTimers implements DeadlineOwner {
  readonly #stream: HttpStream;
  /** Without a byte in either direction. */
  #idle: Deadline | undefined;
  /** For the whole request to come. */
  #request: Deadline | undefined;
  /** For everything. */
  #age: Deadline | undefined;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  /** Undefined when there are no limits. */
  static of(stream: HttpStream): StreamTimers | undefined {
    const { streamIdleTimeout, requestTimeout, maxStreamDuration } = stream.manager.settings;
    if (streamIdleTimeout + requestTimeout + maxStreamDuration === 0) return undefined;
    const timers = new StreamTimers(stream);
    const now = stream.info.times.start;
    if (streamIdleTimeout > 0) timers.#idle = timers.#begin(streamIdleTimeout, now);
    if (requestTimeout > 0 && !stream.requestDone) timers.#request = timers.#begin(requestTimeout, now);
    if (maxStreamDuration > 0) timers.#age = timers.#begin(maxStreamDuration, now);
    return timers;
  }

  /** Milliseconds, 0 for none; undefined keeps what there is. */
  replace(idle: number | undefined, duration: number | undefined): this {
    const now = turnTime();
    if (idle !== undefined) {
      this.#idle?.cancel();
      this.#idle = idle > 0 ? this.#begin(idle, now) : undefined;
    }
    if (duration !== undefined) {
      this.#age?.cancel();
      const left = Math.max(1, Math.ceil(duration - (now - this.#stream.info.times.start)));
      this.#age = duration > 0 ? this.#begin(left, now) : undefined;
    }
    return this;
  }

  active(): void {
    const idle = this.#idle;
    if (idle?.list !== undefined) idle.list.start(idle, turnTime());
  }

  endRequest(): void {
    this.#request?.cancel();
  }

  cancel(): void {
    this.#idle?.cancel();
    this.#request?.cancel();
    this.#age?.cancel();
  }

  onDeadline(deadline: Deadline): void {
    const stream = this.#stream;
    const { counters } = stream.manager.stats;
    // A request that has not come whole is the client's fault.
    const status = stream.requestDone ? 504 : 408;
    if (deadline === this.#idle) {
      counters.downstream_rq_idle_timeout.value++;
      stream.info.flag('SI');
      stream.reply({ status, body: 'stream timeout', details: 'stream_idle_timeout' });
    } else if (deadline === this.#request) {
      counters.downstream_rq_timeout.value++;
      const details = 'request_overall_timeout';
      stream.reply({ status: 408, body: 'request timeout', details });
    } else {
      counters.downstream_rq_max_duration_reached.value++;
      const body = 'downstream duration timeout';
      stream.info.flag('DT');
      stream.reply({ status, body, details: 'max_duration_timeout', grpcStatus: 4 });
    }
  }

  #begin(milliseconds: number, now: number): Deadline {
    const deadline = new Deadline(this);
    deadlinesOf(milliseconds).start(deadline, now);
    return deadline;
  }
}
