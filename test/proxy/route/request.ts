import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import type { RouteRequest } from '../../../src/proxy/route/request.ts';

/** A plain request, but for what is said of it. */
export function request(over: Partial<RouteRequest> = {}): RouteRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority: 'a.example',
    path: '/',
    headers: new HeaderList(),
    random: 0,
    ...over,
  };
}
