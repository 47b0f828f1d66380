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
    for (const object of snapshot.list('networking.istio.io/Sidecar')) {
      const namespace = snapshot.namespaceOf(object);
      for (const [i, { hosts = [] }] of (object.value.spec?.egress ?? []).entries()) {
        for (const [j, text] of hosts.entries()) {
          const [scope, host] = text.split('/');
          if (scope === undefined || host === undefined || host === '*' || scope === '~') continue;
          const owner = scope === '.' ? namespace : scope;
          if (isFound(snapshot, owner, host, namespace) || !isJudged(snapshot, owner, host)) continue;
          const path = ['spec', 'egress', i, 'hosts', j];
          report(
            MESH_MESSAGES.EgressHostNotFound,
            object,
            path,
            { host: text },
            hintFor(snapshot, owner, host),
          );
        }
      }
    }
  },
};

function isFound(snapshot: Snapshot, owner: string, host: string, viewer: string): boolean {
  return snapshot.services.all.some(
    (service) =>
      (owner === '*' || service.namespace === owner) &&
      hostsOverlap(host, service.hostname) &&
      isVisibleFrom(service.visibility, viewer),
  );
}

/** Whether the input has services of the kind and place that the host is of, so that its absence says something. */
function isJudged(snapshot: Snapshot, owner: string, host: string): boolean {
  const { services, mesh } = snapshot;
  const inCluster = parseServiceHostname(host.startsWith('*.') ? `any${host.slice(1)}` : host, mesh.domain);
  const given = services.all.filter(({ object }) => object.source.file !== BUILTIN_FILE);
  const has = (test: (service: MeshService) => boolean): boolean => given.some(test);
  if (inCluster !== undefined) {
    return (
      knowsServicesOf(inCluster.namespace, services, mesh) &&
      has(({ origin, namespace }) => origin === 'Service' && namespace === inCluster.namespace)
    );
  }
  if (!host.includes('.')) return has(({ namespace }) => owner === '*' || namespace === owner);
  return has(({ origin }) => origin === 'ServiceEntry');
}

/** Short names are not completed here. */
function hintFor(snapshot: Snapshot, owner: string, host: string): string | undefined {
  if (host.includes('.')) return undefined;
  const full = snapshot.services.all.find(
    ({ hostname, namespace }) => hostname.startsWith(`${host}.`) && (owner === '*' || namespace === owner),
  );
  return full === undefined ? undefined : `Write the full name, ${full.hostname}.`;
}
