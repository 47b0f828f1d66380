/** Which patches hold for a proxy, and in which order. */

import { matchesRe2 } from '../../base/re2.ts';
import { creationTime } from '../../model/age.ts';
import { GATEWAY_NAME_LABEL } from '../../model/kubernetes-gateways.ts';
import { matchesLabels } from '../../model/selectors.ts';
import type { Input } from '../input.ts';
import type { ProxyIdentity } from '../proxy-identity.ts';
import { type ApplyTo, type EnvoyFilterObject, type Patch, decodeFilter } from './patch.ts';

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

interface Candidate {
  readonly object: EnvoyFilterObject;
  readonly namespace: string;
  readonly priority: number;
  readonly isOfRoot: boolean;
  readonly created: string;
  readonly id: string;
}

/**
 * All patches for the proxy: those of the root namespace and of its own, by priority, the root's first, then
 * the oldest. Reports those that cannot be read.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/
 */
export function patchesFor(input: Input): PatchSet {
  const { snapshot, proxy } = input;
  // No configuration for waypoints is made that patches could change.
  if (proxy.type === 'waypoint') return new PatchSet([]);
  const { rootNamespace } = snapshot.mesh;
  const chosen: Candidate[] = [];
  for (const object of snapshot.list('networking.istio.io/EnvoyFilter')) {
    const namespace = snapshot.namespaceOf(object);
    const isOfRoot = namespace === rootNamespace;
    if (!isOfRoot && namespace !== proxy.namespace) continue;
    if (!concerns(object, namespace, proxy)) continue;
    chosen.push({
      object,
      namespace,
      isOfRoot,
      priority: object.value.spec?.priority ?? 0,
      created: creationTime(object),
      id: `${object.meta.name}.${namespace}`,
    });
  }
  chosen.sort(inOrder);
  return new PatchSet(
    chosen.flatMap(({ object, namespace }) => {
      const reference = { kind: object.kind, namespace, name: object.meta.name };
      const { patches, problems } = decodeFilter(object, reference);
      for (const problem of problems) input.report(reference, problem);
      return patches.filter((patch) => isForProxy(patch, proxy));
    }),
  );
}

function inOrder(a: Candidate, b: Candidate): number {
  return (
    a.priority - b.priority ||
    Number(b.isOfRoot) - Number(a.isOfRoot) ||
    compare(a.created, b.created) ||
    compare(a.id, b.id)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Gateways of the Gateway API can be named; everything else is chosen by labels. */
function concerns(object: EnvoyFilterObject, namespace: string, proxy: ProxyIdentity): boolean {
  const { targetRefs = [], workloadSelector, workloadLabels } = object.value.spec ?? {};
  if (targetRefs.length === 0) {
    return matchesLabels(workloadSelector?.labels ?? workloadLabels ?? {}, proxy.labels);
  }
  const gateway = proxy.labels[GATEWAY_NAME_LABEL];
  return (
    gateway !== undefined &&
    namespace === proxy.namespace &&
    targetRefs.some(
      ({ group, kind, name }) =>
        group === 'gateway.networking.k8s.io' && kind === 'Gateway' && name === gateway,
    )
  );
}

function isForProxy({ match }: Patch, proxy: ProxyIdentity): boolean {
  const { proxyVersion = '', metadata = {} } = match.proxy ?? {};
  if (proxyVersion !== '' && (proxy.version === '' || !matchesRe2(proxyVersion, proxy.version))) return false;
  return Object.entries(metadata).every(([key, value]) => proxy.metadata[key] === value);
}
