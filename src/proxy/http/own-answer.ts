/** An answer of the proxy's own, with what the configuration and the route make of it. */

import type { LocalReply } from '../http-filters/filter.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import { isGrpc } from '../telemetry/grpc-status.ts';
import { type BuiltReply, bodyText, buildReply } from './local-reply.ts';
import { planOf } from './route-plan.ts';
import type { HttpStream } from './stream.ts';

export function ownAnswer(
  { info, manager, requestHeaders }: HttpStream,
  reply: LocalReply,
  compiled: CompiledRoute | undefined,
): BuiltReply {
  info.localReplyBody = bodyText(reply);
  info.responseCode = reply.status;
  const local = manager.localReplies?.(reply, info) ?? reply;
  const built = buildReply(local, isGrpc(requestHeaders), info.method);
  info.responseHeaders = built.headers;
  info.responseStatus = built.status;
  if (compiled !== undefined) {
    if (info.upstreamAttempts > 0 && compiled.virtualHost.includeAttemptCountInResponse) {
      built.headers.set('x-envoy-attempt-count', String(info.upstreamAttempts));
    }
    // As in Envoy the edits are made while the request has no response code yet.
    info.responseCode = 0;
    planOf(compiled).edits.response?.(built.headers, info);
  }
  info.responseCode = built.status;
  return built;
}
