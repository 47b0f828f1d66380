/** Which patches hold for a proxy, and in which order. */

import { matchesRe2 } from '../../base/re2.ts';
import { envoyFiltersFor } from '../../model/envoy-filters.ts';
import type { Input } from '../input.ts';
import type { ProxyIdentity } from '../proxy-identity.ts';
import { type ApplyTo, type Patch, decodeFilter } from './patch.ts';

/** The class of configuration that a patch is for. */
export type PatchContext = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

export class PatchSet {
  readonly #byTarget = new Map<ApplyTo, Patch[]>();

  constructor(patches: readonly Patch[]) {
    for (const patch of patches) {
      const list = this.#byTarget.get(patch.applyTo);
      if (list === undefined) this.#byTarget.set(patch.applyTo, [patch]);
      else list.push(patch);
    }
  }

  /** Patches of that kind in the order in which they are applied. */
  of<To extends ApplyTo>(applyTo: To): readonly Patch<To>[] {
    return (this.#byTarget.get(applyTo) ?? []) as readonly Patch[] as readonly Patch<To>[];
  }

  get isEmpty(): boolean {
    return this.#byTarget.size === 0;
  }

  has(...targets: readonly ApplyTo[]): boolean {
    return targets.some((applyTo) => this.#byTarget.has(applyTo));
  }

  /** Those for one class of configuration. */
  in(context: PatchContext): PatchSet {
    const all = [...this.#byTarget.values()].flat();
    return new PatchSet(all.filter(({ match }) => [context, 'ANY'].includes(match.context ?? 'ANY')));
  }
}

/** All patches for the proxy, in the order of their objects. Reports those that cannot be read. */
export function patchesFor(input: Input): PatchSet {
  const { snapshot, proxy } = input;
  const patches = envoyFiltersFor(snapshot, proxy).flatMap((object) => {
    const reference = { kind: object.kind, namespace: snapshot.namespaceOf(object), name: object.meta.name };
    if (proxy.isProxylessGrpc) {
      input.report(reference, 'Not in force in gRPC applications without a proxy: they are no Envoy.');
      return [];
    }
    const decoded = decodeFilter(object, reference);
    for (const problem of decoded.problems) input.report(reference, problem);
    return decoded.patches.filter((patch) => isForProxy(patch, proxy));
  });
  // No configuration for waypoints is made that patches could change.
  return new PatchSet(proxy.type === 'waypoint' ? [] : patches);
}

function isForProxy({ match }: Patch, proxy: ProxyIdentity): boolean {
  const { proxyVersion = '', metadata = {} } = match.proxy ?? {};
  if (proxyVersion !== '' && (proxy.version === '' || !matchesRe2(proxyVersion, proxy.version))) return false;
  return Object.entries(metadata).every(([key, value]) => proxy.metadata[key] === value);
}
