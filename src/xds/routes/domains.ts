/** The names under which clients call a service. */

import { parseServiceHostname } from '../../model/hosts.ts';
import type { MeshService } from '../../model/services.ts';
import { isIp } from '../../base/cidr.ts';
import type { Input } from '../input.ts';

export interface Domains {
  /** In order; each in full before its short forms. */
  readonly all: readonly string[];
  /** Those that were made up from a longer name: they give way to a host of that very name. */
  readonly short: ReadonlySet<string>;
}

/** Every form of a service's name that resolves for this proxy, and its addresses. */
export function serviceDomains(service: MeshService, aliases: readonly string[], input: Input): Domains {
  const forms = [service.hostname, ...aliases].map((host) => ({ host, short: shortForms(host, input) }));
  const short = new Set(forms.flatMap((form) => form.short));
  const named = forms.flatMap((form) => [form.host, ...absolute(form.host), ...form.short]);
  // Pods of a headless service are called by names below that of the service.
  const pods = service.headless ? named.map((name) => `*.${name}`) : [];
  // Of a ServiceEntry with several addresses only the last is a name too, as with istiod.
  const known = service.origin === 'ServiceEntry' ? service.addresses.slice(-1) : service.addresses;
  const addresses = known.filter(isIp).map((ip) => (ip.includes(':') ? `[${ip}]` : ip));
  return { all: [...new Set([...named, ...pods, ...addresses])], short };
}

/** The name with the dot that ends it, as DNS writes names in full. */
function absolute(host: string): string[] {
  return host.startsWith('*') || isIp(host) || host.endsWith('.') ? [] : [`${host}.`];
}

/** What the search list of the proxy's DNS domain completes to the name. */
function shortForms(host: string, { snapshot, proxy }: Input): string[] {
  const parts = parseServiceHostname(host, snapshot.mesh.domain);
  if (parts === undefined || !proxy.dnsDomain.endsWith(`.svc.${snapshot.mesh.domain}`)) return [];
  const { name, namespace } = parts;
  const forms = [`${name}.${namespace}`, `${name}.${namespace}.svc`];
  return proxy.dnsDomain.split('.', 1)[0] === namespace ? [name, ...forms] : forms;
}
