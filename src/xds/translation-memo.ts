/** What translations share: over proxies that get the same, and over states in which it stays the same. */

import type { KindKey } from '../api/kind-info.ts';
import type { ServiceEndpoint } from '../model/endpoints.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { TargetMemo } from './clusters/target-memo.ts';
import type { Target } from './clusters/targets.ts';
import type { InboundPort } from './listeners/inbound-ports.ts';
import { Memo, type World } from './memo.ts';
import { ProblemList, type TranslationProblem } from './problem.ts';
import type { ProxyResources, Resource } from './resource.ts';

export interface Translated extends ProxyResources {
  /** What of the configuration does not hold for this proxy, each object and reason once. */
  readonly problems: readonly TranslationProblem[];
}

/** A part of what a proxy gets, and what of the configuration does not hold in it. */
export interface Part {
  readonly clusters?: readonly Resource[];
  readonly endpoints?: readonly Resource[];
  readonly listeners?: readonly Resource[];
  readonly routes?: readonly Resource[];
  readonly extensions?: readonly Resource[];
  readonly problems: readonly TranslationProblem[];
  /** What `endpoints` was made from: to find what of it changes. */
  readonly assigned?: Assigned;
}

interface Assigned {
  readonly to: readonly Target[];
  /** The targets that have an assignment, in the order of the assignments, and the endpoints of each. */
  readonly eds: readonly Target[];
  readonly from: readonly (readonly ServiceEndpoint[])[];
}

/** Targets that a proxy has, and what was found wrong with them. */
export interface Targets {
  readonly all: readonly Target[];
  readonly problems: readonly TranslationProblem[];
}

/** States after which what nobody has asked for since is forgotten. */
const FORGET_AFTER = 64;

/** What translations of one mesh share, over proxies and over time. Tell it of changes before using it again. */
export class TranslationMemo {
  /** Takes resources when they are made: to hold them in another form. */
  readonly finish: (resource: Resource) => Resource;
  readonly #parts: Memo<Part>[] = [];
  readonly targets = new Memo<Targets>();
  readonly clusters: TargetMemo;
  readonly assignments: TargetMemo;
  readonly #inbound = new Map<string, Memo<Part>>();
  readonly #joined = new WeakMap<readonly Resource[], WeakMap<readonly Resource[], readonly Resource[]>>();
  readonly #whole = new PartTree<Translated>();
  readonly #changedAt = new Map<KindKey, number>();
  /** What was made before this generation no longer holds. */
  #begin = 0;
  #world: World | undefined;

  constructor(finish: (resource: Resource) => Resource = (resource) => resource) {
    this.finish = finish;
    this.clusters = new TargetMemo(finish);
    this.assignments = new TargetMemo(finish);
  }

  /** The mesh has changed in objects of these kinds; undefined when its settings have, or nothing is known. */
  moveTo(snapshot: Snapshot, kinds: ReadonlySet<KindKey> | undefined): World {
    const generation = (this.#world?.generation ?? 0) + 1;
    for (const kind of kinds ?? []) this.#changedAt.set(kind, generation);
    if (kinds === undefined) {
      this.#begin = generation;
      this.clusters.clear();
      this.assignments.clear();
    }
    const hasChanged: World['hasChanged'] = (kinds, since) => {
      if (since < this.#begin) return true;
      for (const kind of kinds) if ((this.#changedAt.get(kind) ?? 0) > since) return true;
      return false;
    };
    if (generation % FORGET_AFTER === 0) this.#forgetUnused(generation - FORGET_AFTER);
    return (this.#world = { snapshot, generation, hasChanged });
  }

  /** The world of a snapshot. One that it was not told of may differ in everything. */
  worldOf(snapshot: Snapshot): World {
    return this.#world?.snapshot === snapshot ? this.#world : this.moveTo(snapshot, undefined);
  }

  #forgetUnused(since: number): void {
    for (const memo of [...this.#parts, this.targets, ...this.#inbound.values()]) memo.forgetUnused(since);
    for (const [key, part] of this.#inbound) if (part.isEmpty) this.#inbound.delete(key);
  }

  /** What has been made of one part of the translation. */
  part(index: number): Memo<Part> {
    return (this.#parts[index] ??= new Memo());
  }

  /** What has been made for these ports. */
  inbound(served: readonly InboundPort[]): Memo<Part> {
    const key = JSON.stringify(served);
    let memo = this.#inbound.get(key);
    if (memo === undefined) this.#inbound.set(key, (memo = new Memo()));
    return memo;
  }

  /** All parts as one value, the same one for the same parts. */
  whole(parts: readonly Part[]): Translated {
    return this.#whole.get(parts, () => {
      const problems = new ProblemList();
      for (const part of parts) {
        for (const { object, message } of part.problems) problems.report(object, message);
      }
      const all = (list: keyof ProxyResources): readonly Resource[] =>
        parts.map((part) => part[list] ?? []).reduce((one, other) => this.#join(one, other));
      return {
        clusters: all('clusters'),
        endpoints: all('endpoints'),
        listeners: all('listeners'),
        routes: all('routes'),
        extensions: all('extensions'),
        problems: problems.all,
      };
    });
  }

  /** Both lists as one, the same one each time. Of one name the first counts. */
  #join(one: readonly Resource[], other: readonly Resource[]): readonly Resource[] {
    if (other.length === 0) return one;
    if (one.length === 0) return other;
    let found = this.#joined.get(one);
    if (found === undefined) this.#joined.set(one, (found = new WeakMap()));
    let joined = found.get(other);
    if (joined === undefined) {
      const names = new Set(other.map(({ name }) => name));
      const taken = new Set(one.filter(({ name }) => names.has(name)).map(({ name }) => name));
      joined = [...one, ...other.filter(({ name }) => !taken.has(name))];
      found.set(other, joined);
    }
    return joined;
  }
}

/** A value for each sequence of parts, for as long as the parts are there. */
class PartTree<Value> {
  readonly #next = new WeakMap<Part, PartTree<Value>>();
  #value: Value | undefined;

  get(parts: readonly Part[], make: () => Value, at = 0): Value {
    const part = parts[at];
    if (part === undefined) return (this.#value ??= make());
    let next = this.#next.get(part);
    if (next === undefined) this.#next.set(part, (next = new PartTree()));
    return next.get(parts, make, at + 1);
  }
}
