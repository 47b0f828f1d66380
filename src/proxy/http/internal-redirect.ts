/** Makes the request that an endpoint's redirect asks for, where the route has the proxy follow it. */

import { parseUrl } from '../http1/target.ts';
import type { InternalRedirects } from '../route/internal-redirects.ts';
import type { CompiledRoute, Found } from '../route/route-table.ts';
import type { Cluster } from '../upstream/types.ts';
import type { IncomingRequest } from './codec.ts';
import type { Target } from './forward-request.ts';
import type { HeaderList } from './header-list.ts';
import type { HttpStream } from './stream.ts';
import type { StreamRecord } from './stream-record.ts';

/** What has been followed for one request. */
export class RedirectHistory {
  count = 0;
  /** By the name of a route, those that redirects of it have led to. */
  readonly #taken = new Map<string, Set<string>>();

  /** False when it was so before. */
  add(from: string, to: string): boolean {
    let taken = this.#taken.get(from);
    if (taken === undefined) this.#taken.set(from, (taken = new Set()));
    if (taken.has(to)) return false;
    taken.add(to);
    return true;
  }
}

export interface Redirected {
  readonly request: IncomingRequest;
  /** The route that takes it. */
  readonly found: Found;
  /** The body goes with it. */
  readonly keepsBody: boolean;
}

/**
 * The request that takes the place of this one; undefined when the answer has to go to the client. `sent` is what the
 * endpoint was asked for; `mayFollow`: the request has come whole and is kept.
 */
export function followed(
  stream: HttpStream,
  cluster: Cluster,
  policy: InternalRedirects,
  sent: Target,
  status: number,
  answer: HeaderList,
  mayFollow: boolean,
): Redirected | undefined {
  const asked = mayFollow ? redirected(stream, policy, sent, status, answer) : undefined;
  const outcome = asked === undefined ? 'failed' : 'succeeded';
  cluster.stats.scope.counter(`upstream_internal_redirect_${outcome}_total`).value++;
  return asked;
}

/** The counters of the connection manager give a reason for each that is not followed. */
function redirected(
  stream: HttpStream,
  policy: InternalRedirects,
  sent: Target,
  status: number,
  answer: HeaderList,
): Redirected | undefined {
  const { counters } = stream.manager.stats;
  const location = answer.get('location');
  if (location === undefined) return undefined;
  const url = parseUrl(location);
  if (url === undefined) {
    counters.passthrough_internal_redirect_bad_location.value++;
    return undefined;
  }
  const wasPlain = stream.scheme === 'http';
  const isPlain = url.scheme.toLowerCase() === 'http';
  if (!policy.crossesScheme && wasPlain !== isPlain) {
    counters.passthrough_internal_redirect_unsafe_scheme.value++;
    return undefined;
  }
  const history = (stream.history ??= new RedirectHistory());
  if (history.count >= policy.max) {
    counters.passthrough_internal_redirect_too_many_redirects.value++;
    return undefined;
  }

  const headers = stream.requestHeaders.clone();
  headers.written = stream.requestHeaders.written;
  for (const name of policy.copied) {
    headers.remove(name);
    for (const value of answer.getAll(name)) headers.append(name, value);
  }
  const path = url.path.replace(/#.*$/s, '');
  const { method, random } = stream;
  const found = stream.findRoute({
    method,
    scheme: url.scheme,
    authority: url.authority,
    path,
    headers,
    random,
  });
  if (found.kind === 'no-host' || found.kind === 'no-route') {
    counters.passthrough_internal_redirect_no_route.value++;
    return undefined;
  }
  if (!accepts(history, stream.compiled, policy, found, wasPlain, isPlain)) {
    counters.passthrough_internal_redirect_predicate.value++;
    return undefined;
  }

  // https://www.rfc-editor.org/rfc/rfc9110#field.status.303
  const becomesGet = status === 303 && method !== 'GET' && method !== 'HEAD';
  if (becomesGet) headers.remove('content-length');
  history.count++;
  headers.set('x-envoy-original-url', `${wasPlain ? 'http' : 'https'}://${sent.authority}${sent.path}`);
  return {
    found,
    keepsBody: !becomesGet,
    request: {
      method: becomesGet ? 'GET' : method,
      authority: url.authority,
      path,
      scheme: url.scheme,
      protocol: stream.info.protocol === '' ? 'HTTP/1.1' : stream.info.protocol,
      headers,
      hasAuthority: true,
      upgrade: '',
      expectsContinue: false,
      end: true,
      headBytes: stream.info.requestHeaderBytes,
    },
  };
}

function accepts(
  history: RedirectHistory,
  compiled: CompiledRoute | undefined,
  { predicates }: InternalRedirects,
  found: Found,
  wasPlain: boolean,
  isPlain: boolean,
): boolean {
  const from = compiled?.route.name ?? '';
  const to = found.kind === 'route' ? found.compiled.route.name : '';
  return predicates.every((predicate) => {
    switch (predicate.kind) {
      case 'previous':
        return history.add(from, to);
      case 'listed':
        return predicate.names.has(to);
      case 'safe-scheme':
        return !wasPlain || isPlain;
    }
  });
}

/** As in Envoy logs of the request already tell of the one that it becomes. */
export function noteRedirect(
  info: StreamRecord,
  request: IncomingRequest,
  status: number,
  answer: HeaderList,
): void {
  info.responseCode = status;
  info.responseHeaders = answer;
  info.responseCodeDetails = 'internal_redirect';
  info.requestHeaders = request.headers;
  info.method = request.method;
  info.scheme = request.scheme;
  info.authority = request.authority;
  info.path = request.path;
  info.originalPath = request.path;
}
