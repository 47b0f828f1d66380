/** Addresses of names: from the hosts file, then from the name servers, as the system would look for them. */

import { Resolver } from 'node:dns/promises';
import { readFileSync, statSync } from 'node:fs';
import { canonicalIp } from '../../address.ts';

export interface DnsAddress {
  readonly ip: string;
  /** Seconds; undefined when nobody said. */
  readonly ttl: number | undefined;
}

export type DnsFamilies = 'v4' | 'v6' | 'auto' | 'v4-preferred' | 'all';

export interface DnsResolver {
  /** Empty when the name has no address. Rejects when that could not be found out. */
  resolve(name: string, families: DnsFamilies): Promise<readonly DnsAddress[]>;
}

export interface SystemDnsOptions {
  /** `ADDRESS:PORT`; the system's when there are none. */
  readonly servers?: readonly string[];
  /** Names without a dot at their end are looked for in the system's search domains too. */
  readonly searches?: boolean;
  /** For tests. */
  readonly hostsFile?: string;
  readonly resolvConf?: string;
}

/** No such name, or none with such an address. */
const NOTHING = new Set(['ENODATA', 'ENOTFOUND']);

export function systemDns(options: SystemDnsOptions = {}): DnsResolver {
  const {
    servers = [],
    searches = true,
    hostsFile = '/etc/hosts',
    resolvConf = '/etc/resolv.conf',
  } = options;
  const resolver = new Resolver({ timeout: 5000, tries: 4 });
  if (servers.length > 0) resolver.setServers(servers);
  const hosts = cachedFile(hostsFile, parseHosts, new Map());
  const search = cachedFile(resolvConf, parseSearch, { domains: [], ndots: 1 });
  const query = async (name: string, family: 4 | 6): Promise<readonly DnsAddress[]> => {
    const known = hosts().get(name.toLowerCase().replace(/\.$/, '')) ?? [];
    const fitting = known.filter((ip) => ip.includes(':') === (family === 6));
    if (fitting.length > 0) return fitting.map((ip) => ({ ip, ttl: undefined }));
    for (const candidate of searches ? candidates(name, search()) : [name]) {
      const found = await ask(resolver, candidate, family);
      if (found.length > 0) return found;
    }
    return [];
  };
  return {
    resolve: async (name, families) => {
      switch (families) {
        case 'v4':
          return query(name, 4);
        case 'v6':
          return query(name, 6);
        case 'all':
          return (await Promise.all([query(name, 4), query(name, 6)])).flat();
        case 'auto':
        case 'v4-preferred': {
          const [first, second] = families === 'auto' ? ([6, 4] as const) : ([4, 6] as const);
          const found = await query(name, first);
          return found.length > 0 ? found : query(name, second);
        }
      }
    },
  };
}

async function ask(resolver: Resolver, name: string, family: 4 | 6): Promise<readonly DnsAddress[]> {
  try {
    const records =
      family === 4
        ? await resolver.resolve4(name, { ttl: true })
        : await resolver.resolve6(name, { ttl: true });
    return records.map(({ address, ttl }) => ({ ip: canonicalIp(address) ?? address, ttl }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && NOTHING.has(String(error.code))) return [];
    throw error;
  }
}

interface Search {
  readonly domains: readonly string[];
  readonly ndots: number;
}

/** The names that stand for one, in the order in which they are tried: resolv.conf(5). */
export function candidates(name: string, { domains, ndots }: Search): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

export function parseSearch(text: string): Search {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'search' || word === 'domain') domains = rest.map((domain) => domain.replace(/\.$/, ''));
    if (word !== 'options') continue;
    const found = rest
      .map((option) => /^ndots:(\d{1,2})$/.exec(option)?.[1])
      .find((one) => one !== undefined);
    if (found !== undefined) ndots = Math.min(15, Number(found));
  }
  return { domains: domains.filter((domain) => domain !== '' && domain !== '.'), ndots };
}

export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const ip = canonicalIp(address);
    if (ip === undefined) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      hosts.set(key, [...(hosts.get(key) ?? []), ip]);
    }
  }
  return hosts;
}

/** Read again when it changed. */
function cachedFile<T>(path: string, parse: (text: string) => T, whenMissing: T): () => T {
  let stamp = -1;
  let value = whenMissing;
  return () => {
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    if (mtimeMs === stamp) return value;
    stamp = mtimeMs;
    try {
      value = parse(readFileSync(path, 'utf8'));
    } catch {
      value = whenMissing;
    }
    return value;
  };
}
