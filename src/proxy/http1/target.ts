/** The target of a request, in its four forms: RFC 9112, section 3.2. */

import { HTTPS_ON_PLAINTEXT, INVALID_SCHEME, INVALID_URL, MALFORMED, type Refusal } from './refusal.ts';

export interface Target {
  readonly path: string;
  /** What takes the place of the host header; undefined where that counts. */
  readonly authority: string | undefined;
}

const NOT_PRINTABLE = /[^!-~]/;
/** As the parser takes a URL: a scheme, and a host of the characters of an authority. */
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+\-.]*):\/\/([A-Za-z0-9!$%&'()*+,\-.:;=@[\]_~]*)(.*)$/;
/** Who asks, the host and its port, as Envoy's reader of URLs takes them. */
const SERVER = /^(?:[A-Za-z0-9\-_.!~*'()%;:&=+$,]*@)?((?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d+))?)$/;
const CONNECT_TARGET = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(\d+)\??$/;

/** RFC 3986, section 3.2, as far as Envoy asks for it. */
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@[\]]*$/;

export function isAuthority(host: string): boolean {
  return AUTHORITY.test(host);
}

/** Whether the bytes may stand as a path. */
export function isPath(text: string): boolean {
  const first = text.charCodeAt(0);
  return (first === 0x2f || first === 0x2a) && !NOT_PRINTABLE.test(text);
}

/** `allowAbsolute` is `http_protocol_options.allow_absolute_url`; `tls` whether the connection is. */
export function parseTarget(
  method: string,
  text: string,
  allowAbsolute: boolean,
  tls: boolean,
): Target | Refusal {
  if (method === 'CONNECT') {
    if (isPath(text)) return INVALID_URL;
    if (NOT_PRINTABLE.test(text)) return MALFORMED;
    const port = CONNECT_TARGET.exec(text)?.[1];
    if (port === undefined || Number(port) > 65_535) return INVALID_URL;
    return text.endsWith('?') ? { path: '?', authority: text.slice(0, -1) } : { path: '', authority: text };
  }
  if (isPath(text)) {
    if (text.startsWith('/') || !allowAbsolute) return { path: text, authority: undefined };
    // The asterisk is for OPTIONS alone.
    return method === 'OPTIONS' ? { path: text, authority: undefined } : INVALID_URL;
  }
  const absolute = NOT_PRINTABLE.test(text) ? null : ABSOLUTE.exec(text);
  if (absolute === null) return MALFORMED;
  const [, scheme = '', authority = '', path = ''] = absolute;
  if (authority.includes('@@') || (path !== '' && !path.startsWith('/') && !path.startsWith('?'))) {
    return path.startsWith('#') ? INVALID_URL : MALFORMED;
  }
  if (!allowAbsolute) return { path: text, authority: undefined };
  const server = SERVER.exec(authority);
  if (server === null) return INVALID_URL;
  const [, host = '', port = ''] = server;
  if (Number(port) > 65_535) return INVALID_URL;
  const shown = scheme.toLowerCase();
  if (shown !== 'http' && shown !== 'https') return INVALID_SCHEME;
  if (shown === 'https' && !tls) return HTTPS_ON_PLAINTEXT;
  return { path: path === '' ? '/' : path, authority: host };
}

export interface AbsoluteUrl extends Target {
  readonly scheme: string;
  readonly authority: string;
}

/** A URL with its scheme and host, as a redirect names one; undefined when it is none. */
export function parseUrl(text: string): AbsoluteUrl | undefined {
  const absolute = NOT_PRINTABLE.test(text) ? null : ABSOLUTE.exec(text);
  const [, scheme = '', asked = '', path = ''] = absolute ?? [];
  const server = SERVER.exec(asked);
  if (absolute === null || server === null || (path !== '' && !/^[/?#]/.test(path))) return undefined;
  const [, authority = '', port = ''] = server;
  if (Number(port) > 65_535) return undefined;
  return { scheme, authority, path: path === '' ? '/' : path };
}
