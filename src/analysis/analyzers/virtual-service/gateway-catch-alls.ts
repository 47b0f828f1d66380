/** VirtualServices of one gateway and host are merged in no certain order, so only one can take all requests. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { gatewayReference } from '../../../model/gateways.ts';
import { fullHostname } from '../../../model/hosts.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { type Visibility, visibilitiesMeet, visibilityOf } from '../../../model/visibility.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

type VirtualService = MeshObject<KindTypes['networking.istio.io/VirtualService']>;
type HTTPRoute = NonNullable<NonNullable<VirtualService['value']['spec']>['http']>[number];

/** A VirtualService that takes all requests to a host at a gateway. */
interface Claim {
  readonly object: VirtualService;
  readonly name: string;
  readonly visibility: Visibility;
  readonly gateway: string;
  readonly host: string;
  readonly path: FieldPath;
}

export const analyzer: Analyzer = {
  name: 'virtualservice.GatewayCatchAllAnalyzer',
  summary: 'At a gateway, one VirtualService at most takes all requests to a host',
  reads: ['networking.istio.io/VirtualService'],
  messages: [MESH_MESSAGES.CompetingCatchAllRoutes],
  analyze({ snapshot, report }) {
    const claims = snapshot
      .list('networking.istio.io/VirtualService')
      .flatMap((object) => claimsOf(snapshot, object));
    const reported = new Set<VirtualService>();
    for (const group of groupBy(claims, ({ gateway, host }) => `${gateway}|${host}`).values()) {
      for (const claim of group) {
        const rivals = group.filter(
          ({ name, visibility }) => name !== claim.name && visibilitiesMeet(visibility, claim.visibility),
        );
        if (rivals.length === 0 || reported.has(claim.object)) continue;
        reported.add(claim.object);
        report(MESH_MESSAGES.CompetingCatchAllRoutes, claim.object, claim.path, {
          virtualServices: [...new Set([claim, ...rivals].map(({ name }) => name))].sort(),
          host: claim.host,
          gateway: claim.gateway,
        });
      }
    }
  },
};

function claimsOf(snapshot: Snapshot, object: VirtualService): Claim[] {
  const { hosts = [], gateways = [], http = [], exportTo } = object.value.spec ?? {};
  const index = http.findIndex(takesAll);
  if (index < 0) return [];
  const namespace = snapshot.namespaceOf(object);
  const visibility = visibilityOf(exportTo, namespace, snapshot.mesh.config.defaultVirtualServiceExportTo);
  return gateways.flatMap((text) => {
    const reference = gatewayReference(text, namespace);
    if (reference === undefined) return [];
    return hosts.map((host) => ({
      object,
      name: `${namespace}/${object.meta.name}`,
      visibility,
      gateway: `${reference.namespace}/${reference.name}`,
      host: fullHostname(host, namespace, snapshot.mesh.domain),
      path: ['spec', 'http', index],
    }));
  });
}

/** Whether a route asks nothing of a request but a path, which every request has. */
function takesAll({ match = [] }: HTTPRoute): boolean {
  return (
    match.length === 0 ||
    match.some(({ name: _name, ...conditions }) => JSON.stringify(conditions) === '{"uri":{"prefix":"/"}}')
  );
}
