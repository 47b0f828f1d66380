/** Puts path and host of a request in order, before anybody looks at its headers, and says what is wrong with it. */

import type { LocalReply } from '../http-filters/filter.ts';
import { orderedHost, orderedPath } from './request-headers.ts';
import type { HttpStream } from './stream.ts';

export interface EarlyAnswer {
  readonly reply: LocalReply;
  /** It is no proper request, rather than one for something else. */
  readonly refuses: boolean;
}

/** Undefined when the request may go on. */
export function orderRequest(stream: HttpStream, hasAuthority: boolean): EarlyAnswer | undefined {
  const { manager, method, path, requestHeaders } = stream;
  if (!hasAuthority) return refusal('missing_host_header');
  if (method === 'QUERY' && !requestHeaders.has('content-type')) return refusal('query_missing_content_type');
  if (path !== '' || method !== 'CONNECT') {
    const answer = orderPath(stream);
    if (answer !== undefined) return answer;
  }
  const { settings } = manager;
  if (settings.stripPort === 'no' && !settings.stripTrailingDot) return undefined;
  const { localPlace } = stream.info.connection;
  const localPort = localPlace.kind === 'ip' ? localPlace.port : 0;
  const { host, port } = orderedHost(stream.authority, settings, localPort);
  stream.authority = host;
  if (method === 'CONNECT') stream.connectPort = port;
  return undefined;
}

function orderPath(stream: HttpStream): EarlyAnswer | undefined {
  const { counters } = stream.manager.stats;
  if (!stream.path.startsWith('/')) {
    counters.downstream_rq_non_relative_path.value++;
    return { reply: { status: 404, body: '', details: 'absolute_path_rejected' }, refuses: false };
  }
  const ordered = orderedPath(stream.path, stream.manager.settings);
  if (ordered === undefined) {
    counters.downstream_rq_failed_path_normalization.value++;
    return refusal('path_normalization_failed');
  }
  if (ordered.redirects) {
    counters.downstream_rq_redirected_with_normalized_path.value++;
    const headers = [['location', ordered.path]] as const;
    const reply = { status: 307, body: '', headers, details: 'path_normalization_redirect' };
    return { reply, refuses: false };
  }
  stream.path = ordered.path;
  return undefined;
}

function refusal(details: string): EarlyAnswer {
  return { reply: { status: 400, body: '', details }, refuses: true };
}
