/** Several VirtualServices for one host inside the mesh: a sidecar obeys only one of them. */

import { appliesToMesh } from '../../../model/gateways.ts';
import { fullHostname, hostsOverlap } from '../../../model/hosts.ts';
import type { Visibility } from '../../../model/visibility.ts';
import { visibilitiesMeet, visibilityOf } from '../../../model/visibility.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

interface Claim {
  readonly object: MeshObject;
  readonly name: string;
  readonly visibility: Visibility;
  /** The full name. */
  readonly host: string;
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
        const claim = {
          object,
          name: `${namespace}/${object.meta.name}`,
          visibility,
          host: hostname,
          hostIndex,
        };
        const list = claims.get(hostname);
        if (list === undefined) claims.set(hostname, [claim]);
        else list.push(claim);
      }
    }
    // A VirtualService is named once, at the first of its hosts that another one claims too.
    const overlapping = overlaps([...claims.values()].flat());
    const reported = new Set<MeshObject>();
    for (const [host, list] of claims) {
      for (const claim of list) {
        const same = list.filter(
          (other) => other !== claim && visibilitiesMeet(other.visibility, claim.visibility),
        );
        const rivals = [...same, ...(overlapping.get(claim) ?? [])];
        if (rivals.length === 0 || reported.has(claim.object)) continue;
        reported.add(claim.object);
        report(
          MESSAGES.ConflictingMeshGatewayVirtualServiceHosts,
          claim.object,
          ['spec', 'hosts', claim.hostIndex],
          { host, virtualServices: [...new Set([claim, ...rivals].map(({ name }) => name))].sort() },
        );
      }
    }
  },
};

/**
 * Claims of other hosts that one overlaps with, where one counts in some namespaces only and the other
 * everywhere. Among claims of the same reach the longer host wins, which is no conflict.
 */
function overlaps(claims: readonly Claim[]): ReadonlyMap<Claim, readonly Claim[]> {
  const isWild = ({ host }: Claim): boolean => host.startsWith('*');
  const wide = claims.filter(({ visibility }) => visibility.all);
  const wideWild = wide.filter(isWild);
  const found = new Map<Claim, Claim[]>();
  const add = (claim: Claim, rival: Claim): void =>
    void found.set(claim, [...(found.get(claim) ?? []), rival]);
  for (const narrow of claims) {
    if (narrow.visibility.all || narrow.visibility.namespaces.size === 0) continue;
    for (const other of isWild(narrow) ? wide : wideWild) {
      if (other.object === narrow.object || other.host === narrow.host) continue;
      if (!hostsOverlap(other.host, narrow.host)) continue;
      add(narrow, other);
      add(other, narrow);
    }
  }
  return found;
}
