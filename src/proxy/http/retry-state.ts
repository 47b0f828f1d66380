/** Whether a request is sent again, and when. */

import type { Condition } from '../route/conditions.ts';
import type { Retries } from '../route/retries.ts';
import type { CircuitBreaker, ClusterStats } from '../upstream/types.ts';
import type { ResetReason } from './codec.ts';
import { HeaderList } from './header-list.ts';
import type { StreamRecord } from './stream-record.ts';

const ON = {
  '5xx': 1,
  'gateway-error': 2,
  reset: 4,
  'reset-before-request': 8,
  'connect-failure': 16,
  'envoy-ratelimited': 32,
  'retriable-4xx': 64,
  'refused-stream': 128,
  'retriable-status-codes': 256,
  'retriable-headers': 512,
  cancelled: 1024,
  'deadline-exceeded': 2048,
  internal: 4096,
  'resource-exhausted': 8192,
  unavailable: 16_384,
} as const;

const GRPC: readonly (readonly [flag: number, status: number])[] = [
  [ON.cancelled, 1],
  [ON['deadline-exceeded'], 4],
  [ON['resource-exhausted'], 8],
  [ON.internal, 13],
  [ON.unavailable, 14],
];

const flagsByPolicy = new WeakMap<Retries, number>();

function flagsOf(names: readonly string[]): number {
  // Names that nobody knows ask for nothing, as in Envoy.
  return names.reduce(
    (flags, name) => (Object.hasOwn(ON, name) ? flags | ON[name as keyof typeof ON] : flags),
    0,
  );
}

/** `again`: yes. `no`: it is not such an answer. `overflow`: too many are sent again already. `limit`: often enough. */
export type RetryVerdict = 'again' | 'no' | 'overflow' | 'limit';

/** Says in the access log why the request was not sent again. */
export function noteVerdict(info: StreamRecord, verdict: Exclude<RetryVerdict, 'again'>): void {
  if (verdict === 'overflow') info.flag('UO');
  else if (verdict === 'limit') info.flag('URX');
}

/** What clients may say of retries themselves. */
const HEADERS = {
  on: 'x-envoy-retry-on',
  grpcOn: 'x-envoy-retry-grpc-on',
  count: 'x-envoy-max-retries',
  statusCodes: 'x-envoy-retriable-status-codes',
  headerNames: 'x-envoy-retriable-header-names',
} as const;

const NO_POLICY: Retries = {
  count: 1,
  on: [],
  statusCodes: [],
  perTryTimeout: undefined,
  perTryIdleTimeout: 0,
  backOff: { base: 25, max: 250 },
  resetHeaders: [],
  maxResetInterval: 300_000,
  headers: [],
  requestHeaders: [],
  hostPredicates: [],
  hostAttempts: 1,
  priorityUpdates: undefined,
};

/** Where tries are counted: the cluster, and maybe the route. */
export type RetryCounters = Pick<
  ClusterStats,
  'rqRetry' | 'rqRetrySuccess' | 'rqRetryOverflow' | 'rqRetryLimitExceeded'
>;

/** Asked for them once something is tried again. */
export interface RetriesCounted {
  readonly retries: readonly RetryCounters[];
}

export class RetryState {
  readonly policy: Retries;
  readonly #flags: number;
  readonly #statusCodes: readonly number[];
  readonly #headerNames: readonly string[];
  readonly #breaker: CircuitBreaker;
  readonly #tally: RetriesCounted;
  #left: number;
  #tried = 0;
  #counted = false;

  /** Undefined when the request is not sent again, whatever happens. Takes the headers away that ask for retries. */
  static of(
    policy: Retries | undefined,
    headers: HeaderList,
    asked: boolean,
    breaker: CircuitBreaker,
    tally: RetriesCounted,
  ): RetryState | undefined {
    if (policy === undefined && !asked) return undefined;
    const used = policy ?? NO_POLICY;
    let flags = flagsByPolicy.get(used);
    if (flags === undefined) flagsByPolicy.set(used, (flags = flagsOf(used.on)));
    let { count, statusCodes } = used;
    let headerNames: readonly string[] = [];
    if (asked) {
      flags |= flagsOf(listed(headers, HEADERS.on)) | flagsOf(listed(headers, HEADERS.grpcOn));
      const most = headers.get(HEADERS.count);
      if (most !== undefined && /^\d{1,9}$/.test(most)) count = Number(most);
      const codes = listed(headers, HEADERS.statusCodes).map(Number).filter(Number.isInteger);
      if (codes.length > 0) statusCodes = [...statusCodes, ...codes];
      headerNames = listed(headers, HEADERS.headerNames).map((name) => name.toLowerCase());
      for (const name of Object.values(HEADERS)) headers.remove(name);
    }
    if (flags === 0 || count === 0) return undefined;
    return new RetryState(used, flags, count, statusCodes, headerNames, breaker, tally);
  }

  constructor(
    policy: Retries,
    flags: number,
    count: number,
    statusCodes: readonly number[],
    headerNames: readonly string[],
    breaker: CircuitBreaker,
    tally: RetriesCounted,
  ) {
    this.policy = policy;
    this.#flags = flags;
    this.#left = count;
    this.#statusCodes = statusCodes;
    this.#headerNames = headerNames;
    this.#breaker = breaker;
    this.#tally = tally;
  }

  onHead(status: number, headers: HeaderList): RetryVerdict {
    const wanted = this.#wantsStatus(status, headers);
    if (!wanted && this.#tried > 0 && !this.#isFailure(status)) this.#count('rqRetrySuccess');
    return this.#decide(wanted);
  }

  /** `sent`: the request had been written to a server. */
  onReset(reason: ResetReason, sent: boolean): RetryVerdict {
    return this.#decide(this.#wantsReset(reason, sent));
  }

  /** A try that takes too long is to go on beside another one. */
  onHedge(): RetryVerdict {
    return this.#decide(true);
  }

  /** Whether it is such an answer that the request would be sent again for. */
  isUnwanted(status: number, headers: HeaderList): boolean {
    return this.#wantsStatus(status, headers);
  }

  /** Milliseconds until the next try. */
  delay(headers: HeaderList | undefined, random: number): number {
    const asked = headers === undefined ? undefined : this.#askedDelay(headers);
    // Between what is asked for and half as much again, so that not all come at once.
    if (asked !== undefined) return asked + ((random % 1000) / 2000) * asked;
    const { base, max } = this.policy.backOff;
    const most = Math.min(max, base * 2 ** Math.min(this.#tried - 1, 30));
    return random % Math.max(1, Math.ceil(most));
  }

  /** The request is over, or sent again: it no longer counts among those that wait to be. */
  release(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#breaker.retries.current--;
  }

  #decide(wanted: boolean): RetryVerdict {
    this.release();
    if (!wanted) return 'no';
    if (this.#left === 0) {
      this.#count('rqRetryLimitExceeded');
      return 'limit';
    }
    const { retries } = this.#breaker;
    const most = this.#breaker.retryBudget?.() ?? retries.max;
    if (retries.current >= most) {
      this.#count('rqRetryOverflow');
      return 'overflow';
    }
    this.#left--;
    this.#tried++;
    retries.current++;
    this.#counted = true;
    this.#count('rqRetry');
    return 'again';
  }

  #count(name: keyof RetryCounters): void {
    for (const counters of this.#tally.retries) counters[name].value++;
  }

  #isFailure(status: number): boolean {
    return status >= 500;
  }

  #wantsStatus(status: number, headers: HeaderList): boolean {
    const flags = this.#flags;
    // What was limited on purpose is not sent again unless that is asked for.
    if (headers.has('x-envoy-ratelimited')) return (flags & ON['envoy-ratelimited']) !== 0;
    if ((flags & ON['5xx']) !== 0 && status >= 500 && status < 600) return true;
    if ((flags & ON['gateway-error']) !== 0 && status >= 502 && status <= 504) return true;
    if ((flags & ON['retriable-4xx']) !== 0 && status === 409) return true;
    if ((flags & ON['retriable-status-codes']) !== 0 && this.#statusCodes.includes(status)) return true;
    if ((flags & ON['retriable-headers']) !== 0 && this.#wantsHeaders(status, headers)) return true;
    if (flags < ON.cancelled) return false;
    const grpc = Number(headers.get('grpc-status') ?? '');
    return GRPC.some(([flag, code]) => (flags & flag) !== 0 && code === grpc);
  }

  #wantsHeaders(status: number, headers: HeaderList): boolean {
    if (this.#headerNames.some((name) => headers.has(name))) return true;
    if (this.policy.headers.length === 0) return false;
    const response = new HeaderList();
    response.append(':status', String(status));
    for (const [name, value] of headers.entries()) response.append(name, value);
    return this.policy.headers.some((condition) => holdsOf(condition, response));
  }

  #wantsReset(reason: ResetReason, sent: boolean): boolean {
    const flags = this.#flags;
    if (reason === 'overflow') return false;
    if ((flags & (ON.reset | ON['5xx'] | ON['gateway-error'])) !== 0) return true;
    if ((flags & ON['reset-before-request']) !== 0 && !sent) return true;
    if ((flags & ON['refused-stream']) !== 0 && reason === 'remote-refused') return true;
    const unconnected = reason === 'connection-failure' || reason === 'connection-timeout';
    return (flags & ON['connect-failure']) !== 0 && unconnected;
  }

  #askedDelay(headers: HeaderList): number | undefined {
    for (const { name, format } of this.policy.resetHeaders) {
      const value = headers.get(name);
      if (value === undefined || !/^\d{1,15}$/.test(value)) continue;
      const delay = format === 'seconds' ? Number(value) * 1000 : Number(value) * 1000 - Date.now();
      if (delay > 0 && delay <= this.policy.maxResetInterval) return delay;
    }
    return undefined;
  }
}

function holdsOf(condition: Condition, headers: HeaderList): boolean {
  return condition.holds({ method: '', scheme: '', authority: '', path: '', headers, random: 0 });
}

function listed(headers: HeaderList, name: string): readonly string[] {
  const text = headers.joined(name);
  if (text === undefined) return [];
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
