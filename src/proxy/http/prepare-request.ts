/** Makes a request ready for the cluster that its route leads to: limits, retries, headers, host and path. */

import type { CompiledRoute } from '../route/route-table.ts';
import type { Cluster } from '../upstream/types.ts';
import { dropReply } from './drop-overload.ts';
import {
  type ForwardAction,
  type Target,
  asksForMore,
  limitStream,
  rewriteTarget,
} from './forward-request.ts';
import { RequestContext, metadataMatch } from './load-balancing.ts';
import { RetryState } from './retry-state.ts';
import { type EditPlan, planOf } from './route-plan.ts';
import type { HttpStream } from './stream.ts';
import { Tally } from './tally.ts';
import { type Timeouts, announceTimeout, timeoutsOf } from './timeouts.ts';

export interface PreparedRequest {
  readonly cluster: Cluster;
  readonly tally: Tally;
  readonly edits: EditPlan;
  readonly timeouts: Timeouts;
  readonly context: RequestContext;
  readonly retry: RetryState | undefined;
  readonly target: Target;
}

/** Undefined when the request has been answered instead. */
export function prepareRequest(
  stream: HttpStream,
  compiled: CompiledRoute,
  action: ForwardAction,
): PreparedRequest | undefined {
  const plan = planOf(compiled);
  const { info, manager, requestHeaders: headers } = stream;
  const { forwarding } = action;
  const destination = forwarding.choose(stream);
  const cluster = destination === undefined ? undefined : manager.context.clusters.get(destination.cluster);
  if (destination === undefined || cluster === undefined) {
    manager.stats.counters.no_cluster.value++;
    info.flag('NC');
    stream.reply({ status: forwarding.clusterNotFound, body: '', details: 'cluster_not_found' });
    return undefined;
  }
  const tally = Tally.of(stream, compiled, cluster);
  const edits = plan.byDestination.get(destination) ?? plan.edits;
  info.upstreamCluster = cluster;
  const dropped = cluster.dropShare > 0 ? dropReply(cluster, info, manager.context.random()) : undefined;
  if (dropped !== undefined) {
    tally.answered(dropped.status);
    stream.reply(dropped);
    return undefined;
  }

  const asked = asksForMore(headers);
  const timeouts = timeoutsOf(forwarding, headers, asked, manager.router.respectExpectedTimeout);
  limitStream(stream, forwarding);
  const breaker = cluster.breaker(forwarding.priority);
  const retry = RetryState.of(forwarding.retries, headers, asked, breaker, tally);
  if (compiled.virtualHost.includeRequestAttemptCount) headers.set('x-envoy-attempt-count', '1');
  if (edits.request !== undefined) {
    // Edits are those of the first try, which has not been counted yet.
    info.upstreamAttempts = 1;
    edits.request(headers, info);
    info.upstreamAttempts = 0;
  }
  const target = rewriteTarget(stream, action, destination);
  stream.span?.inject();
  if (!manager.router.suppressHeaders) announceTimeout(headers, timeouts, 0);
  const wanted = metadataMatch(forwarding.metadataMatch, destination.metadataMatch);
  const context = new RequestContext(stream, forwarding.hash, wanted);
  return { cluster, tally, edits, timeouts, context, retry, target };
}

/** Says of a further try how much time is left, and which one it is. */
export function announceAgain(
  { info, manager, compiled, requestHeaders }: HttpStream,
  timeouts: Timeouts,
): void {
  const { requestEnd } = info.times;
  const elapsed = requestEnd === 0 ? 0 : performance.now() - requestEnd;
  if (!manager.router.suppressHeaders) announceTimeout(requestHeaders, timeouts, elapsed);
  if (compiled?.virtualHost.includeRequestAttemptCount === true) {
    requestHeaders.set('x-envoy-attempt-count', String(info.upstreamAttempts + 1));
  }
}
