/** What routes of the Gateway API send to. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Snapshot } from '../../../model/snapshot.ts';

/** Kinds of routes that send to backends. */
export const ROUTE_KINDS = [
  'gateway.networking.k8s.io/GRPCRoute',
  'gateway.networking.k8s.io/HTTPRoute',
  'gateway.networking.k8s.io/TCPRoute',
  'gateway.networking.k8s.io/TLSRoute',
] as const;

export interface ServiceReference {
  readonly route: MeshObject;
  /** The reference's own path. */
  readonly path: FieldPath;
  /** Namespace of the route. */
  readonly from: string;
  readonly name: string;
  readonly namespace: string;
}

interface Reference {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

type HTTPRouteRule = NonNullable<
  NonNullable<KindTypes['gateway.networking.k8s.io/HTTPRoute']['spec']>['rules']
>[number];

/** Services that routes send to or mirror to, and those that routes inside the mesh are for (`parents`). */
export function serviceReferences(
  snapshot: Snapshot,
  which: 'backends' | 'parents',
): readonly ServiceReference[] {
  return ROUTE_KINDS.flatMap((kind) =>
    snapshot.list(kind).flatMap((route): ServiceReference[] => {
      const { rules = [], parentRefs = [] } = route.value.spec ?? {};
      const references =
        which === 'parents'
          ? parentRefs
              .map((reference, index): [FieldPath, Reference] => [['spec', 'parentRefs', index], reference])
              .filter(([, reference]) => reference.kind === 'Service')
          : rules.flatMap((rule, index) => backendsOf(rule, ['spec', 'rules', index]));
      const from = snapshot.namespaceOf(route);
      return references.flatMap(([path, reference]) => {
        const { group = '', kind: target = 'Service', name = '', namespace = '' } = reference;
        if (group !== '' || target !== 'Service' || name === '') return [];
        return [{ route, path, from, name, namespace: namespace === '' ? from : namespace }];
      });
    }),
  );
}

function backendsOf(rule: HTTPRouteRule, at: FieldPath): [FieldPath, Reference][] {
  const { backendRefs = [], filters = [] } = rule;
  const mirrors = (list: typeof filters, path: FieldPath): [FieldPath, Reference][] =>
    list.flatMap(({ requestMirror }, index): [FieldPath, Reference][] =>
      requestMirror?.backendRef === undefined
        ? []
        : [[[...path, index, 'requestMirror', 'backendRef'], requestMirror.backendRef]],
    );
  return [
    ...backendRefs.flatMap((reference, index): [FieldPath, Reference][] => {
      const path = [...at, 'backendRefs', index];
      return [[path, reference], ...mirrors(reference.filters ?? [], [...path, 'filters'])];
    }),
    ...mirrors(filters, [...at, 'filters']),
  ];
}
