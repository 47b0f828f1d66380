/** Answers that the proxy gives itself, as Envoy puts them together; gRPC calls get theirs as a gRPC status. */

import type { LocalReply } from '../http-filters/filter.ts';
import { HeaderList } from './header-list.ts';
import { RESPONSE_SINGLES } from './single-headers.ts';

const TEXT = 'text/plain';

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md, with Envoy's additions. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const UNKNOWN = 2;

/** The gRPC status that a status of HTTP stands for, where a server said no other. */
export function grpcStatusOf(status: number): number {
  return GRPC_STATUS[status] ?? UNKNOWN;
}

export interface BuiltReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

export const NO_BYTES = Buffer.alloc(0);

/**
 * `grpc`: the request is a gRPC call. Messages are left out where a body would be. `headers` are those that the route
 * gives answers: what they say of the body counts for nothing, but for its type where there is a body.
 */
export function buildReply(
  reply: LocalReply,
  grpc: boolean,
  method: string,
  headers: HeaderList = new HeaderList(RESPONSE_SINGLES),
): BuiltReply {
  for (const [name, value] of reply.headers ?? []) headers.set(name, value);
  headers.remove('content-length');
  if (grpc) {
    headers.set('content-type', 'application/grpc');
    if (!headers.has('grpc-status')) {
      headers.append('grpc-status', String(reply.grpcStatus ?? grpcStatusOf(reply.status)));
    }
    const message = typeof reply.body === 'string' ? reply.body : Buffer.from(reply.body).toString('utf8');
    if (message !== '' && method !== 'HEAD') headers.set('grpc-message', percentEncoded(message));
    return { status: 200, headers, body: NO_BYTES };
  }
  const body = Buffer.from(bodyText(reply), 'latin1');
  if (body.length > 0) {
    headers.append('content-length', String(body.length));
    if (!headers.has('content-type')) headers.append('content-type', TEXT);
  } else headers.remove('content-type');
  return { status: reply.status, headers, body };
}

/** As gRPC writes messages in headers: visible ASCII stays, but for the percent sign and, as in Envoy, the tilde. */
export function percentEncoded(text: string | Buffer): string {
  let written = '';
  for (const byte of typeof text === 'string' ? Buffer.from(text) : text) {
    written +=
      byte >= 0x20 && byte < 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return written;
}

/** The body as Latin-1 text, one character a byte. */
export function bodyText({ body }: LocalReply): string {
  return (typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)).toString('latin1');
}
