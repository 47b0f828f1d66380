/** Several VirtualServices for one host inside the mesh: a sidecar obeys only one of them. */

import { appliesToMesh } from '../../../model/gateways.ts';
import { fullHostname } from '../../../model/hosts.ts';
import type { Visibility } from '../../../model/visibility.ts';
import { visibilitiesMeet, visibilityOf } from '../../../model/visibility.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

interface Claim {
  readonly object: MeshObject;
  readonly name: string;
  readonly visibility: Visibility;
  readonly hostIndex: number;
}

export const analyzer: Analyzer = {
  name: 'virtualservice.ConflictingMeshGatewayHostsAnalyzer',
  summary: 'No two VirtualServices route one host for the same sidecars',
  reads: ['networking.istio.io/VirtualService'],
  messages: [MESSAGES.ConflictingMeshGatewayVirtualServiceHosts],
  analyze({ snapshot, report }) {
    const claims = new Map<string, Claim[]>();
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      const { gateways, hosts = [], exportTo } = object.value.spec ?? {};
      if (!appliesToMesh(gateways)) continue;
      const namespace = snapshot.namespaceOf(object);
      const visibility = visibilityOf(
        exportTo,
        namespace,
        snapshot.mesh.config.defaultVirtualServiceExportTo,
      );
      const seen = new Set<string>();
      for (const [hostIndex, host] of hosts.entries()) {
        const hostname = fullHostname(host, namespace, snapshot.mesh.domain);
        if (seen.has(hostname)) continue;
        seen.add(hostname);
        const claim = { object, name: `${namespace}/${object.meta.name}`, visibility, hostIndex };
        const list = claims.get(hostname);
        if (list === undefined) claims.set(hostname, [claim]);
        else list.push(claim);
      }
    }
    // A VirtualService is named once, at the first of its hosts that another one claims too.
    const reported = new Set<MeshObject>();
    for (const [host, list] of claims) {
      for (const claim of list) {
        const rivals = list.filter(
          (other) => other !== claim && visibilitiesMeet(other.visibility, claim.visibility),
        );
        if (rivals.length === 0 || reported.has(claim.object)) continue;
        reported.add(claim.object);
        report(
          MESSAGES.ConflictingMeshGatewayVirtualServiceHosts,
          claim.object,
          ['spec', 'hosts', claim.hostIndex],
          {
            host,
            virtualServices: [claim, ...rivals].map(({ name }) => name).sort(),
          },
        );
      }
    }
  },
};
