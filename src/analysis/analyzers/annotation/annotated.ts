/** The places where annotations of Istio are looked at: objects, and the pod templates in them. */

import type { KindKey } from '../../../api/kind-info.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Labels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import { WORKLOAD_KINDS, type PodSpec } from '../../../model/workloads.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';

/** Kinds whose annotations are looked at. */
export const ANNOTATED_KINDS: readonly KindKey[] = [...WORKLOAD_KINDS, 'core/Namespace', 'core/Service'];

export interface Annotated {
  readonly object: MeshObject;
  /** What the annotations are on: the object's kind, or Pod for a pod template. */
  readonly kind: string;
  readonly annotations: Labels;
  readonly labels: Labels;
  /** Where the annotations stand. */
  readonly path: FieldPath;
  /** A pod's, undefined for what is none. */
  readonly spec: PodSpec | undefined;
}

/** Everything of the kinds that has annotations, Kubernetes' own namespaces left out. Reads ANNOTATED_KINDS. */
export function annotatedPlaces(snapshot: Snapshot): readonly Annotated[] {
  const others = [...snapshot.list('core/Namespace'), ...snapshot.list('core/Service')].map(
    (object): Annotated => placeOf(object),
  );
  const workloads = snapshot.workloads.all.flatMap((workload): Annotated[] => {
    const { object, annotations, labels, templatePath, spec } = workload;
    const pod = { object, kind: 'Pod', annotations, labels, spec };
    const template = { ...pod, path: [...templatePath, 'metadata', 'annotations'] };
    return templatePath.length === 0 ? [template] : [placeOf(object), template];
  });
  return [...others, ...workloads].filter(({ object }) => {
    const namespace = object.key === 'core/Namespace' ? object.meta.name : snapshot.namespaceOf(object);
    return !isSystemNamespace(namespace) && object.source.file !== BUILTIN_FILE;
  });
}

function placeOf(object: MeshObject): Annotated {
  const { annotations, labels } = object.meta;
  return {
    object,
    kind: object.kind,
    annotations,
    labels,
    path: ['metadata', 'annotations'],
    spec: undefined,
  };
}

/** Whether an annotation is of Istio's, or one of the others that Istio reads. */
export function isIstioAnnotation(name: string): boolean {
  if (name === 'kubernetes.io/ingress.class') return true;
  const prefix = name.split('/', 1)[0] ?? '';
  return name.includes('/') && (prefix === 'istio.io' || prefix.endsWith('.istio.io'));
}

/** Annotations that the control plane puts on pods, which nobody can do anything about. */
export const SET_BY_CONTROL_PLANE: ReadonlySet<string> = new Set([
  'sidecar.istio.io/status',
  'gateway.istio.io/controller-version',
  'istio.io/rev',
]);
