/** A request as far as routing looks at it. */

import type { HeaderList } from '../http/header-list.ts';

export interface RouteRequest {
  readonly method: string;
  /** `http` or `https`: how the client reached the proxy. */
  readonly scheme: string;
  /** The host as the client wrote it, with its port if it wrote one. */
  readonly authority: string;
  /** With the query; empty for CONNECT. */
  readonly path: string;
  /** Without the host. */
  readonly headers: HeaderList;
  /** What decides between shares of requests: a whole number from 0. */
  readonly random: number;
}

/** What counts as a header and is a part of the request itself. */
const PARTS: Readonly<Record<string, (request: RouteRequest) => string | undefined>> = {
  ':authority': ({ authority }) => authority,
  // HTTP/1.1 has it as a header.
  host: ({ authority }) => authority,
  ':path': ({ path }) => (path === '' ? undefined : path),
  ':method': ({ method }) => method,
  ':scheme': ({ scheme }) => scheme,
  'x-forwarded-proto': ({ scheme }) => scheme,
};

/** How `:method` and its like are read; undefined for headers as such. */
export function partOf(name: string): ((request: RouteRequest) => string | undefined) | undefined {
  return Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
}

/** The value of a header, several ones joined by commas; undefined when the request has none of that name. */
export function headerValue(request: RouteRequest, name: string): string | undefined {
  const part = partOf(name);
  return part === undefined ? request.headers.joined(name) : part(request);
}

/** The first value of a header; undefined when the request has none of that name. */
export function firstValue(request: RouteRequest, name: string): string | undefined {
  const part = partOf(name);
  return part === undefined ? request.headers.get(name) : part(request);
}

/** The path without query and fragment. */
export function plainPath(path: string): string {
  const query = path.indexOf('?');
  const plain = query < 0 ? path : path.slice(0, query);
  const hash = plain.indexOf('#');
  return hash < 0 ? plain : plain.slice(0, hash);
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
