/** A request as the matchers of routes look at it. */

import { HeaderList } from '../http/header-list.ts';
import type { RouteRequest } from '../route/request.ts';
import type { StreamInfo } from '../stream-info.ts';

const NO_HEADERS = new HeaderList();

export function requestOf(info: StreamInfo): RouteRequest {
  const { method, scheme, authority, path, requestHeaders } = info;
  return { method, scheme, authority, path, headers: requestHeaders ?? NO_HEADERS, random: 0 };
}
