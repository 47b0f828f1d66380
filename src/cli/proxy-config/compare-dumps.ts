/** What two proxies are configured with, compared by meaning: names of resources count, their order does not. */

import { fieldDifference, type ResourceDifference } from '../../install/diff.ts';
import { compareValues } from '../../install/diff/compare.ts';
import type { Shape } from '../../install/diff/shape.ts';
import { compareTexts } from './cluster-name.ts';
import type { ConfigDump, SectionName } from './dump.ts';
import { envoyJson } from './envoy-json.ts';
import { field, text } from './fields.ts';

/** A kind of resource: where dumps have it, and how its entries hold it. */
interface ResourceKind {
  readonly kind: string;
  readonly section: SectionName;
  readonly type: string;
  readonly lists: readonly { readonly name: string; readonly path: readonly string[] }[];
  /** Field with the name of a resource. */
  readonly named: string;
}

/** What the control plane serves; what a proxy was started with differs between any two of them. */
const KINDS: readonly ResourceKind[] = [
  {
    kind: 'Cluster',
    section: 'ClustersConfigDump',
    type: 'envoy.config.cluster.v3.Cluster',
    lists: [{ name: 'dynamic_active_clusters', path: ['cluster'] }],
    named: 'name',
  },
  {
    kind: 'Listener',
    section: 'ListenersConfigDump',
    type: 'envoy.config.listener.v3.Listener',
    lists: [{ name: 'dynamic_listeners', path: ['active_state', 'listener'] }],
    named: 'name',
  },
  {
    kind: 'Route',
    section: 'RoutesConfigDump',
    type: 'envoy.config.route.v3.RouteConfiguration',
    lists: [{ name: 'dynamic_route_configs', path: ['route_config'] }],
    named: 'name',
  },
  {
    kind: 'Endpoints',
    section: 'EndpointsConfigDump',
    type: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
    lists: [{ name: 'dynamic_endpoint_configs', path: ['endpoint_config'] }],
    named: 'cluster_name',
  },
  {
    kind: 'Extension',
    section: 'EcdsConfigDump',
    type: 'envoy.config.core.v3.TypedExtensionConfig',
    lists: [{ name: 'ecds_filters', path: ['ecds_filter'] }],
    named: 'name',
  },
];

/** Lists whose order says nothing, or whose items have names. */
const LISTS: Readonly<Record<string, Shape>> = {
  virtualHosts: { keys: ['name'], items: () => RESOURCE },
  filterChains: { keys: ['name'], items: () => RESOURCE },
  domains: { unordered: true },
  endpoints: { unordered: true, items: () => RESOURCE },
  lbEndpoints: { unordered: true, items: () => RESOURCE },
  additionalAddresses: { unordered: true, items: () => RESOURCE },
  // Envoy writes what it was not told.
  healthStatus: { absent: 'HEALTHY' },
  loadBalancingWeight: { absent: 1 },
  healthCheckConfig: { absent: {} },
  locality: { absent: {} },
  policy: { absent: { overprovisioningFactor: 140 } },
};

const RESOURCE: Shape = {
  field: (name) => (Object.hasOwn(LISTS, name) ? LISTS[name] : RESOURCE),
  items: () => RESOURCE,
};

export interface DumpComparison {
  readonly kind: string;
  /** Neither side tells of resources of this kind. */
  readonly isAbsent: boolean;
  readonly differences: readonly ResourceDifference[];
}

/**
 * The differences of each kind of resource, by name. A kind that only one dump tells of is left out: not every
 * dump has endpoints.
 */
export function compareDumps(before: ConfigDump, after: ConfigDump): readonly DumpComparison[] {
  return KINDS.map((kind) => {
    const isAbsent = !before.has(kind.section) || !after.has(kind.section);
    return { kind: kind.kind, isAbsent, differences: isAbsent ? [] : compareKind(kind, before, after) };
  });
}

function compareKind(
  kind: ResourceKind,
  before: ConfigDump,
  after: ConfigDump,
): readonly ResourceDifference[] {
  const [old, now] = [resourcesOf(kind, before), resourcesOf(kind, after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].toSorted(compareTexts);
  return names.flatMap((name): readonly ResourceDifference[] => {
    const [one, other] = [old.get(name), now.get(name)];
    const identity = { apiVersion: 'envoy/v3', kind: kind.kind, name };
    if (one === undefined) return [{ ...identity, change: 'added' }];
    if (other === undefined) return [{ ...identity, change: 'removed' }];
    const fields = compareValues(one, other, RESOURCE).map((change) => fieldDifference(change, false));
    return fields.length === 0 ? [] : [{ ...identity, change: 'changed', fields }];
  });
}

function resourcesOf(kind: ResourceKind, dump: ConfigDump): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const fixed = kind.kind === 'Endpoints' ? fixedClusters(dump) : NONE;
  for (const { name, path } of kind.lists) {
    for (const entry of dump.entriesOfAll(kind.section, name)) {
      const resource = field(entry, ...path);
      if (resource !== undefined && !fixed.has(text(resource, kind.named)))
        found.set(text(resource, kind.named), envoyJson(resource, kind.type));
    }
  }
  return found;
}

const NONE: ReadonlySet<string> = new Set();

/** Clusters whose endpoints are not discovered; Envoy lists those among the endpoints all the same. */
function fixedClusters(dump: ConfigDump): ReadonlySet<string> {
  const names = new Set<string>();
  if (!dump.has('ClustersConfigDump')) return names;
  for (const entry of dump.entries('ClustersConfigDump', 'dynamic_active_clusters')) {
    const cluster = field(entry, 'cluster');
    if (text(cluster, 'type') !== 'EDS') names.add(text(cluster, 'name'));
  }
  return names;
}
