/** Asks again while the API server is away: a restart of it must not end a command. */

import { Backoff } from '../base/backoff.ts';
import { ApiFailure } from './failure.ts';

export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** Milliseconds that the server may be away in one piece; a minute where somebody is told of it, else a moment. */
  readonly patience?: number;
  /** Called once for each time that the server is away. */
  away?(failure: ApiFailure): void;
}

const PATIENCE = { told: 60_000, silent: 1_000 };

/** Whether the same request may well succeed in a moment. */
export function isPassing({ status, message }: ApiFailure): boolean {
  if (status === undefined) return true;
  // "too many requests", and a server or its storage that starts or stops.
  if (status === 429 || status === 503 || status === 504) return true;
  // It is another server that is away then, and whoever runs it must hear of it.
  if (/failed calling webhook/.test(message)) return false;
  return status === 500 && /etcdserver|connection refused|context deadline|timed? ?out/i.test(message);
}

/** What the attempt gives, as soon as one succeeds; what is asked must be as good asked twice as once. */
export async function persisting<Value>(
  attempt: () => Promise<Value>,
  { signal, away, patience = away === undefined ? PATIENCE.silent : PATIENCE.told }: PatienceOptions,
): Promise<Value> {
  const backoff = new Backoff({ first: 100, max: 2_000 });
  let since: number | undefined;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ApiFailure) || signal.aborted || !isPassing(error)) throw error;
      const now = performance.now();
      if (since === undefined) {
        since = now;
        away?.(error);
      }
      if (now - since > patience) throw error;
      await backoff.pause(signal, (error.retryAfter ?? 0) * 1000);
    }
  }
}
