/** The first step of most balancers: which list of endpoints a request is given one of. */

import type { Endpoint } from '../host.ts';
import type { HostSet } from '../host-set.ts';
import type { LoadBalancerContext } from '../types.ts';
import type { BalancerEnvironment } from './balancer.ts';
import { type PriorityLoads, choosePriority, isInPanic, onlyTo, priorityLoads } from './priority-load.ts';
import { type ZoneRouting, chooseZone, zoneRouting } from './zone-routing.ts';

/** A list of endpoints, and what a balancer keeps for it while it stays the same. */
export interface HostSource<State> {
  readonly hosts: readonly Endpoint[];
  state: State | undefined;
}

interface PrioritySources<State> {
  readonly set: HostSet;
  readonly all: HostSource<State>;
  readonly healthy: HostSource<State>;
  readonly degraded: HostSource<State>;
  /** By the index of the locality; made when they are first asked for. */
  localHealthy: HostSource<State>[] | undefined;
  localDegraded: HostSource<State>[] | undefined;
}

export class HostSources<State> {
  readonly #environment: BalancerEnvironment;
  #version = -1;
  #loads: PriorityLoads = { healthy: [100], degraded: [0], panic: [false] };
  #priorities: PrioritySources<State>[] = [];
  #onlyFirst = true;
  #zones: { readonly routing: ZoneRouting; readonly localVersion: number } | undefined;

  constructor(environment: BalancerEnvironment) {
    this.#environment = environment;
  }

  /** Undefined when traffic is to fail rather than go to endpoints that are not healthy. */
  choose(context: LoadBalancerContext): HostSource<State> | undefined {
    const { hosts, random, locality } = this.#environment;
    if (hosts.version !== this.#version) this.#refresh();
    let loads = this.#loads;
    if (context.only !== undefined) {
      loads = onlyTo(context.only, loads);
    } else if (context.triedPriorities !== undefined && context.triedPriorities.length > 0) {
      loads = priorityLoads(hosts.sets, this.#environment.panicThreshold, context.triedPriorities);
    } else if (this.#onlyFirst) {
      return this.#priorities[0]?.healthy;
    }
    const { priority, degraded } = choosePriority(loads, random() % 100);
    const sources = this.#priorities[priority];
    if (sources === undefined) return undefined;
    if (loads.panic[priority] === true) {
      this.#environment.stats.healthyPanic.value++;
      return locality !== 'weighted' && locality.failTrafficOnPanic ? undefined : sources.all;
    }
    const whole = degraded ? sources.degraded : sources.healthy;
    if (locality === 'weighted') {
      const index = sources.set.nextLocality(degraded, () => random() / 2 ** 32);
      return index === undefined ? whole : this.#inLocality(sources, degraded, index);
    }
    if (priority !== 0) return whole;
    const zones = this.#zoneRouting(sources.set);
    if (zones === undefined || zones.routing.kind === 'none') return whole;
    if (random() % 100 >= locality.routingEnabled) return whole;
    if (isInPanic(zones.local, this.#environment.panicThreshold)) {
      this.#environment.stats.localClusterNotOk.value++;
      return locality.failTrafficOnPanic ? undefined : whole;
    }
    return this.#inLocality(sources, degraded, chooseZone(zones.routing, random, this.#environment.stats));
  }

  #inLocality(sources: PrioritySources<State>, degraded: boolean, index: number) {
    const { localities } = sources.set;
    if (degraded) {
      sources.localDegraded ??= localities.map((one) => ({ hosts: one.degraded, state: undefined }));
      return sources.localDegraded[index];
    }
    sources.localHealthy ??= localities.map((one) => ({ hosts: one.healthy, state: undefined }));
    return sources.localHealthy[index];
  }

  #zoneRouting(upstream: HostSet) {
    const { locality, localHosts } = this.#environment;
    const local = localHosts?.();
    const set = local?.sets[0];
    if (locality === 'weighted' || local === undefined || set === undefined) return undefined;
    if (this.#zones?.localVersion !== local.version) {
      this.#zones = {
        routing: zoneRouting(upstream, set, locality, this.#environment.stats),
        localVersion: local.version,
      };
    }
    return { routing: this.#zones.routing, local: set };
  }

  #refresh(): void {
    const { hosts, panicThreshold, locality, localHosts } = this.#environment;
    this.#version = hosts.version;
    this.#loads = priorityLoads(hosts.sets, panicThreshold);
    this.#priorities = hosts.sets.map((set) => ({
      set,
      all: { hosts: set.all, state: undefined },
      healthy: { hosts: set.healthy, state: undefined },
      degraded: { hosts: set.degraded, state: undefined },
      localHealthy: undefined,
      localDegraded: undefined,
    }));
    this.#zones = undefined;
    this.#onlyFirst =
      locality !== 'weighted' &&
      localHosts === undefined &&
      this.#loads.healthy[0] === 100 &&
      this.#loads.panic[0] !== true;
  }
}
