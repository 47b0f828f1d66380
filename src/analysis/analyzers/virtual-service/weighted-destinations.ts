/** Weights that say nothing, and destinations that stand in a route twice. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { fullHostname } from '../../../model/hosts.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

type VirtualService = MeshObject<KindTypes['networking.istio.io/VirtualService']>;
type Spec = NonNullable<VirtualService['value']['spec']>;
type Route = NonNullable<NonNullable<Spec['http']>[number]['route']>;

export const analyzer: Analyzer = {
  name: 'virtualservice.WeightAnalyzer',
  summary: 'Weights of a route have an effect, and its destinations differ',
  reads: ['networking.istio.io/VirtualService'],
  messages: [MESH_MESSAGES.SingleRouteWeight, MESH_MESSAGES.RepeatedDestination],
  analyze(context) {
    for (const object of context.snapshot.list('networking.istio.io/VirtualService')) {
      const spec = object.value.spec ?? {};
      for (const protocol of ['http', 'tls', 'tcp'] as const) {
        for (const [index, { route = [] }] of (spec[protocol] ?? []).entries()) {
          checkRoute(context, object, ['spec', protocol, index, 'route'], route);
        }
      }
    }
  },
};

function checkRoute(
  { snapshot, report }: AnalysisContext,
  object: VirtualService,
  at: FieldPath,
  route: Route,
) {
  const [only] = route;
  if (route.length === 1 && only?.weight !== undefined && only.weight < 100) {
    report(MESH_MESSAGES.SingleRouteWeight, object, [...at, 0, 'weight'], { weight: only.weight });
    return;
  }
  const namespace = snapshot.namespaceOf(object);
  const keyed = route.map(({ destination = {}, headers }, index) => {
    const { host = '', subset = '', port } = destination;
    const name = [fullHostname(host, namespace, snapshot.mesh.domain), subset].filter((part) => part !== '');
    const to = `${name.join(' subset ')}${port?.number === undefined ? '' : ` port ${port.number}`}`;
    // Headers may be what sets two entries for one destination apart.
    return { index, to, key: JSON.stringify([to, headers ?? {}]) };
  });
  for (const group of groupBy(keyed, ({ key }) => key).values()) {
    for (const { index, to } of group.slice(1)) {
      report(MESH_MESSAGES.RepeatedDestination, object, [...at, index, 'destination'], { destination: to });
    }
  }
}
