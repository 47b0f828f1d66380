/** Which kind of traffic a port of a service accepts, by today's policies and by those of older releases. */

import type { MeshObject } from '../config/object.ts';
import { LegacyPolicies } from './legacy-authentication.ts';
import { type MutualTLSMode, PeerPolicies } from './peer-authentication.ts';
import type { Labels } from './selectors.ts';
import type { MeshService, MeshServicePort } from './services.ts';
import type { Snapshot } from './snapshot.ts';
import { containersOf, type Workload } from './workloads.ts';

export interface ServerMode {
  readonly mode: MutualTLSMode;
  /** The policy that decides; undefined for the default, which accepts both. */
  readonly from: MeshObject | undefined;
}

/**
 * The one answer to what servers accept. A PeerAuthentication that says something counts before any policy of
 * authentication.istio.io, as in Istio 1.5, which had both.
 */
export class ServerAuthentication {
  readonly #peers: PeerPolicies;
  readonly #legacy: LegacyPolicies;
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#peers = new PeerPolicies(snapshot);
    this.#legacy = new LegacyPolicies(snapshot);
  }

  /**
   * What the workloads behind a port accept, each mode once; those that have all labels of `subset`, when it is
   * given. For a service whose workloads are not known, its selector stands for their labels.
   */
  of(service: MeshService, port: MeshServicePort, subset: Labels = {}): readonly ServerMode[] {
    const { selector, namespace } = service;
    const workloads =
      selector === undefined ? [] : this.#snapshot.workloads.select({ ...selector, ...subset }, namespace);
    const unknown = { labels: { ...selector, ...subset }, port: numberOf(port.targetPort) ?? port.number };
    const seen =
      workloads.length === 0
        ? [unknown]
        : workloads.map((workload) => ({
            labels: workload.labels,
            port: containerPort(port.targetPort, workload) ?? port.number,
          }));
    const modes = new Map<string, ServerMode>();
    for (const one of seen) {
      const found = this.#at(service, port, one.labels, one.port);
      modes.set(`${found.mode} ${found.from?.key} ${found.from?.meta.name}`, found);
    }
    return [...modes.values()];
  }

  #at(service: MeshService, port: MeshServicePort, labels: Labels, container: number): ServerMode {
    const peer = this.#peers.atPort(service.namespace, labels, container);
    if (peer.from !== undefined) return peer;
    return this.#legacy.of(service, port, labels) ?? peer;
  }
}

function numberOf(port: number | string): number | undefined {
  const number = Number(port);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** The port of the container that a Service's target port means; undefined for a name that no container has. */
function containerPort(target: number | string, { spec }: Workload): number | undefined {
  const number = numberOf(target);
  if (number !== undefined) return number;
  return containersOf(spec)
    .flatMap(({ ports = [] }) => ports)
    .find(({ name }) => name === target)?.containerPort;
}
