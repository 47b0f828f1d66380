/** Requests that a cluster does not want: `drop_overloads` of its endpoints. */

import type { LocalReply } from '../http-filters/filter.ts';
import type { Cluster } from '../upstream/types.ts';
import type { StreamRecord } from './stream-record.ts';

const WHOLE = 2 ** 32;

/** The answer for a request that is dropped; undefined for one that may go on. `random` is from 0 to 2^32 - 1. */
export function dropReply(cluster: Cluster, info: StreamRecord, random: number): LocalReply | undefined {
  const isUnconditional = cluster.dropShare >= 1;
  if (!isUnconditional && random >= cluster.dropShare * WHOLE) return undefined;
  cluster.stats.scope.counter('upstream_rq_drop_overload').value++;
  info.flag(isUnconditional ? 'UDO' : 'DO');
  const what = isUnconditional ? 'unconditional drop overload' : 'drop overload';
  return {
    status: 503,
    body: what,
    headers: [[`x-envoy-${what.replaceAll(' ', '-')}`, 'true']],
    details: what.replaceAll(' ', '_'),
  };
}
