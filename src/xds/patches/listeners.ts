/** Patches of listeners, and of the chains and filters in them. */

import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import {
  type Filter,
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { type Listener, ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  HttpFilterSchema,
} from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { typeUrlOf } from '../proto/registry.ts';
import { configOf, mergeFilter } from './filters.ts';
import {
  httpFilterOf,
  listenerFilterOf,
  meansChain,
  meansListener,
  networkFilterOf,
} from './listener-match.ts';
import { changeList } from './lists.ts';
import { mergeInto, mergedAny } from './merge.ts';
import type { Outcome } from './outcome.ts';
import type { Patch } from './patch.ts';
import type { PatchContext, PatchSet } from './selection.ts';

const CONNECTION_MANAGER_TYPE = typeUrlOf(HttpConnectionManagerSchema);

/** Changes what the connection managers themselves hold. */
type ChangeManager = (manager: HttpConnectionManager) => boolean;

/** The listener with its patches applied, undefined when they remove it. `patches` are those of its context. */
export function patchListener(original: Listener, patches: PatchSet, outcome: Outcome): Listener | undefined {
  const isMeant = (patch: Patch): boolean => meansListener(patch, original);
  const targets = ['LISTENER', 'LISTENER_FILTER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER'] as const;
  if (!targets.some((applyTo) => patches.of(applyTo).some(isMeant))) return original;
  const listener = clone(ListenerSchema, original);
  for (const patch of patches.of('LISTENER')) {
    if (!meansListener(patch, listener)) continue;
    if (patch.operation === 'REMOVE') return undefined;
    if (patch.operation !== 'MERGE') continue;
    mergeInto(ListenerSchema, listener, patch.value, patch);
    outcome.applied(patch);
  }
  patchListenerFilters(listener, patches, outcome);
  patchChains(listener, patches, outcome);
  return listener;
}

/** Listeners that patches add in this context. Of those for any context there is only one, where requests come in. */
export function addedListeners(context: PatchContext, patches: PatchSet): readonly Patch<'LISTENER'>[] {
  return patches
    .of('LISTENER')
    .filter(
      ({ operation, match }) =>
        operation === 'ADD' && (context !== 'SIDECAR_INBOUND' || match.context === context),
    );
}

/** Changes the connection managers of a listener; the same listener when `change` never says that it did. */
export function changeManagers(original: Listener, change: ChangeManager): Listener {
  const listener = clone(ListenerSchema, original);
  let isChanged = false;
  for (const chain of chainsOf(listener)) {
    for (const filter of chain.filters) {
      if (changeManager(filter, change)) isChanged = true;
    }
  }
  return isChanged ? listener : original;
}

function changeManager(filter: Filter, change: ChangeManager): boolean {
  const config = configOf(filter);
  if (config?.typeUrl !== CONNECTION_MANAGER_TYPE) return false;
  const manager = fromBinary(HttpConnectionManagerSchema, config.value);
  if (!change(manager)) return false;
  const value = toBinary(HttpConnectionManagerSchema, manager);
  filter.configType = {
    case: 'typedConfig',
    value: create(AnySchema, { typeUrl: CONNECTION_MANAGER_TYPE, value }),
  };
  return true;
}

function chainsOf({ filterChains, defaultFilterChain }: Listener): readonly FilterChain[] {
  return defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
}

function patchListenerFilters(listener: Listener, patches: PatchSet, outcome: Outcome): void {
  for (const patch of patches.of('LISTENER_FILTER')) {
    if (!meansListener(patch, listener)) continue;
    const isMeant = listenerFilterOf(patch);
    const filters = listener.listenerFilters;
    if (patch.operation === 'MERGE') {
      for (const filter of filters) {
        if (isMeant?.(filter) !== false) mergeFilter(ListenerFilterSchema, filter, patch, true, outcome);
      }
    } else if (
      changeList(filters, patch.operation, () => clone(ListenerFilterSchema, patch.value), isMeant)
    ) {
      outcome.applied(patch);
    }
  }
}

function patchChains(listener: Listener, patches: PatchSet, outcome: Outcome): void {
  listener.filterChains = listener.filterChains.filter((chain) =>
    patchChain(chain, listener, patches, outcome),
  );
  const fallback = listener.defaultFilterChain;
  if (fallback !== undefined && !patchChain(fallback, listener, patches, outcome)) {
    delete listener.defaultFilterChain;
  }
  for (const patch of patches.of('FILTER_CHAIN')) {
    if (patch.operation === 'ADD' && meansListener(patch, listener)) {
      listener.filterChains.push(clone(FilterChainSchema, patch.value));
      outcome.applied(patch);
    }
  }
}

/** Whether the chain stays. */
function patchChain(chain: FilterChain, listener: Listener, patches: PatchSet, outcome: Outcome): boolean {
  const isMeant = (patch: Patch): boolean =>
    meansListener(patch, listener) && meansChain(patch, listener, chain);
  for (const patch of patches.of('FILTER_CHAIN')) {
    if (!isMeant(patch)) continue;
    if (patch.operation === 'ADD') continue;
    outcome.applied(patch);
    if (patch.operation === 'REMOVE') return false;
    mergeChain(chain, patch);
  }
  patchNetworkFilters(chain, patches.of('NETWORK_FILTER').filter(isMeant), outcome);
  const httpPatches = patches.of('HTTP_FILTER').filter(isMeant);
  for (const filter of chain.filters) {
    const meant = httpPatches.filter((patch) => networkFilterOf(patch)?.(filter) !== false);
    if (meant.length > 0) changeManager(filter, (manager) => patchHttpFilters(manager, meant, outcome));
  }
  return true;
}

/** The settings of one transport socket are merged; another one takes its place. */
function mergeChain(chain: FilterChain, patch: Patch<'FILTER_CHAIN'>): void {
  const now = chain.transportSocket?.configType.value;
  const wanted = patch.value.transportSocket;
  const config = wanted?.configType.value;
  const isSame = wanted !== undefined && wanted.name === chain.transportSocket?.name;
  const merged =
    isSame && now !== undefined && config !== undefined ? mergedAny(now, config, patch) : undefined;
  mergeInto(FilterChainSchema, chain, patch.value, patch);
  if (merged !== undefined && chain.transportSocket !== undefined) {
    chain.transportSocket.configType = { case: 'typedConfig', value: merged };
  }
}

function patchNetworkFilters(
  { filters }: FilterChain,
  patches: readonly Patch<'NETWORK_FILTER'>[],
  outcome: Outcome,
): void {
  for (const patch of patches) {
    const make = () => clone(FilterSchema, patch.value);
    if (changeList(filters, patch.operation, make, networkFilterOf(patch))) outcome.applied(patch);
  }
  // Filters that patches brought are merged into as well, whatever the order of the patches.
  for (const filter of filters) {
    for (const patch of patches) {
      const isMeant = networkFilterOf(patch);
      if (patch.operation === 'MERGE' && isMeant?.(filter) !== false)
        mergeFilter(FilterSchema, filter, patch, isMeant !== undefined, outcome);
    }
  }
}

function patchHttpFilters(
  manager: HttpConnectionManager,
  patches: readonly Patch<'HTTP_FILTER'>[],
  outcome: Outcome,
): boolean {
  const filters = manager.httpFilters;
  for (const patch of patches) {
    const make = () => clone(HttpFilterSchema, patch.value);
    if (changeList(filters, patch.operation, make, httpFilterOf(patch))) outcome.applied(patch);
  }
  for (const filter of filters) {
    for (const patch of patches) {
      const isMeant = httpFilterOf(patch);
      if (patch.operation === 'MERGE' && isMeant?.(filter) !== false)
        mergeFilter(HttpFilterSchema, filter, patch, isMeant !== undefined, outcome);
    }
  }
  return true;
}
