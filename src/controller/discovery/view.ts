/** What one proxy may get of each type, and the difference between two states of it. */

import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  type ProxyResources,
  type Resource,
  ROUTE_TYPE,
} from '../../xds/resource.ts';
import type { EncodedResource, ResourceEncoder } from './encoder.ts';

/** The resources of one type by name. Never changed; proxies with the same share it. */
export type TypeView = ReadonlyMap<string, EncodedResource>;

/** By type URL. */
export type ProxyView = ReadonlyMap<string, TypeView>;

export const EMPTY_VIEW: TypeView = new Map();

/**
 * The types that are served, in the order in which Envoy wants to hear of changes: nothing may refer to what
 * has not been sent. https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
 */
export const TYPE_ORDER = [CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE, EXTENSION_TYPE] as const;

/** Of these the whole list is subscribed to when no names are given. */
export const WILDCARD_TYPES: ReadonlySet<string> = new Set([CLUSTER_TYPE, LISTENER_TYPE]);

export interface ViewDifference {
  readonly changed: readonly EncodedResource[];
  readonly removed: readonly string[];
}

export class ViewMaker {
  readonly #encoder: ResourceEncoder;
  /** Lists that a translation shares between proxies become one view. */
  readonly #byList = new WeakMap<readonly Resource[], TypeView>();
  readonly #differences = new WeakMap<TypeView, WeakMap<TypeView, ViewDifference>>();

  constructor(encoder: ResourceEncoder) {
    this.#encoder = encoder;
  }

  /** What is equal in `previous`, the proxy's view before, is kept as it is. */
  view(resources: ProxyResources, previous: ProxyView | undefined): ProxyView {
    const lists: readonly [string, readonly Resource[]][] = [
      [CLUSTER_TYPE, resources.clusters],
      [ENDPOINT_TYPE, resources.endpoints],
      [LISTENER_TYPE, resources.listeners],
      [ROUTE_TYPE, resources.routes],
      [EXTENSION_TYPE, resources.extensions],
    ];
    return new Map(lists.map(([type, list]) => [type, this.#typeView(list, previous?.get(type))]));
  }

  #typeView(list: readonly Resource[], previous: TypeView | undefined): TypeView {
    const known = this.#byList.get(list);
    if (known !== undefined) return known;
    const made = new Map(list.map((resource) => [resource.name, this.#encoder.encode(resource)]));
    const view = previous !== undefined && isEqual(previous, made) ? previous : made;
    this.#byList.set(list, view);
    return view;
  }

  /** What a proxy that has `from` lacks of `to`. Worked out once for all proxies that share both. */
  difference(from: TypeView, to: TypeView): ViewDifference {
    let targets = this.#differences.get(from);
    if (targets === undefined) this.#differences.set(from, (targets = new WeakMap()));
    let difference = targets.get(to);
    if (difference === undefined) targets.set(to, (difference = differenceOf(from, to)));
    return difference;
  }
}

function isEqual(one: TypeView, other: TypeView): boolean {
  if (one.size !== other.size) return false;
  for (const [name, resource] of other) if (one.get(name) !== resource) return false;
  return true;
}

function differenceOf(from: TypeView, to: TypeView): ViewDifference {
  const changed = [...to.values()].filter(({ name, version }) => from.get(name)?.version !== version);
  const removed = [...from.keys()].filter((name) => !to.has(name));
  return { changed, removed };
}
