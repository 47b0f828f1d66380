/** Where a proxy runs: it decides which endpoints are near. */

import type { Snapshot } from '../model/snapshot.ts';
import { labelOf } from '../model/topology.ts';
import { parsePlace } from './endpoints/locality-policy.ts';
import type { ProxyIdentity } from './proxy-identity.ts';

/** Labels that name a place by its parts. */
const PARTS = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone'];

/** What was found last, so that it stays the same identity as long as its workload stays where it is. */
const FOUND = new WeakMap<ProxyIdentity, ProxyIdentity>();

/**
 * The proxy with the place of its workload. What the objects of the mesh tell of that counts before the proxy's labels, and
 * both before its own word.
 */
export function withPlace(proxy: ProxyIdentity, snapshot: Snapshot): ProxyIdentity {
  const locality = placeOf(proxy, snapshot);
  if (locality === undefined || isSame(locality, proxy.locality)) return proxy;
  const known = FOUND.get(proxy);
  if (known !== undefined && isSame(locality, known.locality)) return known;
  const found = { ...proxy, locality };
  FOUND.set(proxy, found);
  return found;
}

function placeOf({ ips, labels }: ProxyIdentity, snapshot: Snapshot): ProxyIdentity['locality'] | undefined {
  const told = snapshot.localityAt(ips[0] ?? '');
  const [region = '', zone = '', subzone = ''] = PARTS.map((key) =>
    labelOf({ labels, locality: told, network: '', node: '' }, key),
  );
  if (region !== '' || zone !== '' || subzone !== '') return { region, zone, subzone };
  const label = labels['istio-locality'] ?? '';
  return label === '' ? undefined : parsePlace(label.includes('/') ? label : label.replaceAll('.', '/'));
}

type Place = ProxyIdentity['locality'];

function isSame(one: Place, other: Place): boolean {
  return one.region === other.region && one.zone === other.zone && one.subzone === other.subzone;
}
