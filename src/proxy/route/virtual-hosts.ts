/** The choice of the virtual host by the name that the client calls. */

import { UnsupportedError } from './unsupported.ts';

const MAX_FOUND = 1_000;

/**
 * Names in full count first, then `*suffix`, then `prefix*`, of each kind the longest, then `*`.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
 */
export class VirtualHostIndex<Host> {
  readonly #exact = new Map<string, Host>();
  readonly #suffixes = new Map<string, Host>();
  readonly #prefixes = new Map<string, Host>();
  #suffixLengths: readonly number[] = [];
  #prefixLengths: readonly number[] = [];
  #fallback: Host | undefined;
  /** What was found for authorities as clients write them: they mostly write the same few. */
  readonly #found = new Map<string, Host | undefined>();

  /** Throws an `UnsupportedError` when two hosts claim one name, as Envoy refuses that. */
  constructor(hosts: Iterable<{ readonly domains: readonly string[]; readonly host: Host }>) {
    for (const { domains, host } of hosts)
      for (const domain of domains) this.#add(domain.toLowerCase(), host);
    this.#suffixLengths = lengths(this.#suffixes);
    this.#prefixLengths = lengths(this.#prefixes);
  }

  #add(domain: string, host: Host): void {
    if (domain === '*') {
      if (this.#fallback !== undefined) throw twice(domain);
      this.#fallback = host;
      return;
    }
    const [map, key] = domain.startsWith('*')
      ? [this.#suffixes, domain.slice(1)]
      : domain.endsWith('*')
        ? [this.#prefixes, domain.slice(0, -1)]
        : [this.#exact, domain];
    if (map.has(key)) throw twice(domain);
    map.set(key, host);
  }

  find(authority: string, ignorePort: boolean): Host | undefined {
    const known = this.#found.get(authority);
    if (known !== undefined) return known;
    const found = this.#search(authority, ignorePort);
    if (this.#found.size >= MAX_FOUND) this.#found.clear();
    this.#found.set(authority, found);
    return found;
  }

  #search(authority: string, ignorePort: boolean): Host | undefined {
    const name = (ignorePort ? upToLastColon(authority) : authority).toLowerCase();
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const length of this.#suffixLengths) {
      // A wildcard stands for one character at least.
      const found = length < name.length ? this.#suffixes.get(name.slice(-length)) : undefined;
      if (found !== undefined) return found;
    }
    for (const length of this.#prefixLengths) {
      const found = length < name.length ? this.#prefixes.get(name.slice(0, length)) : undefined;
      if (found !== undefined) return found;
    }
    return this.#fallback;
  }
}

function lengths(map: ReadonlyMap<string, unknown>): readonly number[] {
  return [...new Set([...map.keys()].map(({ length }) => length))].sort((a, b) => b - a);
}

function twice(domain: string): UnsupportedError {
  return new UnsupportedError(`the domain ${domain} in more than one virtual host`);
}

/** What hosts are found by: what is behind the last colon counts for nothing, a port or not, as in Envoy. */
function upToLastColon(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon < 0 || colon < authority.lastIndexOf(']') ? authority : authority.slice(0, colon);
}

/** The authority without `:port`; brackets around IPv6 addresses stay. */
export function withoutPort(authority: string): string {
  const found = /^(.*):\d{1,10}$/s.exec(authority)?.[1];
  if (found === undefined) return authority;
  // The last group of a bare IPv6 address is no port.
  return found.includes(':') && !found.endsWith(']') ? authority : found;
}
