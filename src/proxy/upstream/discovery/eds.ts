/** Endpoints that the control plane assigns. */

import { type Assignment, NO_ENDPOINTS } from '../assignment.ts';
import type { CountMembership } from '../cluster-stats.ts';
import type { Discovery, OnDiscovered } from './discovery.ts';
import { placed } from './fixed.ts';

export function byEds(name: string, count: CountMembership): Discovery {
  let report: OnDiscovered | undefined;
  let pending: Assignment | undefined;
  let stale: NodeJS.Timeout | undefined;
  const apply = (assignment: Assignment) => {
    clearTimeout(stale);
    if (assignment.staleAfter > 0) {
      stale = setTimeout(() => {
        count('assignment_stale');
        report?.([], NO_ENDPOINTS);
      }, assignment.staleAfter);
      stale.unref();
    }
    report?.(placed(assignment), assignment);
  };
  return {
    edsName: name,
    isIdle: true,
    start: (onDiscovered) => {
      report = onDiscovered;
      if (pending !== undefined) apply(pending);
    },
    assign: (assignment) => {
      count('update_attempt');
      count('update_success');
      if (assignment.endpoints.length === 0) count('update_empty');
      pending = assignment;
      if (report !== undefined) apply(assignment);
    },
    close: () => {
      clearTimeout(stale);
      report = undefined;
    },
  };
}
