/** What a cluster's answers are counted as: `upstream_rq_2xx`, `upstream_rq_200` and the same by where they came from. */

import type { Counter, Histogram, StatsScope } from '../stats/stats.ts';
import type { Cluster } from '../upstream/types.ts';

interface CodeCounters {
  readonly byClass: Counter;
  readonly byCode: Counter;
}

/** Answers under one prefix. */
export class Codes {
  readonly #scope: StatsScope;
  /** No list by the code: it would be two kilobytes long for the two or three of a cluster. */
  readonly #byCode = new Map<number, CodeCounters>();
  readonly #completed: Counter;
  #time: Histogram | undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#completed = scope.counter('upstream_rq_completed');
  }

  count(status: number): void {
    this.#completed.value++;
    const { byClass, byCode } = this.#byCode.get(status) ?? this.#make(status);
    byClass.value++;
    byCode.value++;
  }

  #make(status: number): CodeCounters {
    const counters = {
      byClass: this.#scope.counter(`upstream_rq_${Math.floor(status / 100)}xx`),
      byCode: this.#scope.counter(`upstream_rq_${status}`),
    };
    this.#byCode.set(status, counters);
    return counters;
  }

  time(milliseconds: number): void {
    (this.#time ??= this.#scope.histogram('upstream_rq_time')).record(milliseconds);
  }
}

/** Kept with each cluster. */
export class ClusterCodes {
  readonly #all: Codes;
  readonly #external: Codes;
  readonly #scope: StatsScope;
  #internal: Codes | undefined;
  #retried: Codes | undefined;

  constructor(cluster: Cluster) {
    this.#scope = cluster.stats.scope;
    this.#all = new Codes(this.#scope);
    this.#external = new Codes(this.#scope.scope('external.'));
  }

  count(status: number, internal: boolean): void {
    this.#all.count(status);
    this.#part(internal).count(status);
  }

  /** An answer that nobody gets, since the request is sent again. */
  countRetried(status: number): void {
    (this.#retried ??= new Codes(this.#scope.scope('retry.'))).count(status);
  }

  time(milliseconds: number, internal: boolean): void {
    this.#all.time(milliseconds);
    this.#part(internal).time(milliseconds);
  }

  #part(internal: boolean): Codes {
    if (!internal) return this.#external;
    return (this.#internal ??= new Codes(this.#scope.scope('internal.')));
  }
}

const codes = new WeakMap<Cluster, ClusterCodes>();

export function codesOf(cluster: Cluster): ClusterCodes {
  let found = codes.get(cluster);
  if (found === undefined) codes.set(cluster, (found = new ClusterCodes(cluster)));
  return found;
}
