/**
 * Ends connections whose peers cost more than they ask for. The rules are Envoy's:
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/protocol.proto#config-core-v3-http2protocoloptions
 */

import { ConnectionError, ErrorCode } from './errors.ts';
import type { FloodLimits } from './options.ts';
import type { Http2Counter, Http2Stats } from './stats.ts';

/** A peer that floods; it is not told why its connection ends. */
export class FloodError extends ConnectionError {
  constructor(what: string) {
    super(ErrorCode.ENHANCE_YOUR_CALM, what);
  }
}

/** Window updates that are free, and those that a stream is worth. */
const FREE_UPDATES = 5;
const UPDATES_PER_STREAM = 2;

export class FloodGuard {
  readonly #limits: FloodLimits;
  readonly #stats: Http2Stats;
  #streams = 0;
  #dataSent = 0;
  #empty = 0;
  #priorities = 0;
  #updates = 0;
  /** Frames that are written but have not left. */
  #outbound = 0;
  #outboundControl = 0;
  #overflowed = false;

  constructor(limits: FloodLimits, stats: Http2Stats) {
    this.#limits = limits;
    this.#stats = stats;
  }

  onStream(): void {
    this.#streams++;
  }

  /** A frame of a message has come; `bytes` are those of its content. */
  onContent(bytes: number, end: boolean): void {
    if (bytes > 0 || end) this.#empty = 0;
    else if (++this.#empty > this.#limits.emptyFrames) this.#refuse('inbound_empty_frames_flood');
  }

  onPriority(): void {
    const most = this.#limits.priorityFramesPerStream * (1 + this.#streams);
    if (++this.#priorities > most) this.#refuse('inbound_priority_frames_flood');
  }

  onWindowUpdate(): void {
    const { windowUpdatesPerDataFrame: each } = this.#limits;
    const most = FREE_UPDATES + UPDATES_PER_STREAM * (this.#streams + each * this.#dataSent);
    if (++this.#updates > most) this.#refuse('inbound_window_update_frames_flood');
  }

  /** One more frame waits to leave. */
  onSent(isControl: boolean, isData: boolean): void {
    if (isData) this.#dataSent++;
    this.#outbound++;
    if (isControl) this.#outboundControl++;
  }

  /** Looks at what waits to leave; true, once, when that is more than a peer that reads would leave waiting. */
  overflows(): boolean {
    if (this.#overflowed) return false;
    const { outboundFrames, outboundControlFrames } = this.#limits;
    const isControl = this.#outboundControl > outboundControlFrames;
    if (!isControl && this.#outbound <= outboundFrames) return false;
    this.#overflowed = true;
    this.#stats.counters[isControl ? 'outbound_control_flood' : 'outbound_flood'].value++;
    return true;
  }

  /** Nothing waits to be sent. */
  onFlushed(): void {
    this.#outbound = 0;
    this.#outboundControl = 0;
  }

  #refuse(counter: Http2Counter): never {
    this.#stats.counters[counter].value++;
    throw new FloodError(counter);
  }
}
