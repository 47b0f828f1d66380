/** How a host that somebody wrote becomes the full name of a service. */

import { isIp } from '../base/cidr.ts';
import { compareText } from './age.ts';

/** Domain of the cluster's services when nothing else is said. */
export const DEFAULT_DOMAIN = 'cluster.local';

/** `name.namespace.svc.domain`. */
export function serviceHostname(name: string, namespace: string, domain: string = DEFAULT_DOMAIN): string {
  return `${name}.${namespace}.svc.${domain}`;
}

/**
 * The full name of a host written in a configuration of `namespace`. A name without a dot is a Service of
 * that namespace; wildcards, addresses and names with dots stand for themselves. Case counts, as in Istio:
 * `Web` is no name of the service `web`.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
 */
export function fullHostname(host: string, namespace: string, domain: string = DEFAULT_DOMAIN): string {
  if (host === '*' || host.includes('.') || isIp(host)) return host;
  return serviceHostname(host, namespace, domain);
}

/** Name and namespace in a service's full name; undefined when it is no cluster service. */
export function parseServiceHostname(
  hostname: string,
  domain: string = DEFAULT_DOMAIN,
): { name: string; namespace: string } | undefined {
  const suffix = `.svc.${domain}`;
  if (!hostname.endsWith(suffix)) return undefined;
  const [name, namespace, ...rest] = hostname.slice(0, -suffix.length).split('.');
  if (name === undefined || namespace === undefined || name === '' || namespace === '' || rest.length > 0)
    return undefined;
  return { name, namespace };
}

/**
 * Whether everything that `narrow` stands for is also covered by `wide`: equal names, or `wide` is `*` or
 * `*suffix` and `narrow` (wildcard or not) ends in the suffix. Case counts.
 */
export function hostCovers(wide: string, narrow: string): boolean {
  return wide === narrow || (wide.startsWith('*') && narrow.endsWith(wide.slice(1)));
}

/** Whether some host can be covered by both: one covers the other. */
export function hostsOverlap(a: string, b: string): boolean {
  return hostCovers(a, b) || hostCovers(b, a);
}

/** Orders hosts for `sort`: names before wildcards, the longer before the shorter, then by their letters. */
export function compareBySpecificity(a: string, b: string): number {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'));
  if (wild !== 0) return wild;
  return b.length - a.length || compareText(a, b);
}
