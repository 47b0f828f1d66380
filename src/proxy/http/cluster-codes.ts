/** What a cluster's answers are counted as: `upstream_rq_2xx`, `upstream_rq_200` and the same by where they came from. */

import type { Counter, Histogram, StatsScope } from '../stats/stats.ts';
import type { Cluster } from '../upstream/types.ts';

/** Below a cluster's prefix: all answers, those to requests from outside or inside, and those that nobody got. */
type Part = '' | 'external.' | 'internal.' | 'retry.';

/** Of the statistics of one status, in full below the prefix. One for all clusters. */
interface CodeNames {
  readonly byClass: string;
  readonly byCode: string;
}

const names: Readonly<Record<Part, Map<number, CodeNames>>> = {
  '': new Map(),
  'external.': new Map(),
  'internal.': new Map(),
  'retry.': new Map(),
};

/** Statuses have three digits, so that there are a thousand at most. */
function namesOf(part: Part, status: number): CodeNames {
  let found = names[part].get(status);
  if (found === undefined) {
    const start = `${part}upstream_rq_`;
    found = { byClass: `${start}${Math.floor(status / 100)}xx`, byCode: `${start}${status}` };
    names[part].set(status, found);
  }
  return found;
}

const NOTHING: Counter = { value: 0 };

/** Answers under one prefix. */
export class Codes {
  readonly #scope: StatsScope;
  readonly #part: Part;
  readonly #completed: Counter;
  /** The last status, and its counters: mostly the next one is the same. */
  #status = 0;
  #byClass = NOTHING;
  #byCode = NOTHING;
  #time: Histogram | undefined;

  constructor(scope: StatsScope, part: Part = '') {
    this.#scope = scope;
    this.#part = part;
    this.#completed = scope.counter(COMPLETED[part]);
  }

  count(status: number): void {
    this.#completed.value++;
    if (status !== this.#status) this.#turnTo(status);
    this.#byClass.value++;
    this.#byCode.value++;
  }

  #turnTo(status: number): void {
    const { byClass, byCode } = namesOf(this.#part, status);
    this.#byClass = this.#scope.counter(byClass);
    this.#byCode = this.#scope.counter(byCode);
    this.#status = status;
  }

  time(milliseconds: number): void {
    (this.#time ??= this.#scope.histogram(TIME[this.#part])).record(milliseconds);
  }
}

const COMPLETED: Readonly<Record<Part, string>> = {
  '': 'upstream_rq_completed',
  'external.': 'external.upstream_rq_completed',
  'internal.': 'internal.upstream_rq_completed',
  'retry.': 'retry.upstream_rq_completed',
};

const TIME: Readonly<Record<Part, string>> = {
  '': 'upstream_rq_time',
  'external.': 'external.upstream_rq_time',
  'internal.': 'internal.upstream_rq_time',
  'retry.': 'retry.upstream_rq_time',
};

/** Kept with each cluster. */
export class ClusterCodes {
  readonly #all: Codes;
  readonly #scope: StatsScope;
  #external: Codes | undefined;
  #internal: Codes | undefined;
  #retried: Codes | undefined;

  constructor(cluster: Cluster) {
    this.#scope = cluster.stats.scope;
    this.#all = new Codes(this.#scope);
  }

  count(status: number, internal: boolean): void {
    this.#all.count(status);
    this.#part(internal).count(status);
  }

  /** An answer that nobody gets, since the request is sent again. */
  countRetried(status: number): void {
    (this.#retried ??= new Codes(this.#scope, 'retry.')).count(status);
  }

  time(milliseconds: number, internal: boolean): void {
    this.#all.time(milliseconds);
    this.#part(internal).time(milliseconds);
  }

  #part(internal: boolean): Codes {
    if (internal) return (this.#internal ??= new Codes(this.#scope, 'internal.'));
    return (this.#external ??= new Codes(this.#scope, 'external.'));
  }
}

const codes = new WeakMap<Cluster, ClusterCodes>();

export function codesOf(cluster: Cluster): ClusterCodes {
  let found = codes.get(cluster);
  if (found === undefined) codes.set(cluster, (found = new ClusterCodes(cluster)));
  return found;
}
