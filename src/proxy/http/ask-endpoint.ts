/** Sends a try on its way: on a connection of a pool, or on one of its own where CONNECT ends. */

import type { Forwarding } from '../route/forwarding.ts';
import type { ConnectOptions } from '../upstream/types.ts';
import { poolProtocol } from './forward-request.ts';
import { poolOf } from './pool.ts';
import { endsHere, openTcp } from './tcp-stream.ts';
import type { UpstreamTry } from './upstream-try.ts';

/** `downstream` is the protocol that the client speaks. */
export function askEndpoint(
  attempt: UpstreamTry,
  { priority, connect }: Forwarding,
  method: string,
  downstream: string,
  options: ConnectOptions,
): void {
  const { cluster, host } = attempt;
  const cancel = endsHere(connect, method)
    ? openTcp(cluster, host, cluster.breaker(priority), connect, attempt, options)
    : poolOf(cluster, host, poolProtocol(cluster, downstream), priority, options).request(attempt, options);
  if (!attempt.over) attempt.cancelWish = cancel;
}
