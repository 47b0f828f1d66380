/** A request as far as routing looks at it. */

export interface RouteRequest {
  readonly method: string;
  /** `http` or `https`: how the client reached the proxy. */
  readonly scheme: string;
  /** The host as the client wrote it, with its port if it wrote one. */
  readonly authority: string;
  /** With the query; empty for CONNECT. */
  readonly path: string;
  /** In the order of arrival; a name may come several times, in any case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What decides between shares of requests: a whole number from 0. */
  readonly random: number;
}

/** The values of a header, of which a request may have several. `:method` and its like count as headers. */
export function headerValues(request: RouteRequest, name: string): readonly string[] {
  switch (name) {
    case ':authority':
    // HTTP/1.1 has it as a header.
    case 'host':
      return [request.authority];
    case ':path':
      return request.path === '' ? [] : [request.path];
    case ':method':
      return [request.method];
    case ':scheme':
    case 'x-forwarded-proto':
      return [request.scheme];
    default:
      return request.headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
  }
}

/** The value of a header, several ones joined by commas; undefined when the request has none of that name. */
export function headerValue(request: RouteRequest, name: string): string | undefined {
  const values = headerValues(request, name);
  return values.length === 0 ? undefined : values.join(',');
}

/** The path without query and fragment. */
export function plainPath(path: string): string {
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/** `?` and what follows it; empty without a query. */
export function queryOf(path: string): string {
  const start = path.indexOf('?');
  return start < 0 ? '' : path.slice(start);
}

/** The first value of a query parameter, as it is written: escapes stay. */
export function queryParameter(path: string, name: string): string | undefined {
  const query = queryOf(path);
  if (query === '') return undefined;
  const hash = query.indexOf('#');
  for (const part of query.slice(1, hash < 0 ? undefined : hash).split('&')) {
    const equals = part.indexOf('=');
    if ((equals < 0 ? part : part.slice(0, equals)) === name) return equals < 0 ? '' : part.slice(equals + 1);
  }
  return undefined;
}
