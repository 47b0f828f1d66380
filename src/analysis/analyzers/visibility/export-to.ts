/** Namespaces that exportTo names, of whatever kind. */

import { nearestName } from '../../../base/nearest.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { knownNamespaces } from '../../../model/known-namespaces.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { EXPORT_TO_ANNOTATION, exportToAnnotation } from '../../../model/visibility.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

const KINDS = [
  'networking.istio.io/DestinationRule',
  'networking.istio.io/ServiceEntry',
  'networking.istio.io/VirtualService',
] as const;

/** The object's own namespace, everybody, nobody. */
const SPECIAL: ReadonlySet<string> = new Set(['.', '*', '~', '']);

interface Entry {
  readonly object: MeshObject;
  readonly namespace: string;
  readonly path: FieldPath;
}

export const analyzer: Analyzer = {
  name: 'visibility.ExportToAnalyzer',
  summary: 'Namespaces that exportTo names exist',
  reads: [...WORKLOAD_KINDS, ...KINDS, 'core/Namespace', 'core/Service'],
  needs: [['core/Namespace']],
  messages: [MESH_MESSAGES.ExportToNamespaceNotFound],
  analyze({ snapshot, report }) {
    const known = knownNamespaces(snapshot);
    for (const { object, namespace, path } of entriesOf(snapshot)) {
      if (SPECIAL.has(namespace) || known.has(namespace)) continue;
      const near = nearestName(namespace, known);
      report(
        MESH_MESSAGES.ExportToNamespaceNotFound,
        object,
        path,
        { namespace },
        near === undefined ? undefined : `Did you mean ${near}?`,
      );
    }
  },
};

function entriesOf(snapshot: Snapshot): readonly Entry[] {
  const fields = KINDS.flatMap((kind) =>
    snapshot.list(kind).flatMap((object) =>
      (object.value.spec?.exportTo ?? []).map((namespace, index): Entry => ({
        object,
        namespace,
        path: ['spec', 'exportTo', index],
      })),
    ),
  );
  const annotations = snapshot.list('core/Service').flatMap((object) =>
    (exportToAnnotation(object) ?? []).map((namespace): Entry => ({
      object,
      namespace,
      path: ['metadata', 'annotations', EXPORT_TO_ANNOTATION],
    })),
  );
  return [...fields, ...annotations];
}
