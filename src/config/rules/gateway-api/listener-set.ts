/** Rules of ListenerSet. https://gateway-api.sigs.k8s.io/reference/spec/#listenerset */

import type { ListenerSet } from '../../../api/generated/types/gateway.networking.k8s.io/ListenerSet.ts';
import type { KindRules } from '../rule.ts';
import { checkAllowedKind, GATEWAY_GROUP } from './group-kind.ts';
import { checkListeners } from './listeners.ts';

export const kinds = ['gateway.networking.k8s.io/ListenerSet'] as const;

export const rules: KindRules<ListenerSet> = (object, report) => {
  const spec = object.value.spec;
  if (spec === undefined) return;
  if (spec.parentRef !== undefined) {
    const { group = GATEWAY_GROUP, kind = 'Gateway' } = spec.parentRef;
    checkAllowedKind(report, ['spec', 'parentRef'], { group, kind }, [`${GATEWAY_GROUP}/Gateway`]);
  }
  checkListeners(report, spec.listeners);
};
