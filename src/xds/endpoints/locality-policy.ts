/** Which places get the requests of a proxy: shares by configuration, or the nearest first. */

import type { EffectivePolicy } from '../../model/traffic-policy.ts';
import type { MeshConfig } from '../../model/mesh-settings.ts';
import type { Labels } from '../../model/selectors.ts';
import type { MeshService } from '../../model/services.ts';
import { CLUSTER_LABEL, type Located, NETWORK_LABEL, labelOf } from '../../model/topology.ts';

export interface Place {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** Who asks. Its traits are read only where something depends on them: other clients can share the result. */
interface Client {
  readonly locality: Place;
  readonly labels: Labels;
  readonly network: string;
  /** `NODE_NAME` is the name of its node. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

type Balancer = NonNullable<EffectivePolicy['loadBalancer']>;
type Settings = NonNullable<MeshConfig['localityLbSetting'] | Balancer['localityLbSetting']> & {
  /** Places rank whether failing endpoints are found out or not: endpoints that are not ready make room for others. */
  readonly isForced?: boolean;
};
type Preference = MeshService['prefers'];
export type ZoneSettings = NonNullable<MeshConfig['zoneAwareLbSetting'] | Balancer['zoneAwareLbSetting']>;

/** `region/zone/subzone`; parts may be missing from the right. */
export function parsePlace(text: string): Place {
  const [region = '', zone = '', subzone = ''] = text.split('/');
  return { region, zone, subzone };
}

/** What a service says of near endpoints, as settings. https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/ */
const PREFERENCES: Readonly<Record<NonNullable<Preference>, Settings>> = {
  'same-zone': {
    isForced: true,
    failoverPriority: [NETWORK_LABEL, 'topology.kubernetes.io/region', 'topology.kubernetes.io/zone'],
  },
  'same-node': {
    isForced: true,
    failoverPriority: [
      NETWORK_LABEL,
      'topology.kubernetes.io/region',
      'topology.kubernetes.io/zone',
      'topology.istio.io/subzone',
      'kubernetes.io/hostname',
    ],
  },
};

/** The rule's settings, else the service's, else the mesh's; undefined when places do not count, or zones do. */
export function localitySettings(
  policy: EffectivePolicy,
  mesh: MeshConfig,
  prefers?: Preference,
): Settings | undefined {
  if (zoneSettings(policy, mesh, prefers) !== undefined) return undefined;
  const own = policy.loadBalancer?.localityLbSetting;
  const ofService = prefers === undefined ? undefined : PREFERENCES[prefers];
  const settings: Settings = own ?? ofService ?? mesh.localityLbSetting ?? {};
  return settings.enabled === false ? undefined : settings;
}

/**
 * What holds for zones in place of localities: the rule's word on either counts before the service's and the mesh's, and of
 * one of them that on zones.
 */
export function zoneSettings(
  policy: EffectivePolicy,
  mesh: MeshConfig,
  prefers?: Preference,
): ZoneSettings | undefined {
  const { zoneAwareLbSetting, localityLbSetting } = policy.loadBalancer ?? {};
  if (zoneAwareLbSetting !== undefined) return zoneAwareLbSetting;
  return localityLbSetting === undefined && prefers === undefined ? mesh.zoneAwareLbSetting : undefined;
}

/** The rank of an endpoint for a client: its own region first, then the one that is to take over, then all others. */
export function zoneRank(settings: ZoneSettings, client: Client, endpoint: Located): number {
  if (settings.enabled === false) return 0;
  const priority = settings.failoverPriority ?? [];
  const byLabel = priority.length === 0 ? 0 : byLabels(priority, client, endpoint);
  const { region } = parsePlace(endpoint.locality);
  const own = client.locality.region;
  if (region === own) return byLabel * 3;
  const next = settings.failover?.find(({ from }) => from === own)?.to;
  return byLabel * 3 + (region === next ? 1 : 2);
}

/** Whether the places' own weights count, or endpoints are chosen among all places of a rank alike. */
export function weighsPlaces(policy: EffectivePolicy, mesh: MeshConfig, prefers?: Preference): boolean {
  const settings = localitySettings(policy, mesh, prefers);
  if ((settings?.distribute ?? []).length > 0) return true;
  const ranked = (settings?.failover ?? []).length > 0 || (settings?.failoverPriority ?? []).length > 0;
  return ranked && (policy.outlierDetection !== undefined || settings?.isForced === true);
}

/**
 * The rank of an endpoint for a client: 0 is used first. Places rank only where failing endpoints are found
 * out, as nothing would ever lead requests from the first rank to the next otherwise.
 * https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/
 */
export function failover(
  settings: Settings | undefined,
  policy: EffectivePolicy,
  client: Client,
  endpoint: Located,
): number {
  if (settings === undefined) return 0;
  if (policy.outlierDetection === undefined && settings.isForced !== true) return 0;
  if ((settings.distribute ?? []).length > 0) return 0;
  const priority = settings.failoverPriority ?? [];
  if (priority.length === 0) return byPlace(settings, client.locality, endpoint);
  const byLabel = byLabels(priority, client, endpoint);
  // Regions count only where something is said of them, and then within what the labels say.
  const hasRegions = (settings.failover ?? []).length > 0;
  return hasRegions ? byLabel * 5 + byPlace(settings, client.locality, endpoint) : byLabel;
}

/**
 * From 0, the same place, to 4, another region than the one that is to take over. For a client of which no place is known
 * the nearest are those of which none is known either.
 */
function byPlace(settings: Settings, own: Place, endpoint: Located): number {
  const place = parsePlace(endpoint.locality);
  if (place.region !== own.region) {
    const target = settings.failover?.find(({ from }) => from === own.region)?.to;
    return target === undefined || target === place.region ? 3 : 4;
  }
  if (place.zone !== own.zone) return 2;
  return place.subzone === own.subzone ? 0 : 1;
}

/**
 * One rank further for each label that does not agree, from the first that does not; one that neither has agrees. Where the
 * network comes first the others count all the same, and endpoints of other networks come after all of the client's own.
 */
function byLabels(priority: readonly string[], client: Client, theirs: Located): number {
  let elsewhere = 0;
  for (const [index, entry] of priority.entries()) {
    const equals = entry.indexOf('=');
    const key = equals < 0 ? entry : entry.slice(0, equals);
    // All workloads that a controller knows are of one cluster.
    if (key === CLUSTER_LABEL && equals < 0) continue;
    const wanted = equals < 0 ? ownLabel(client, key) : entry.slice(equals + 1);
    if (labelOf(theirs, key) === wanted) continue;
    if (index > 0 || key !== NETWORK_LABEL) return priority.length - index + elsewhere;
    elsewhere = priority.length;
  }
  return elsewhere;
}

const NOWHERE: Place = { region: '', zone: '', subzone: '' };

/** Only what the label needs is read of the client, so that others who have the same there can share what comes of it. */
function ownLabel(client: Client, key: string): string {
  const { NODE_NAME: node } = key === 'kubernetes.io/hostname' ? client.metadata : {};
  const { region, zone, subzone } = key.startsWith('topology.') ? client.locality : NOWHERE;
  const locality = [region, zone, subzone].join('/');
  const network = key === NETWORK_LABEL ? client.network : '';
  return labelOf(
    { labels: client.labels, locality, network, node: typeof node === 'string' ? node : '' },
    key,
  );
}

interface Weighed {
  readonly place: Place;
  readonly loadBalancingWeight: number;
}

/** Shares of the places as configured for the client's own; places that get none are left out. */
export function distribute<Group extends Weighed>(
  settings: Settings | undefined,
  client: Client,
  groups: readonly Group[],
): readonly Group[] {
  if ((settings?.distribute ?? []).length === 0) return groups;
  const own = client.locality;
  const rule = (settings?.distribute ?? []).find(({ from }) => covers(from ?? '', own));
  if (rule === undefined) return groups;
  const rest = new Set(groups);
  const found: Group[] = [];
  for (const [pattern, share] of Object.entries(rule.to ?? {})) {
    const members = [...rest].filter(({ place }) => covers(pattern, place));
    const total = members.reduce((sum, { loadBalancingWeight }) => sum + loadBalancingWeight, 0);
    for (const member of members) {
      rest.delete(member);
      const weight = Math.ceil((share * member.loadBalancingWeight) / Math.max(total, 1));
      if (weight > 0) found.push({ ...member, loadBalancingWeight: weight });
    }
  }
  return found;
}

/** `region/zone/*` and `region/*` stand for all in them, `*` for everything. */
function covers(pattern: string, place: Place): boolean {
  const parts = [place.region, place.zone, place.subzone];
  return pattern.split('/').every((part, index) => part === '*' || part === (parts[index] ?? ''));
}
