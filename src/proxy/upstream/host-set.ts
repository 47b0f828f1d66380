/** The endpoints of a cluster as balancers see them: by priority, by health, by locality. */

import { EdfScheduler } from './balancers/edf.ts';
import { type Endpoint, type Locality, NO_LOCALITY, compareLocalities, sameLocality } from './host.ts';

/** Endpoints of one locality, and which of them may be used. */
export interface LocalityHosts {
  readonly locality: Locality;
  readonly all: readonly Endpoint[];
  readonly healthy: readonly Endpoint[];
  readonly degraded: readonly Endpoint[];
  /** `load_balancing_weight` of the locality; 0 without one. */
  readonly weight: number;
}

export interface HostSetOptions {
  readonly priority: number;
  /** In percent. */
  readonly overprovisioning: number;
  /** Health of a priority goes by the weight of its endpoints, not by their number. */
  readonly weightedHealth: boolean;
  /** The proxy's own; its endpoints stand first among the localities. */
  readonly ownLocality: Locality;
  readonly localityWeight: (locality: Locality) => number;
}

/** Endpoints of one priority. Immutable: a change of health makes a new one. */
export class HostSet {
  readonly priority: number;
  readonly all: readonly Endpoint[];
  readonly healthy: readonly Endpoint[];
  readonly degraded: readonly Endpoint[];
  readonly excludedCount: number;
  /** 0 to 100 each. */
  readonly healthyShare: number;
  readonly degradedShare: number;
  readonly #options: HostSetOptions;
  #localities: readonly LocalityHosts[] | undefined;
  #healthyLocalities: EdfScheduler<Choice> | undefined | null = null;
  #degradedLocalities: EdfScheduler<Choice> | undefined | null = null;

  constructor(hosts: readonly Endpoint[], options: HostSetOptions) {
    this.#options = options;
    this.priority = options.priority;
    this.all = hosts;
    this.healthy = hosts.filter((host) => host.healthy);
    this.degraded = hosts.filter((host) => host.degraded);
    this.excludedCount = hosts.reduce((count, host) => count + (host.excluded ? 1 : 0), 0);
    const measure = options.weightedHealth
      ? (some: readonly Endpoint[]) => some.reduce((sum, { weight }) => sum + weight, 0)
      : (some: readonly Endpoint[]) => some.length;
    const counted = measure(this.excludedCount === 0 ? hosts : hosts.filter((host) => !host.excluded));
    const share = (some: readonly Endpoint[]) =>
      counted <= 0 ? 0 : Math.min(100, Math.trunc((options.overprovisioning * measure(some)) / counted));
    this.healthyShare = share(this.healthy);
    this.degradedShare = share(this.degraded);
  }

  get options(): HostSetOptions {
    return this.#options;
  }

  /** Endpoints by locality, the proxy's own first, then in the order of their names. */
  get localities(): readonly LocalityHosts[] {
    return (this.#localities ??= this.#byLocality());
  }

  /** True when the first of `localities` is the proxy's own. */
  get hasOwnLocality(): boolean {
    const own = this.#options.ownLocality;
    const first = this.localities[0];
    return first !== undefined && !sameLocality(own, NO_LOCALITY) && sameLocality(first.locality, own);
  }

  /** The next locality by weight and health, undefined when weights are not set or none may be used. */
  nextLocality(isDegraded: boolean, random: () => number): number | undefined {
    if (isDegraded) {
      if (this.#degradedLocalities === null) {
        this.#degradedLocalities = this.#schedule((one) => one.degraded, random);
      }
      return this.#degradedLocalities?.pick()?.index;
    }
    if (this.#healthyLocalities === null) {
      this.#healthyLocalities = this.#schedule((one) => one.healthy, random);
    }
    return this.#healthyLocalities?.pick()?.index;
  }

  #schedule(
    eligible: (one: LocalityHosts) => readonly Endpoint[],
    random: () => number,
  ): EdfScheduler<Choice> | undefined {
    const choices: Choice[] = [];
    for (const [index, one] of this.localities.entries()) {
      const counted = one.all.reduce((count, host) => count + (host.excluded ? 0 : 1), 0);
      if (counted === 0) continue;
      const available = (this.#options.overprovisioning / 100) * (eligible(one).length / counted);
      const weight = one.weight * Math.min(1, available);
      if (weight > 0) choices.push({ index, weight });
    }
    return choices.length === 0 ? undefined : new EdfScheduler(choices, ({ weight }) => weight, random());
  }

  #byLocality(): readonly LocalityHosts[] {
    const groups: { locality: Locality; all: Endpoint[] }[] = [];
    const byKey = new Map<string, { locality: Locality; all: Endpoint[] }>();
    for (const host of this.all) {
      const { region, zone, subZone } = host.locality;
      const key = `${region}\0${zone}\0${subZone}`;
      let group = byKey.get(key);
      if (group === undefined) {
        byKey.set(key, (group = { locality: host.locality, all: [] }));
        groups.push(group);
      }
      group.all.push(host);
    }
    const own = this.#options.ownLocality;
    const rank = ({ locality }: { locality: Locality }) =>
      !sameLocality(own, NO_LOCALITY) && sameLocality(locality, own) ? 0 : 1;
    groups.sort((a, b) => rank(a) - rank(b) || compareLocalities(a.locality, b.locality));
    return groups.map(({ locality, all }) => ({
      locality,
      all,
      healthy: all.filter((host) => host.healthy),
      degraded: all.filter((host) => host.degraded),
      weight: this.#options.localityWeight(locality),
    }));
  }
}

interface Choice {
  readonly index: number;
  readonly weight: number;
}

/** What balancers read. `version` grows with each change: what was made from older endpoints is made anew. */
export interface PrioritySet {
  readonly version: number;
  /** At least one. */
  readonly sets: readonly HostSet[];
}
