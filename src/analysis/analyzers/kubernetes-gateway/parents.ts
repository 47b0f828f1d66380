/** Parents of routes of the Gateway API: a Gateway that is there and has a listener for the route. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { matchesSelector } from '../../../base/label-selector.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

const GROUP = 'gateway.networking.k8s.io';
const ROUTES = [
  'gateway.networking.k8s.io/GRPCRoute',
  'gateway.networking.k8s.io/HTTPRoute',
  'gateway.networking.k8s.io/TCPRoute',
  'gateway.networking.k8s.io/TLSRoute',
] as const;

type Gateway = MeshObject<KindTypes['gateway.networking.k8s.io/Gateway']>;
type Listener = NonNullable<NonNullable<Gateway['value']['spec']>['listeners']>[number];
type ParentRef = NonNullable<
  NonNullable<KindTypes['gateway.networking.k8s.io/HTTPRoute']['spec']>['parentRefs']
>[number];

export const analyzer: Analyzer = {
  name: 'k8sgateway.ParentAnalyzer',
  summary: 'Gateways that routes of the Gateway API attach to exist and take them',
  reads: [...ROUTES, 'core/Namespace', 'gateway.networking.k8s.io/Gateway'],
  needs: [['gateway.networking.k8s.io/Gateway']],
  messages: [MESH_MESSAGES.ParentNotFound],
  analyze({ snapshot, report }) {
    const routes = ROUTES.flatMap((kind): readonly MeshObject<KindTypes[(typeof ROUTES)[number]]>[] =>
      snapshot.list(kind),
    );
    for (const route of routes) {
      for (const [index, parent] of (route.value.spec?.parentRefs ?? []).entries()) {
        const { group = GROUP, kind = 'Gateway', name = '', namespace } = parent;
        if (group !== GROUP || kind !== 'Gateway') continue;
        const own = snapshot.namespaceOf(route);
        const owner = namespace === undefined || namespace === '' ? own : namespace;
        const gateway = snapshot.find('gateway.networking.k8s.io/Gateway', owner, name);
        const problem =
          gateway === undefined
            ? { field: 'name', reason: 'there is no such Gateway' }
            : listenerProblem(snapshot, gateway, parent, own);
        if (problem === undefined) continue;
        const path: FieldPath = ['spec', 'parentRefs', index, problem.field];
        report(MESH_MESSAGES.ParentNotFound, route, path, {
          parent: `Gateway ${owner}/${name}`,
          reason: problem.reason,
        });
      }
    }
  },
};

function listenerProblem(
  snapshot: Snapshot,
  gateway: Gateway,
  { sectionName, port }: ParentRef,
  namespace: string,
): { field: string; reason: string } | undefined {
  const { listeners = [] } = gateway.value.spec ?? {};
  const named = listeners.filter(({ name }) => sectionName === undefined || name === sectionName);
  if (named.length === 0) return { field: 'sectionName', reason: `it has no listener ${sectionName ?? ''}` };
  const meant = named.filter((listener) => port === undefined || listener.port === port);
  if (meant.length === 0) return { field: 'port', reason: `it has no such listener on port ${port ?? ''}` };
  if (meant.some((listener) => admits(snapshot, gateway, listener, namespace))) return undefined;
  return { field: 'name', reason: `its listeners take no routes of namespace ${namespace}` };
}

/** Whether a listener takes routes of a namespace; also when nobody can tell. */
function admits(
  snapshot: Snapshot,
  gateway: Gateway,
  { allowedRoutes }: Listener,
  namespace: string,
): boolean {
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {};
  if (from === 'All') return true;
  if (from === 'Same') return snapshot.namespaceOf(gateway) === namespace;
  if (from !== 'Selector' || selector === undefined) return false;
  const object = snapshot.find('core/Namespace', '', namespace);
  // Each namespace has its name as a label.
  return (
    object === undefined ||
    matchesSelector(selector, { 'kubernetes.io/metadata.name': namespace, ...object.meta.labels })
  );
}
