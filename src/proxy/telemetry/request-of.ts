/** A request as the matchers of routes look at it. */

import type { RouteRequest } from '../route/request.ts';
import type { StreamInfo } from '../stream-info.ts';

export function requestOf(info: StreamInfo): RouteRequest {
  const { method, scheme, authority, path, requestHeaders } = info;
  const headers = requestHeaders === undefined ? [] : [...requestHeaders.entries()];
  return { method, scheme, authority, path, headers, random: 0 };
}
