/** Round robin and least request: a schedule when endpoints weigh differently, else a pick of equals. */

import type { Endpoint } from '../host.ts';
import type { LoadBalancerContext } from '../types.ts';
import { type Balancer, type BalancerEnvironment, chooseAccepted } from './balancer.ts';
import { EdfScheduler } from './edf.ts';
import { type HostSource, HostSources } from './host-source.ts';
import { type SlowStart, isStarting, startFactor } from './slow-start.ts';

/** What is kept for a list of endpoints. */
interface State {
  readonly schedule: EdfScheduler<Endpoint> | undefined;
  turn: number;
}

interface Kind {
  /** Above 0; what an endpoint is due in proportion to. */
  weigh(host: Endpoint): number;
  /** From a list that is not empty, all of whose endpoints weigh the same. */
  pick(hosts: readonly Endpoint[], state: State, random: () => number): Endpoint | undefined;
}

class WeightedBalancer implements Balancer {
  readonly #environment: BalancerEnvironment;
  readonly #sources: HostSources<State>;
  readonly #kind: Kind;
  readonly #slowStart: SlowStart | undefined;

  constructor(environment: BalancerEnvironment, kind: Kind, slowStart: SlowStart | undefined) {
    this.#environment = environment;
    this.#sources = new HostSources(environment);
    this.#kind = kind;
    this.#slowStart = slowStart;
  }

  choose(context: LoadBalancerContext): Endpoint | undefined {
    if (context.rejects === undefined) return this.#once(context);
    return chooseAccepted(context, () => this.#once(context));
  }

  #once(context: LoadBalancerContext): Endpoint | undefined {
    const source = this.#sources.choose(context);
    if (source === undefined) return undefined;
    const { hosts } = source;
    if (hosts.length <= 1) return hosts[0];
    const state = (source.state ??= this.#begin(source));
    return state.schedule === undefined
      ? this.#kind.pick(hosts, state, this.#environment.random)
      : state.schedule.pick();
  }

  #begin({ hosts }: HostSource<State>): State {
    const slowStart = this.#slowStart;
    const weight = hosts[0]?.weight;
    const now = performance.now();
    const isEven =
      hosts.every((host) => host.weight === weight) &&
      (slowStart === undefined || !hosts.some((host) => isStarting(host, slowStart, now)));
    // A turn of its own for each list: lists may take turns themselves.
    if (isEven) return { schedule: undefined, turn: this.#environment.random() };
    const weigh = (host: Endpoint) => {
      const own = this.#kind.weigh(host);
      return slowStart === undefined ? own : own * startFactor(host, slowStart, performance.now());
    };
    const start = this.#environment.random() / 2 ** 32;
    return { schedule: new EdfScheduler(hosts, weigh, start), turn: 0 };
  }
}

/** In turn, more often with more weight. */
export function roundRobin(environment: BalancerEnvironment, slowStart?: SlowStart): Balancer {
  return new WeightedBalancer(environment, ROUND_ROBIN, slowStart);
}

const ROUND_ROBIN: Kind = {
  weigh: (host) => host.weight,
  pick: (hosts, state) => hosts[state.turn++ % hosts.length],
};

export interface LeastRequestOptions {
  /** How many are compared; at least 1. */
  readonly choices: number;
  /** How much requests on their way lower the weight, when weights differ; 0 not at all. */
  readonly activeRequestBias: number;
  /** All are compared in place of a few. */
  readonly fullScan: boolean;
  readonly slowStart?: SlowStart | undefined;
}

/** Of some chosen at random the one with the fewest requests; by weight and requests when weights differ. */
export function leastRequest(environment: BalancerEnvironment, options: LeastRequestOptions): Balancer {
  return new WeightedBalancer(environment, new LeastRequest(options), options.slowStart);
}

class LeastRequest implements Kind {
  readonly #options: LeastRequestOptions;

  constructor(options: LeastRequestOptions) {
    this.#options = options;
  }

  weigh({ weight, stats }: Endpoint): number {
    const { activeRequestBias: bias } = this.#options;
    if (bias === 0) return weight;
    const active = stats.rqActive + 1;
    return weight / (bias === 1 ? active : active ** bias);
  }

  pick(hosts: readonly Endpoint[], _state: State, random: () => number): Endpoint | undefined {
    const { fullScan, choices } = this.#options;
    return fullScan ? scan(hosts, random) : sample(hosts, choices, random);
  }
}

function sample(hosts: readonly Endpoint[], choices: number, random: () => number): Endpoint | undefined {
  let best = hosts[random() % hosts.length];
  for (let count = 1; count < choices; count++) {
    const other = hosts[random() % hosts.length];
    if (other !== undefined && best !== undefined && other.stats.rqActive < best.stats.rqActive) best = other;
  }
  return best;
}

function scan(hosts: readonly Endpoint[], random: () => number): Endpoint | undefined {
  let best = hosts[0];
  let equals = 1;
  for (const host of hosts.slice(1)) {
    if (best === undefined) break;
    const difference = host.stats.rqActive - best.stats.rqActive;
    if (difference < 0) {
      best = host;
      equals = 1;
    } else if (difference === 0 && random() % ++equals === 0) {
      best = host;
    }
  }
  return best;
}

/** Any, each as likely as the others; weights do not count. */
export function randomChoice(environment: BalancerEnvironment): Balancer {
  const sources = new HostSources<never>(environment);
  const once = (context: LoadBalancerContext) => {
    const hosts = sources.choose(context)?.hosts ?? [];
    return hosts[environment.random() % hosts.length];
  };
  return { choose: (context) => chooseAccepted(context, () => once(context)) };
}
