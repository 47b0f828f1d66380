/** Which kind of traffic services accept: what the authentication policies of Istio up to 1.5 come to for them. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { byAge, creationTime } from './age.ts';
import { fullHostname } from './hosts.ts';
import type { MutualTLSMode } from './peer-authentication.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { MeshService, MeshServicePort } from './services.ts';
import type { Snapshot } from './snapshot.ts';

type Policy = MeshObject<KindTypes['authentication.istio.io/Policy']>;
type MeshPolicy = MeshObject<KindTypes['authentication.istio.io/MeshPolicy']>;
type Spec = NonNullable<KindTypes['authentication.istio.io/Policy']['spec']>;
type Target = NonNullable<Spec['targets']>[number];

export type LegacyPolicy = Policy | MeshPolicy;

export interface LegacyMode {
  readonly mode: MutualTLSMode;
  readonly from: LegacyPolicy;
}

/**
 * Answers what a port of a service accepts. The nearest policy counts, and that one alone: one that names the port
 * of the service, one that names the service, that of the namespace, that of the mesh; of several the oldest. A
 * policy without a peer method of mutual TLS turns it off. Reads Policy and MeshPolicy of authentication.istio.io.
 * https://archive.istio.io/v1.4/docs/concepts/security/#authentication-policies
 */
export class LegacyPolicies {
  readonly #domain: string;
  readonly #byNamespace = new Map<string, Policy[]>();
  readonly #ofMesh: MeshPolicy | undefined;

  constructor(snapshot: Snapshot) {
    this.#domain = snapshot.mesh.domain;
    const policies = snapshot
      .list('authentication.istio.io/Policy')
      .map((policy) => ({
        policy,
        name: policy.meta.name,
        namespace: snapshot.namespaceOf(policy),
        created: creationTime(policy),
      }))
      .sort(byAge);
    for (const { policy, namespace } of policies) {
      const list = this.#byNamespace.get(namespace);
      if (list === undefined) this.#byNamespace.set(namespace, [policy]);
      else list.push(policy);
    }
    const ofMesh = snapshot.list('authentication.istio.io/MeshPolicy');
    this.#ofMesh = ofMesh.find(({ meta }) => meta.name === 'default') ?? ofMesh[0];
  }

  /** Undefined when no policy says anything. */
  of(service: MeshService, port: MeshServicePort, labels: Labels): LegacyMode | undefined {
    const own = this.#byNamespace.get(service.namespace) ?? [];
    const targeting = own.filter((policy) =>
      targetsOf(policy).some((target) => this.#isFor(target, service, port, labels)),
    );
    const namesPort = (policy: Policy): boolean =>
      targetsOf(policy).some(
        (target) => (target.ports ?? []).length > 0 && this.#isFor(target, service, port, labels),
      );
    const from: LegacyPolicy | undefined =
      targeting.find(namesPort) ??
      targeting[0] ??
      own.find((policy) => targetsOf(policy).length === 0) ??
      this.#ofMesh;
    return from === undefined ? undefined : { mode: modeOf(from), from };
  }

  #isFor(target: Target, service: MeshService, port: MeshServicePort, labels: Labels): boolean {
    const host = fullHostname(target.name ?? '', service.namespace, this.#domain);
    const ports = target.ports ?? [];
    return (
      host === service.hostname &&
      matchesLabels(target.labels ?? {}, labels) &&
      (ports.length === 0 || ports.some(({ number, name }) => number === port.number || name === port.name))
    );
  }
}

function targetsOf(policy: Policy): readonly Target[] {
  return policy.value.spec?.targets ?? [];
}

/** Without further words, mutual TLS is strict; `mtls:` with nothing behind it leaves an empty method. */
function modeOf(policy: LegacyPolicy): MutualTLSMode {
  const peer = (policy.value.spec?.peers ?? []).find(
    (one) => one.mtls !== undefined || one.jwt === undefined,
  );
  if (peer === undefined) return 'DISABLE';
  const isPermissive = peer.mtls?.mode === 'PERMISSIVE' || peer.mtls?.allowTls === true;
  return isPermissive ? 'PERMISSIVE' : 'STRICT';
}
