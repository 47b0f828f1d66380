/** Policies on HTTP for ambient namespaces: only waypoints can apply them, and only to what they name. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { selectsInstalledGateway } from '../../../model/gateway-workloads.ts';
import { isAmbientNamespace } from '../../../model/membership.ts';
import type { Labels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { isAmbient, namespaceLabels, usesWaypoint } from '../../../model/waypoints.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { isHttpPolicy, isHttpTelemetry } from './layer7.ts';

const KINDS = [
  'extensions.istio.io/WasmPlugin',
  'security.istio.io/AuthorizationPolicy',
  'security.istio.io/RequestAuthentication',
  'telemetry.istio.io/Telemetry',
] as const;

type Policy = MeshObject<KindTypes[(typeof KINDS)[number]]>;

export const analyzer: Analyzer = {
  name: 'ambient.PolicyAnalyzer',
  summary: 'Policies on HTTP of ambient namespaces name targets that use a waypoint',
  reads: [...WORKLOAD_KINDS, ...KINDS, 'core/Namespace', 'core/Service', 'networking.istio.io/ServiceEntry'],
  messages: [MESH_MESSAGES.WaypointRequired, MESH_MESSAGES.TargetRefsRequired],
  analyze(context) {
    const { snapshot } = context;
    const policies: Policy[] = [
      ...snapshot.list('extensions.istio.io/WasmPlugin'),
      ...snapshot
        .list('security.istio.io/AuthorizationPolicy')
        .filter(({ value }) => isHttpPolicy(value.spec ?? {})),
      ...snapshot.list('security.istio.io/RequestAuthentication'),
      ...snapshot
        .list('telemetry.istio.io/Telemetry')
        .filter(({ value }) => isHttpTelemetry(value.spec ?? {})),
    ];
    for (const policy of policies) checkPolicy(context, policy);
  },
};

function checkPolicy(context: AnalysisContext, object: Policy): void {
  const { snapshot, report } = context;
  const { mesh } = snapshot;
  const namespace = snapshot.namespaceOf(object);
  // Policies of the control plane's namespace are for the whole mesh, whatever mode its parts are in.
  if (namespace === mesh.rootNamespace || namespace === mesh.istioNamespace) return;
  if (!isAmbientNamespace(namespaceLabels(snapshot, namespace))) return;
  const { selector, targetRef, targetRefs = [] } = object.value.spec ?? {};
  const { kind } = object;
  if (targetRef !== undefined || targetRefs.length > 0) {
    if (targetRef !== undefined) checkTarget(context, object, targetRef, ['spec', 'targetRef']);
    for (const [index, target] of targetRefs.entries()) {
      checkTarget(context, object, target, ['spec', 'targetRefs', index]);
    }
    return;
  }
  const labels = selector?.matchLabels ?? {};
  const isSelective = Object.keys(labels).length > 0;
  if (selectsInstalledGateway(labels) || (isSelective && selectsOthers(snapshot, namespace, labels))) return;
  if (kind === 'Telemetry' && !isSelective) {
    // One of a whole namespace holds for its waypoints, too.
    if (usesWaypoint(snapshot, {}, namespace) || hasUsers(snapshot, namespace)) return;
    const subject = `namespace ${namespace}`;
    report(MESH_MESSAGES.WaypointRequired, object, ['metadata', 'name'], { kind, subject });
  } else {
    report(MESH_MESSAGES.TargetRefsRequired, object, isSelective ? ['spec', 'selector'] : ['spec'], { kind });
  }
}

/** Whether the labels select workloads only that are not in ambient mode: gateways, or ones with a sidecar. */
function selectsOthers(snapshot: Snapshot, namespace: string, labels: Labels): boolean {
  const selected = snapshot.workloads.select(labels, namespace);
  return selected.length > 0 && !selected.some((workload) => isAmbient(snapshot, workload));
}

/** Whether some service of the namespace uses a waypoint by itself. */
function hasUsers(snapshot: Snapshot, namespace: string): boolean {
  return snapshot.services.all.some(
    (service) =>
      service.namespace === namespace && usesWaypoint(snapshot, service.object.meta.labels, namespace),
  );
}

function checkTarget(
  { snapshot, report }: AnalysisContext,
  object: Policy,
  { kind = '', name = '' }: { readonly kind?: string; readonly name?: string },
  path: readonly (string | number)[],
): void {
  const namespace = snapshot.namespaceOf(object);
  const target =
    kind === 'Service'
      ? snapshot.find('core/Service', namespace, name)
      : kind === 'ServiceEntry'
        ? snapshot.find('networking.istio.io/ServiceEntry', namespace, name)
        : undefined;
  if (target === undefined || usesWaypoint(snapshot, target.meta.labels, namespace)) return;
  report(MESH_MESSAGES.WaypointRequired, object, [...path, 'name'], {
    kind: object.kind,
    subject: `${kind} ${name}`,
  });
}
