/** Domain names with and without a wildcard: what is wrong with one, and which of them cover others. */

import { isDnsLabel } from './labels.ts';

const MAX_DOMAIN = 255;
const MAX_LABEL = 63;
const ALL_DIGITS = /^\d+$/;
// `*`, or a label that may start with `*` or `*-`.
const WILDCARD_LABEL = /^(?:\*|(?:\*-?)?[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)$/;

/**
 * What is wrong with a fully qualified domain name, as the end of a sentence that starts with the name;
 * undefined when it is sound. A dot at the end is allowed, a single label too. RFC 1123, RFC 1035.
 */
export function domainProblem(domain: string): string | undefined {
  return lengthProblem(domain) ?? labelsProblem(domain);
}

/** As `domainProblem`, for a name whose first label may be, or start with, a wildcard: `*.example.com`. */
export function wildcardDomainProblem(domain: string): string | undefined {
  const tooLong = lengthProblem(domain);
  if (tooLong !== undefined) return tooLong;
  const dot = domain.indexOf('.');
  const first = dot < 0 ? domain : domain.slice(0, dot);
  if (!isWildcardDnsLabel(first)) {
    return `is not a domain name: its label "${first}" must consist of letters, digits and inner dashes, or be "*"`;
  }
  return dot < 0 ? undefined : labelsProblem(domain.slice(dot + 1));
}

/** A DNS label, `*`, or a label behind `*` or `*-`; 63 characters at most. */
export function isWildcardDnsLabel(text: string): boolean {
  return text.length <= MAX_LABEL && WILDCARD_LABEL.test(text);
}

/** Whether the name starts with a wildcard. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** Hosts in which others are looked up at once, however many they are. The first of equal hosts counts. */
export class HostIndex {
  readonly #exact = new Map<string, number>();
  /** Wildcards by what follows the `*`. */
  readonly #suffixes = new Map<string, number>();
  /** Lengths of the suffixes, longest first: few, so that a look-up need not try every end of a name. */
  readonly #lengths: readonly number[];

  constructor(hosts: readonly string[]) {
    const lengths = new Set<number>();
    for (const [index, host] of hosts.entries()) {
      if (this.#exact.has(host)) continue;
      this.#exact.set(host, index);
      if (!isWildcard(host)) continue;
      this.#suffixes.set(host.slice(1), index);
      lengths.add(host.length - 1);
    }
    this.#lengths = [...lengths].sort((a, b) => b - a);
  }

  /**
   * Index of a host that covers all that `host` stands for: the same, or a wildcard around it, as `*.b.com`
   * and `*` are around `a.b.com` and `*.a.b.com`.
   */
  covering(host: string): number | undefined {
    return this.#exact.get(host) ?? this.around(host);
  }

  /** As `covering`, without the host itself. */
  around(host: string): number | undefined {
    const wildcard = isWildcard(host);
    const text = wildcard ? host.slice(1) : host;
    for (const length of this.#lengths) {
      if (length > text.length || (wildcard && length === text.length)) continue;
      const index = this.#suffixes.get(text.slice(text.length - length));
      if (index !== undefined) return index;
    }
    return undefined;
  }
}

/**
 * Hosts that overlap with another of the list, as pairs of indexes, at most one pair a host. Hosts overlap
 * when they are equal, or a wildcard covers the other.
 */
export function overlappingHosts(hosts: readonly string[]): (readonly [earlier: number, later: number])[] {
  const known = new HostIndex(hosts);
  const pairs: (readonly [number, number])[] = [];
  for (const [index, host] of hosts.entries()) {
    const same = known.covering(host);
    const other = same === index ? known.around(host) : same;
    if (other !== undefined && other !== index) pairs.push(other < index ? [other, index] : [index, other]);
  }
  return pairs.sort((a, b) => a[1] - b[1]);
}

function lengthProblem(domain: string): string | undefined {
  if (domain === '') return 'is not a domain name: it is empty';
  return domain.length > MAX_DOMAIN ? `is longer than ${MAX_DOMAIN} characters` : undefined;
}

function labelsProblem(domain: string): string | undefined {
  const labels = domain.split('.');
  const last = labels.length - 1;
  if (ALL_DIGITS.test(labels[last] ?? '')) {
    return `is not a domain name: its last label "${labels[last]}" must not be all digits`;
  }
  for (const [index, label] of labels.entries()) {
    if (index === last && label === '') return undefined;
    if (isDnsLabel(label)) continue;
    return `is not a domain name: its label "${label}" must consist of letters, digits and inner dashes`;
  }
  return undefined;
}
