/** Secrets for proxies, and what is told of those that cannot be served. */

import type { Log } from '../base/log.ts';
import type { Credential } from '../model/credentials.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { secretFor } from '../xds/secrets/secret.ts';
import type { DiscoveryMetrics } from './discovery/metrics.ts';
import type { SecretLookup } from './discovery/server.ts';

/** Bounds what is remembered of what has been said. */
const MAX_TOLD = 10_000;

export class SecretService {
  readonly #log: Log;
  readonly #metrics: DiscoveryMetrics;
  readonly #now: () => number;
  readonly #told = new Set<string>();
  readonly #looked = new WeakSet<Credential>();

  /** `now` gives milliseconds since 1970. */
  constructor({ log, metrics, now }: { log: Log; metrics: DiscoveryMetrics; now: () => number }) {
    this.#log = log;
    this.#metrics = metrics;
    this.#now = now;
  }

  /** The Secrets of a snapshot. */
  of(snapshot: Snapshot): SecretLookup {
    return (proxy, name) => {
      const answer = secretFor(snapshot, proxy, name);
      if ('resource' in answer) {
        this.#lookAt(answer.credential, snapshot);
        return answer.resource;
      }
      const { refused: reason } = answer;
      this.#tellOnce(`${proxy.namespace} ${name} ${reason}`, () =>
        this.#log.warn('a Secret is not served', { proxy: proxy.id, name, reason }),
      );
      return undefined;
    };
  }

  /** A certificate outside of its time is served all the same, as istiod does: whoever checks it will say so. */
  #lookAt(credential: Credential, snapshot: Snapshot): void {
    if (this.#looked.has(credential)) return;
    this.#looked.add(credential);
    const { object, goodFrom, goodUntil } = credential;
    const now = this.#now();
    const reason =
      goodUntil !== undefined && goodUntil.getTime() < now
        ? `it has expired at ${goodUntil.toISOString()}`
        : goodFrom !== undefined && goodFrom.getTime() > now
          ? `it is not good before ${goodFrom.toISOString()}`
          : undefined;
    if (reason === undefined) return;
    const { kind, meta } = object;
    this.#metrics.secretErrors.add();
    this.#log.warn('a certificate is served outside of its time', {
      kind,
      namespace: snapshot.namespaceOf(object),
      name: meta.name,
      reason,
    });
  }

  #tellOnce(key: string, tell: () => void): void {
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(key);
    this.#metrics.secretErrors.add();
    tell();
  }
}
