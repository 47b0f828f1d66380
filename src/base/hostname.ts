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

/** Whether all that `narrow` stands for is covered by `wide`: `a.example.com` by `*.example.com`, or by `*`. */
export function isWithinHost(narrow: string, wide: string): boolean {
  if (!isWildcard(wide)) return narrow === wide;
  if (!isWildcard(narrow)) return narrow.endsWith(wide.slice(1));
  return narrow.length >= wide.length && narrow.slice(1).endsWith(wide.slice(1));
}

/**
 * Hosts of the list that overlap with one before them, as pairs of indexes, at most one pair a host. Hosts
 * overlap when they are equal, or a wildcard covers the other. The work grows with the text, not its square.
 */
export function overlappingHosts(hosts: readonly string[]): (readonly [earlier: number, later: number])[] {
  const exact = new Map<string, number>();
  const wildcards = new Map<string, number>();
  const pairs = new Map<number, number>();
  const note = (a: number, b: number): void => {
    const [earlier, later] = a < b ? [a, b] : [b, a];
    if (earlier !== later && !pairs.has(later)) pairs.set(later, earlier);
  };
  for (const [index, host] of hosts.entries()) {
    const known = exact.get(host);
    if (known !== undefined) note(known, index);
    else {
      exact.set(host, index);
      if (isWildcard(host)) wildcards.set(host.slice(1), index);
    }
  }
  if (wildcards.size > 0) {
    for (const [index, host] of hosts.entries()) {
      const text = (isWildcard(host) ? host.slice(1) : host).slice(-MAX_DOMAIN);
      for (let start = 0; start <= text.length; start++) {
        const wildcard = wildcards.get(text.slice(start));
        if (wildcard !== undefined) note(wildcard, index);
      }
    }
  }
  return [...pairs].map(([later, earlier]) => [earlier, later] as const).sort((a, b) => a[1] - b[1]);
}

function lengthProblem(domain: string): string | undefined {
  if (domain === '') return 'must not be empty';
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
