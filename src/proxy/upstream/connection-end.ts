/** What a cluster counts when a connection to one of its endpoints ends. */

import type { ClusterStats } from './types.ts';

/** Which side ended a connection: this proxy, or the endpoint. */
export type EndedBy = 'local' | 'remote';

/** `isActive`: a request was on it, unanswered. `length` in milliseconds since it was begun. */
export function countConnectionEnd(
  stats: ClusterStats,
  by: EndedBy,
  isActive: boolean,
  length: number,
): void {
  stats.cxActive.value--;
  stats.cxDestroy.value++;
  (by === 'local' ? stats.cxDestroyLocal : stats.cxDestroyRemote).value++;
  if (isActive) {
    stats.cxDestroyWithActiveRq.value++;
    (by === 'local' ? stats.cxDestroyLocalWithActiveRq : stats.cxDestroyRemoteWithActiveRq).value++;
  }
  stats.cxLength.record(length);
}
