/** Which kind of traffic workloads accept: what the PeerAuthentications of the mesh come to for them. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
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
 * What a workload with these labels accepts. The policy nearest to it counts: one that selects it, that of its
 * namespace, that of the mesh; of several the first. A policy with a selector in the root namespace counts for
 * nobody. `labels` undefined asks for the namespace as a whole. Reads security.istio.io/PeerAuthentication.
 * https://istio.io/latest/docs/reference/config/security/peer_authentication/
 */
export function peerPolicy(snapshot: Snapshot, namespace: string, labels: Labels | undefined): PeerPolicy {
  const { rootNamespace } = snapshot.mesh;
  const policies = snapshot.list('security.istio.io/PeerAuthentication');
  const inNamespace = policies.filter((policy) => snapshot.namespaceOf(policy) === namespace);
  const isGeneral = (policy: PeerAuthentication): boolean => Object.keys(selectorOf(policy)).length === 0;
  const selecting =
    labels === undefined || namespace === rootNamespace
      ? undefined
      : inNamespace.find((policy) => !isGeneral(policy) && matchesLabels(selectorOf(policy), labels));
  const chain = [
    selecting,
    inNamespace.find(isGeneral),
    policies.find((policy) => snapshot.namespaceOf(policy) === rootNamespace && isGeneral(policy)),
  ];
  const from = chain.find((policy) => modeOf(policy) !== undefined);
  const mode = modeOf(from) ?? 'PERMISSIVE';
  const ports = Object.values(selecting?.value.spec?.portLevelMtls ?? {});
  const hasOtherPorts = ports.some(
    (port) => port.mode !== undefined && port.mode !== 'UNSET' && port.mode !== mode,
  );
  return { mode, from, hasOtherPorts };
}

/** The mode that a policy sets for all ports; undefined when it leaves that to a wider one. */
export function modeOf(policy: PeerAuthentication | undefined): MutualTLSMode | undefined {
  const mode = policy?.value.spec?.mtls?.mode;
  return mode === undefined || mode === 'UNSET' ? undefined : mode;
}
