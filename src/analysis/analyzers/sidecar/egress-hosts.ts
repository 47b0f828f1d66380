/** Hosts that Sidecars import: there should be a service for each. */

import { hostsOverlap, parseServiceHostname } from '../../../model/hosts.ts';
import { type MeshService, knowsServicesOf } from '../../../model/services.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { isVisibleFrom } from '../../../model/visibility.ts';
import type { Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'sidecar.EgressHostAnalyzer',
  summary: 'Hosts that a Sidecar imports are services',
  reads: ['core/Service', 'networking.istio.io/ServiceEntry', 'networking.istio.io/Sidecar'],
  needs: [['core/Service', 'networking.istio.io/ServiceEntry']],
  about: ['networking.istio.io/Sidecar'],
  messages: [MESH_MESSAGES.EgressHostNotFound],
  analyze({ snapshot, report }) {
    const imports = new Imports(snapshot);
    for (const object of snapshot.list('networking.istio.io/Sidecar')) {
      const viewer = snapshot.namespaceOf(object);
      for (const [i, { hosts = [] }] of (object.value.spec?.egress ?? []).entries()) {
        for (const [j, text] of hosts.entries()) {
          const [scope, host] = text.split('/');
          // What `~` takes away may be nothing.
          if (scope === undefined || host === undefined || host === '*' || scope.startsWith('~')) continue;
          const owner = scope === '.' ? viewer : scope;
          if (imports.has(owner, host, viewer) || !imports.canTell(owner, host)) continue;
          const path = ['spec', 'egress', i, 'hosts', j];
          const values = { host: text };
          report(MESH_MESSAGES.EgressHostNotFound, object, path, values, imports.hint(owner, host));
        }
      }
    }
  },
};

/** Services as Sidecars import them: by a host, and a namespace of which the service must be (`*` for any). */
class Imports {
  readonly #snapshot: Snapshot;
  readonly #wildcards: readonly MeshService[];
  /** Services that the input itself holds. */
  readonly #given: readonly MeshService[];

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#wildcards = snapshot.services.all.filter(({ hostname }) => hostname.startsWith('*'));
    this.#given = snapshot.services.all.filter(({ object }) => object.source.file !== BUILTIN_FILE);
  }

  /** Whether the viewer sees some service that matches. */
  has(owner: string, host: string, viewer: string): boolean {
    const { services } = this.#snapshot;
    // Most hosts are exact names, which need no search.
    const candidates = host.startsWith('*') ? services.all : [...services.named(host), ...this.#wildcards];
    return candidates.some(
      (service) =>
        (owner === '*' || service.namespace === owner) &&
        hostsOverlap(host, service.hostname) &&
        isVisibleFrom(service.visibility, viewer),
    );
  }

  /** Whether the input has services of the kind and place that the host is of, so that its absence says something. */
  canTell(owner: string, host: string): boolean {
    const { services, mesh } = this.#snapshot;
    const inCluster = parseServiceHostname(host.startsWith('*.') ? `any${host.slice(1)}` : host, mesh.domain);
    if (inCluster !== undefined) {
      return (
        knowsServicesOf(inCluster.namespace, services, mesh) &&
        this.#given.some(({ origin, namespace }) => origin === 'Service' && namespace === inCluster.namespace)
      );
    }
    if (host.includes('.')) return this.#given.some(({ origin }) => origin === 'ServiceEntry');
    return this.#given.some(({ namespace }) => owner === '*' || namespace === owner);
  }

  /** Short names are not completed here. */
  hint(owner: string, host: string): string | undefined {
    if (host.includes('.')) return undefined;
    const meant = this.#given.find(
      ({ hostname, namespace }) => hostname.startsWith(`${host}.`) && (owner === '*' || namespace === owner),
    );
    return meant === undefined ? undefined : `Write the full name, ${meant.hostname}.`;
  }
}
