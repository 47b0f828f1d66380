/** What one proxy may get of each type, and the difference between two states of it. */

import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  originOf,
  type ProxyResources,
  type Resource,
  ROUTE_TYPE,
  SECRET_TYPE,
} from '../../xds/resource.ts';
import { isConfigType } from '../config-service/types.ts';
import type { EncodedResource, ResourceEncoder } from './encoder.ts';

/** The resources of one type by name. Never changed; proxies with the same share it. */
export type TypeView = ReadonlyMap<string, EncodedResource>;

/** By type URL. */
export type ProxyView = Pick<ReadonlyMap<string, TypeView>, 'get'>;

export const EMPTY_VIEW: TypeView = new Map();

/**
 * The types that are served, in the order in which Envoy wants to hear of changes: nothing may refer to what
 * has not been sent. https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
 */
export const TYPE_ORDER = [
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
  EXTENSION_TYPE,
] as const;

const WILDCARD_TYPES: ReadonlySet<string> = new Set([CLUSTER_TYPE, LISTENER_TYPE]);

/** Whether the whole list of a type is subscribed to when no names are given. */
export function isWildcardType(typeUrl: string): boolean {
  return WILDCARD_TYPES.has(typeUrl) || isConfigType(typeUrl);
}

/**
 * Whether each resource of a type goes in a response of its own. Envoy takes a secret that it has refused for the one it
 * has when it comes again, so that it would never be known which of several it was.
 */
export function goesAlone(typeUrl: string): boolean {
  return typeUrl === SECRET_TYPE;
}

export interface ViewDifference {
  readonly changed: readonly EncodedResource[];
  readonly removed: readonly string[];
}

export class ViewMaker {
  readonly #encoder: ResourceEncoder;
  readonly #whole = new WeakMap<ProxyResources, ProxyView>();
  /** Lists that a translation shares between proxies become one view, and so do lists of the same. */
  readonly #byList = new WeakMap<readonly Resource[], TypeView>();
  readonly #byContent = new InternedViews();
  /** Under a view those that differ from it in some resources, by their numbers. */
  readonly #derived = new WeakMap<TypeView, Map<string, WeakRef<TypeView>>>();
  readonly #unions = new WeakMap<TypeView, WeakMap<TypeView, TypeView>>();
  readonly #differences = new WeakMap<TypeView, WeakMap<TypeView, ViewDifference>>();

  constructor(encoder: ResourceEncoder) {
    this.#encoder = encoder;
  }

  /** The same value for the same resources. */
  view(resources: ProxyResources): ProxyView {
    let view = this.#whole.get(resources);
    if (view === undefined) {
      view = new Map<string, TypeView>([
        [CLUSTER_TYPE, this.#typeView(resources.clusters)],
        [ENDPOINT_TYPE, this.#typeView(resources.endpoints)],
        [LISTENER_TYPE, this.#typeView(resources.listeners)],
        [ROUTE_TYPE, this.#typeView(resources.routes)],
        [EXTENSION_TYPE, this.#typeView(resources.extensions)],
      ]);
      this.#whole.set(resources, view);
    }
    return view;
  }

  /** The view of one who takes the objects of the configuration; made as far as it is asked for. */
  configView(lookup: (typeUrl: string) => readonly Resource[]): ProxyView {
    const made = new Map<string, TypeView>();
    return {
      get: (typeUrl) => {
        let view = made.get(typeUrl);
        if (view === undefined) made.set(typeUrl, (view = this.#typeView(lookup(typeUrl))));
        return view;
      },
    };
  }

  /** The same value for the same resources. */
  viewOf(list: readonly Resource[]): TypeView {
    if (list.length === 0) return EMPTY_VIEW;
    return this.#byContent.of(list.map((one) => this.#encoder.encode(one)));
  }

  #typeView(list: readonly Resource[]): TypeView {
    if (list.length === 0) return EMPTY_VIEW;
    const known = this.#byList.get(list);
    if (known !== undefined) return known;
    const view = this.#fromOrigin(list) ?? this.#byContent.of(list.map((one) => this.#encoder.encode(one)));
    this.#byList.set(list, view);
    return view;
  }

  /** By what changed in the list, when that is known: the others are not looked at. */
  #fromOrigin(list: readonly Resource[]): TypeView | undefined {
    const origin = originOf(list);
    const base = origin && this.#byList.get(origin.from);
    if (origin === undefined || base === undefined) return undefined;
    const changed = origin.changed
      .map((resource) => this.#encoder.encode(resource))
      .filter((resource) => base.get(resource.name) !== resource);
    if (changed.length === 0) return base;
    let derived = this.#derived.get(base);
    if (derived === undefined) this.#derived.set(base, (derived = new Map()));
    const key = changed.map(({ id }) => id).join(' ');
    const known = derived.get(key)?.deref();
    if (known !== undefined) return known;
    const view = new Map(base);
    for (const resource of changed) view.set(resource.name, resource);
    const same = this.#byContent.of([...view.values()], view);
    for (const [key, other] of derived) if (other.deref() === undefined) derived.delete(key);
    derived.set(key, new WeakRef(same));
    const isNew = changed.filter((one) => base.get(one.name)?.version !== one.version);
    this.#remember(base, same, { changed: isNew, removed: [] });
    return same;
  }

  /** A view with what another has besides: the other one itself when it differs in nothing else. */
  union(view: TypeView, other: TypeView): TypeView {
    const { changed, removed } = this.difference(other, view);
    if (removed.length === 0) return view;
    if (changed.length === 0) return other;
    let unions = this.#unions.get(view);
    if (unions === undefined) this.#unions.set(view, (unions = new WeakMap()));
    let union = unions.get(other);
    if (union === undefined) {
      union = this.#byContent.of([...new Map([...other, ...view]).values()]);
      unions.set(other, union);
    }
    return union;
  }

  /** What a proxy that has `from` lacks of `to`. Worked out once for all proxies that share both. */
  difference(from: TypeView, to: TypeView): ViewDifference {
    const known = this.#differences.get(from)?.get(to);
    if (known !== undefined) return known;
    return this.#remember(from, to, differenceOf(from, to));
  }

  #remember(from: TypeView, to: TypeView, difference: ViewDifference): ViewDifference {
    let targets = this.#differences.get(from);
    if (targets === undefined) this.#differences.set(from, (targets = new WeakMap()));
    targets.set(to, difference);
    return difference;
  }
}

/** Views of the same resources are one view, whoever they were made for. */
class InternedViews {
  readonly #views = new Map<number, WeakRef<TypeView>>();
  readonly #gone = new FinalizationRegistry<number>((key) => {
    if (this.#views.get(key)?.deref() === undefined) this.#views.delete(key);
  });

  /** The view of a list; `made` is one that exists already. */
  of(list: readonly EncodedResource[], made?: TypeView): TypeView {
    const key = hashOf(list);
    const known = this.#views.get(key)?.deref();
    if (known !== undefined && isEqual(known, list)) return known;
    const view = made ?? new Map(list.map((resource) => [resource.name, resource]));
    this.#views.set(key, new WeakRef(view));
    this.#gone.register(view, key);
    return view;
  }
}

/** A sum over the numbers of the resources, each well mixed first: the same in any order. */
function hashOf(list: readonly EncodedResource[]): number {
  let sum = 0;
  for (const { id } of list) {
    let mixed = Math.imul(id ^ (id >>> 15), 0x2c1b_3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a_2d39);
    sum += (mixed ^ (mixed >>> 15)) >>> 0;
  }
  return sum;
}

function isEqual(view: TypeView, list: readonly EncodedResource[]): boolean {
  return view.size === list.length && list.every((resource) => view.get(resource.name) === resource);
}

function differenceOf(from: TypeView, to: TypeView): ViewDifference {
  const changed = [...to.values()].filter(({ name, version }) => from.get(name)?.version !== version);
  const removed = [...from.keys()].filter((name) => !to.has(name));
  return { changed, removed };
}
