/** Tokens that come back steadily, worked out when they are asked for: no timer runs. */

import type { TokenBucket as Settings } from '../../../xds/proto/generated/envoy/type/v3/token_bucket_pb.js';
import { exactMilliseconds } from '../../route/milliseconds.ts';
import { UnsupportedError } from '../../route/unsupported.ts';

export class TokenBucket {
  readonly most: number;
  /** Tokens a millisecond. */
  readonly rate: number;
  #tokens: number;
  #since: number;

  constructor(most: number, rate: number, now = performance.now()) {
    this.most = most;
    this.rate = rate;
    this.#tokens = most;
    this.#since = now;
  }

  /** Takes one; false when there is none. */
  take(now = performance.now()): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whole tokens. */
  left(now = performance.now()): number {
    this.#refill(now);
    return Math.floor(this.#tokens);
  }

  /** Seconds until there is a token again, rounded up; 0 when there is one. */
  secondsToNext(now = performance.now()): number {
    this.#refill(now);
    return this.#tokens >= 1 || this.rate === 0 ? 0 : Math.ceil((1 - this.#tokens) / this.rate / 1000);
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.most, this.#tokens + (now - this.#since) * this.rate);
    this.#since = now;
  }
}

/** Makes buckets of these settings. Throws an `UnsupportedError` for ones that Envoy refuses too. */
export function bucketMaker(settings: Settings): () => TokenBucket {
  const interval = settings.fillInterval === undefined ? 0 : exactMilliseconds(settings.fillInterval);
  if (interval < 50) throw new UnsupportedError('a token bucket whose fill_interval is below 50ms');
  if (settings.maxTokens === 0) throw new UnsupportedError('a token bucket without max_tokens');
  const rate = (settings.tokensPerFill ?? 1) / interval;
  return () => new TokenBucket(settings.maxTokens, rate);
}
