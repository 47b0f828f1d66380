/** An answer of the proxy's own, with what the configuration and the route make of it. */

import type { LocalReply } from '../http-filters/filter.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import { isGrpc } from '../telemetry/grpc-status.ts';
import { HeaderList } from './header-list.ts';
import { type BuiltReply, bodyText, buildReply } from './local-reply.ts';
import { planOf } from './route-plan.ts';
import { RESPONSE_SINGLES } from './single-headers.ts';
import type { StreamRecord } from './stream-record.ts';
import type { HttpStream } from './stream.ts';

/** As it is; nobody is asked. */
function finalAnswer(info: StreamRecord, reply: LocalReply): BuiltReply {
  const built = buildReply(reply, false, info.method);
  info.responseHeaders = built.headers;
  info.responseCode = built.status;
  info.responseStatus = built.status;
  return built;
}

export function ownAnswer(
  stream: HttpStream,
  reply: LocalReply,
  compiled: CompiledRoute | undefined,
): BuiltReply {
  const { info, manager, requestHeaders } = stream;
  if (reply.isFinal === true) return finalAnswer(info, reply);
  const { headers: given = [], ...bare } = reply;
  const headers = new HeaderList(RESPONSE_SINGLES);
  const give = () => given.forEach(([name, value]) => headers.set(name, value));
  info.responseHeaders = headers;
  // The edits of a route that answers by itself see the answer's headers; a filter sets its own over those of the route.
  const answersItself = compiled !== undefined && compiled.action.kind !== 'forward';
  if (answersItself) give();
  if (compiled !== undefined) {
    if (info.upstreamAttempts > 0 && compiled.virtualHost.includeAttemptCountInResponse) {
      headers.set('x-envoy-attempt-count', String(info.upstreamAttempts));
    }
    // As in Envoy the edits see a status and the route's cluster, while the request has no response code yet.
    info.responseStatus = reply.status;
    info.upstreamCluster ??= manager.context.clusters.get(stream.routeCluster);
    info.responseCode = 0;
    planOf(compiled).edits.response?.(headers, info);
  }
  if (!answersItself) give();
  info.localReplyBody = bodyText(reply);
  info.responseCode = reply.status;
  const local = manager.localReplies?.(bare, info) ?? bare;
  const built = buildReply(local, isGrpc(requestHeaders), info.method, headers);
  info.responseStatus = built.status;
  info.responseCode = built.status;
  return built;
}
