/** `mesh proxy-config cluster`. */

import { MeshError } from '../../base/mesh-error.ts';
import { tabwriter } from '../output/tabwriter.ts';
import { compareClusterNames, hasParts, parseClusterName, sortKey } from './cluster-name.ts';
import type { ConfigDump } from './dump.ts';
import { field, text } from './fields.ts';
import type { TableOptions } from './printing.ts';
import { sourceName, sourceObject } from './source-object.ts';

export interface ClusterFilter {
  readonly fqdn?: string | undefined;
  readonly port?: number | undefined;
  readonly subset?: string | undefined;
  readonly direction?: string | undefined;
}

const PADDING = 5;

/** Parts of the name, as istioctl has it. */
function isWanted(name: string, { fqdn, port, subset, direction }: ClusterFilter): boolean {
  return (
    [fqdn, direction, subset].every((part) => part === undefined || name.includes(part)) &&
    (port === undefined || port === 0 || name.includes(`|${port}|`))
  );
}

/** The clusters that pass the filter, sorted. Throws a `MeshError` when the dump has none at all. */
export function clustersOf(dump: ConfigDump, filter: ClusterFilter): readonly unknown[] {
  const all: { name: string; cluster: unknown }[] = [];
  for (const listName of ['dynamic_active_clusters', 'static_clusters']) {
    for (const entry of dump.entries('ClustersConfigDump', listName)) {
      const cluster = field(entry, 'cluster');
      if (cluster !== undefined) all.push({ name: text(cluster, 'name'), cluster });
    }
  }
  if (all.length === 0) throw new MeshError('NothingFound', 'no clusters found');
  return all
    .filter(({ name }) => isWanted(name, filter))
    .map(({ name, cluster }) => ({ key: sortKey(name), cluster }))
    .sort((one, other) => compareClusterNames(one.key, other.key))
    .map(({ cluster }) => cluster);
}

export function clusterTable(dump: ConfigDump, filter: ClusterFilter, options: TableOptions = {}): string {
  const { withType = false, explain = false } = options;
  const header = [
    ...(withType ? ['NAME'] : []),
    'SERVICE FQDN',
    'PORT',
    'SUBSET',
    'DIRECTION',
    'TYPE',
    'DESTINATION RULE',
    ...(explain ? ['SOURCE'] : []),
  ];
  const rows = clustersOf(dump, filter).map((cluster) => {
    const plain = text(cluster, 'name');
    const named = withType && plain !== '' ? `cluster/${plain}` : plain;
    return [
      ...(withType && (plain !== '' || hasParts(plain)) ? [named] : []),
      ...nameCells(plain, named),
      typeOf(cluster),
      sourceName(cluster),
      ...(explain ? [sourceObject(cluster)] : []),
    ];
  });
  return tabwriter([header, ...rows], PADDING);
}

function nameCells(name: string, named: string): readonly string[] {
  if (!hasParts(name)) return [named, '-', '-', '-'];
  const { host, port, subset, direction } = parseClusterName(name);
  return [host, String(port), subset === '' ? '-' : subset, direction];
}

function typeOf(cluster: unknown): string {
  const type = field(cluster, 'type');
  if (typeof type === 'string') return type;
  return ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'][Number(type ?? 0)] ?? 'STATIC';
}
