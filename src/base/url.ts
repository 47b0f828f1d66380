/** URLs as Go's net/url reads them, which is what Kubernetes' CEL library and the control plane use. */

import { parseIp } from './cidr.ts';

export interface UrlParts {
  /** In lower case; empty when the text has none. */
  readonly scheme: string;
  /** With the port, without user information; empty for paths and for opaque URLs (`mailto:x`). */
  readonly host: string;
  /** As it was written, so still escaped; for an opaque URL what follows the scheme. */
  readonly path: string;
}

// Far beyond any real address; bounds the work on hostile ones.
const MAX_URL = 65_536;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\0-\x1f\x7f]/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const USER_INFO = /^[A-Za-z0-9\-._~:!$&'()*+,;=%@]*$/;
// oxlint-disable-next-line no-control-regex -- they are among what a host cannot hold
const HOST = /^[^#%/?@\\^`{|}\0-\x20\x7f]*$/;
// Escapes of ASCII characters are refused in hosts, but for that of `%` itself (zones).
const HOST_ESCAPE = /%(?:25|[89A-Fa-f][0-9A-Fa-f])/g;
const PORT = /^(?::\d*)?$/;

/** A URL or a relative reference, without its fragment (Go's Parse); undefined when it is malformed. */
export function parseUrl(text: string): UrlParts | undefined {
  const hash = text.indexOf('#');
  if (hash >= 0 && BAD_ESCAPE.test(text.slice(hash))) return undefined;
  return parse(hash < 0 ? text : text.slice(0, hash), false);
}

/**
 * An absolute URL or an absolute path (Go's ParseRequestURI, which CEL's isURL asks); undefined when the text
 * is neither. There is no fragment: a `#` is part of the path.
 */
export function parseRequestUri(text: string): UrlParts | undefined {
  return text === '' ? undefined : parse(text, true);
}

function parse(text: string, request: boolean): UrlParts | undefined {
  if (text.length > MAX_URL || CONTROL.test(text)) return undefined;
  if (text === '*') return { scheme: '', host: '', path: '*' };
  const split = splitScheme(text);
  if (split === undefined) return undefined;
  const { scheme } = split;
  const question = split.rest.indexOf('?');
  let rest = question < 0 ? split.rest : split.rest.slice(0, question);

  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', path: rest };
    // A colon in the first segment would read as a scheme.
    if (request || (rest.split('/', 1)[0] ?? '').includes(':')) return undefined;
  }
  let host = '';
  if (rest.startsWith('//') && (scheme !== '' || (!request && !rest.startsWith('///')))) {
    const slash = rest.indexOf('/', 2);
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash < 0 ? '' : rest.slice(slash);
    const parsed = parseAuthority(authority);
    if (parsed === undefined) return undefined;
    host = parsed;
  }
  return BAD_ESCAPE.test(rest) ? undefined : { scheme, host, path: rest };
}

/** Undefined when the text starts with a colon. A text without a scheme has the empty one. */
function splitScheme(text: string): { scheme: string; rest: string } | undefined {
  const colon = text.indexOf(':');
  if (colon === 0) return undefined;
  const scheme = text.slice(0, Math.max(colon, 0));
  if (!SCHEME.test(scheme)) return { scheme: '', rest: text };
  return { scheme: scheme.toLowerCase(), rest: text.slice(colon + 1) };
}

/** The host, with its port, of `user@host:port`. */
function parseAuthority(authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const user = authority.slice(0, at);
    if (!USER_INFO.test(user) || BAD_ESCAPE.test(user)) return undefined;
  }
  const host = authority.slice(at + 1);
  if (host.includes('[')) return isBracketed(host) ? host : undefined;
  const portAt = host.indexOf(':');
  if (portAt >= 0 && !PORT.test(host.slice(portAt))) return undefined;
  return HOST.test(host.replaceAll(HOST_ESCAPE, '')) ? host : undefined;
}

/** `[address]:port`, with an IPv6 address whose zone, if any, stands behind an escaped percent sign (RFC 6874). */
function isBracketed(host: string): boolean {
  const close = host.lastIndexOf(']');
  if (!host.startsWith('[') || close < 0 || !PORT.test(host.slice(close + 1))) return false;
  const inner = host.slice(1, close);
  const percent = inner.indexOf('%25');
  const zone = percent < 0 ? '' : inner.slice(percent + 3);
  const text = percent < 0 ? inner : `${inner.slice(0, percent)}%${zone}`;
  return !BAD_ESCAPE.test(inner) && parseIp(text)?.family === 6;
}
