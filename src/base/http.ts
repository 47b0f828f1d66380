/** Names of HTTP: headers, pseudo headers, methods and statuses. */

// RFC 9110, section 5.6.2: a token.
const TOKEN = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;
const PSEUDO_HEADERS = new Set([':method', ':scheme', ':authority', ':path', ':status']);

/** Methods of RFC 9110 and RFC 5789. */
export const HTTP_METHODS: readonly string[] = 'GET HEAD POST PUT PATCH DELETE CONNECT OPTIONS TRACE'.split(
  ' ',
);

// https://www.iana.org/assignments/http-status-codes
const STATUS_RANGES: readonly (readonly [from: number, to: number])[] = [
  ...([
    [100, 103],
    [200, 208],
    [226, 226],
    [300, 305],
    [307, 308],
    [400, 418],
    [421, 426],
  ] as const),
  ...([
    [428, 429],
    [431, 431],
    [451, 451],
    [500, 508],
    [510, 511],
  ] as const),
];

/** Whether the text can be the name of a header field; pseudo headers cannot. */
export function isHeaderName(name: string): boolean {
  return TOKEN.test(name);
}

/** Whether the name is one of HTTP/2's pseudo headers, such as `:path`. RFC 9113, section 8.3. */
export function isPseudoHeader(name: string): boolean {
  return PSEUDO_HEADERS.has(name);
}

/** Whether the header holds the host that a request is for: `:authority`, or `Host` in any case. */
export function isAuthorityHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === ':authority' || lower === 'host';
}

/** Whether the number is a registered HTTP status. */
export function isRegisteredStatus(status: number): boolean {
  return Number.isInteger(status) && STATUS_RANGES.some(([from, to]) => status >= from && status <= to);
}
