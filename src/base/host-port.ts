/** Addresses that are a host and a port in one text. */

/** Host and port of `host:port`, `[v6]:port` or `:port`; undefined when it is none of these. */
export function splitHostPort(text: string): { host: string; port: string } | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = text.slice(colon + 1);
  const host = text.slice(0, colon);
  if (host.startsWith('[')) {
    const inner = host.slice(1, -1);
    return host.endsWith(']') && !/[[\]]/.test(inner) ? { host: inner, port } : undefined;
  }
  return /[:[\]]/.test(host) || /[[\]]/.test(port) ? undefined : { host, port };
}
