/** Which kind of traffic workloads accept: what the PeerAuthentications of the mesh come to for them. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { byAge, creationTime } from './age.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';

export type PeerAuthentication = MeshObject<KindTypes['security.istio.io/PeerAuthentication']>;

export type MutualTLSMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

export interface PeerPolicy {
  readonly mode: MutualTLSMode;
  /** The policy that decides; undefined for the default. */
  readonly from: PeerAuthentication | undefined;
  /** Modes of single ports differ from it. */
  readonly hasOtherPorts: boolean;
}

/** The selector's labels; none for a policy of a whole namespace. */
export function selectorOf(policy: PeerAuthentication): Labels {
  return policy.value.spec?.selector?.matchLabels ?? {};
}

/**
 * Answers what workloads accept. The policy nearest to a workload counts: one that selects it, that of its
 * namespace, that of the mesh; of several the oldest. A policy with a selector in the root namespace counts for
 * nobody. Reads security.istio.io/PeerAuthentication.
 * https://istio.io/latest/docs/reference/config/security/peer_authentication/
 */
export class PeerPolicies {
  readonly #rootNamespace: string;
  readonly #general = new Map<string, PeerAuthentication>();
  readonly #selective = new Map<string, PeerAuthentication[]>();

  constructor(snapshot: Snapshot) {
    this.#rootNamespace = snapshot.mesh.rootNamespace;
    const policies = snapshot
      .list('security.istio.io/PeerAuthentication')
      .map((policy) => ({
        policy,
        name: policy.meta.name,
        namespace: snapshot.namespaceOf(policy),
        created: creationTime(policy),
      }))
      .sort(byAge);
    for (const { policy, namespace } of policies) {
      if (Object.keys(selectorOf(policy)).length === 0) {
        if (!this.#general.has(namespace)) this.#general.set(namespace, policy);
      } else if (namespace !== this.#rootNamespace) {
        const list = this.#selective.get(namespace);
        if (list === undefined) this.#selective.set(namespace, [policy]);
        else list.push(policy);
      }
    }
  }

  /** What a workload with these labels accepts; without labels, what the namespace does. */
  of(namespace: string, labels?: Labels): PeerPolicy {
    const selecting = this.#selecting(namespace, labels);
    const chain = [selecting, this.#general.get(namespace), this.#general.get(this.#rootNamespace)];
    const from = chain.find((policy) => modeOf(policy) !== undefined);
    const mode = modeOf(from) ?? 'PERMISSIVE';
    const ports = Object.values(selecting?.value.spec?.portLevelMtls ?? {});
    const hasOtherPorts = ports.some(
      (port) => port.mode !== undefined && port.mode !== 'UNSET' && port.mode !== mode,
    );
    return { mode, from, hasOtherPorts };
  }

  /** What it accepts on one of its own ports, for which a policy that selects the workload may say something else. */
  atPort(namespace: string, labels: Labels, port: number): Pick<PeerPolicy, 'mode' | 'from'> {
    const selecting = this.#selecting(namespace, labels);
    const own = selecting?.value.spec?.portLevelMtls?.[String(port)]?.mode;
    if (own === undefined || own === 'UNSET') return this.of(namespace, labels);
    return { mode: own, from: selecting };
  }

  #selecting(namespace: string, labels: Labels | undefined): PeerAuthentication | undefined {
    if (labels === undefined) return undefined;
    return this.#selective.get(namespace)?.find((policy) => matchesLabels(selectorOf(policy), labels));
  }
}

/** The mode that a policy sets for all ports; undefined when it leaves that to a wider one. */
export function modeOf(policy: PeerAuthentication | undefined): MutualTLSMode | undefined {
  const mode = policy?.value.spec?.mtls?.mode;
  return mode === undefined || mode === 'UNSET' ? undefined : mode;
}
