/** Conditions in the status of objects, in which controllers say that something is not as it should be. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The conditions of an object that one controller keeps, and where they stand. */
interface ConditionList {
  readonly object: MeshObject;
  readonly path: FieldPath;
  readonly conditions: readonly Condition[];
  /** Types of conditions that must not be False. */
  readonly wanted: ReadonlySet<string>;
}

const WAYPOINT = new Set(['istio.io/WaypointBound']);
const POLICY = new Set(['ZtunnelAccepted', 'WaypointAccepted']);
const GATEWAY = new Set(['Accepted', 'Programmed', 'ResolvedRefs']);

export const analyzer: Analyzer = {
  name: 'conditions.ConditionAnalyzer',
  summary: 'No controller says in the status of an object that it does not work',
  reads: [
    'core/Service',
    'gateway.networking.k8s.io/GRPCRoute',
    'gateway.networking.k8s.io/Gateway',
    'gateway.networking.k8s.io/HTTPRoute',
    'networking.istio.io/ServiceEntry',
    'networking.istio.io/WorkloadEntry',
    'security.istio.io/AuthorizationPolicy',
  ],
  messages: [MESSAGES.NegativeConditionStatus],
  analyze({ snapshot, report }) {
    for (const { object, path, conditions, wanted } of conditionLists(snapshot)) {
      for (const [index, condition] of conditions.entries()) {
        const { type = '', status, reason = '', message = '' } = condition;
        // A policy that a waypoint takes over in part is accepted all the same.
        const isPartial = wanted === POLICY && type === 'WaypointAccepted' && reason === 'PartiallyInvalid';
        if (!isPartial && (status !== 'False' || !wanted.has(type))) continue;
        report(MESSAGES.NegativeConditionStatus, object, [...path, index], {
          condition: type,
          reason: reason === '' ? 'no reason given' : reason,
          detail: message === '' ? 'no message given' : message,
        });
      }
    }
  },
};

function conditionLists(snapshot: Snapshot): readonly ConditionList[] {
  const path = ['status', 'conditions'];
  const direct = (
    object: MeshObject,
    status: { readonly conditions?: readonly Condition[] } | undefined,
    wanted: ReadonlySet<string>,
  ): ConditionList => ({ object, path, conditions: status?.conditions ?? [], wanted });
  return [
    ...snapshot.list('core/Service').map((object) => direct(object, object.value.status, WAYPOINT)),
    ...snapshot
      .list('networking.istio.io/ServiceEntry')
      .map((object) => direct(object, object.value.status, WAYPOINT)),
    ...snapshot
      .list('networking.istio.io/WorkloadEntry')
      .map((object) => direct(object, object.value.status, WAYPOINT)),
    ...snapshot
      .list('security.istio.io/AuthorizationPolicy')
      .map((object) => direct(object, object.value.status, POLICY)),
    ...snapshot
      .list('gateway.networking.k8s.io/Gateway')
      .map((object) => direct(object, object.value.status, GATEWAY)),
    ...[
      ...snapshot.list('gateway.networking.k8s.io/HTTPRoute'),
      ...snapshot.list('gateway.networking.k8s.io/GRPCRoute'),
    ].flatMap((object) =>
      (object.value.status?.parents ?? []).map(({ conditions = [] }, index) => ({
        object,
        path: ['status', 'parents', index, 'conditions'],
        conditions,
        wanted: GATEWAY,
      })),
    ),
  ];
}
