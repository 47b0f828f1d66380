/** `mesh proxy-config eds`: endpoints as the proxy was told of them, from its dump. */

import { tabwriter } from '../output/tabwriter.ts';
import { type ClusterName, compareClusterNames, sortKey } from './cluster-name.ts';
import type { ConfigDump } from './dump.ts';
import { type EndpointFilter, healthStatus, internalAddress, isSame } from './endpoints.ts';
import { camelCase, field, isObject, list, number, text } from './fields.ts';
import type { TableOptions } from './printing.ts';

const PADDING = 5;

function addressText(address: unknown): string {
  const socket = field(address, 'socket_address');
  if (socket !== undefined) return `${text(socket, 'address')}:${number(socket, 'port_value')}`;
  if (field(address, 'pipe') !== undefined) return text(address, 'pipe', 'path');
  return internalAddress(address) ?? 'unknown';
}

function addressesOf(endpoint: unknown): readonly string[] {
  const own = field(endpoint, 'endpoint', 'address');
  const more = list(endpoint, 'endpoint', 'additional_addresses').map((one) => field(one, 'address'));
  return [own, ...more].map(addressText);
}

function isWanted(endpoint: unknown, cluster: string, filter: EndpointFilter): boolean {
  const { address = '', port = 0 } = filter;
  return (
    (address === '' || addressesOf(endpoint).some((one) => one.toLowerCase() === address.toLowerCase())) &&
    (port === 0 || number(endpoint, 'endpoint', 'address', 'socket_address', 'port_value') === port) &&
    isSame(filter.cluster, cluster) &&
    isSame(filter.status, healthStatus(field(endpoint, 'health_status')))
  );
}

/** Assignments with the endpoints that pass the filter alone, sorted; none when the dump has no endpoints. */
export function assignmentsOf(dump: ConfigDump, filter: EndpointFilter): readonly unknown[] {
  if (!dump.has('EndpointsConfigDump')) return [];
  const found: { key: ClusterName; assignment: unknown }[] = [];
  for (const listName of ['dynamic_endpoint_configs', 'static_endpoint_configs']) {
    for (const entry of dump.entries('EndpointsConfigDump', listName)) {
      const assignment = field(entry, 'endpoint_config');
      const cluster = text(assignment, 'cluster_name');
      const kept = withWanted(assignment, (endpoint) => isWanted(endpoint, cluster, filter));
      if (kept !== undefined) found.push({ key: sortKey(cluster), assignment: kept });
    }
  }
  return found
    .sort((one, other) => compareClusterNames(one.key, other.key))
    .map(({ assignment }) => assignment);
}

/** The assignment without the endpoints that are not wanted; undefined when none is left. */
function withWanted(assignment: unknown, isKept: (endpoint: unknown) => boolean): unknown {
  if (!isObject(assignment)) return undefined;
  let count = 0;
  const endpoints = list(assignment, 'endpoints').map((group) => {
    const all = list(group, 'lb_endpoints');
    const kept = all.filter(isKept);
    count += kept.length;
    if (kept.length === all.length || !isObject(group)) return group;
    const { [LB_ENDPOINTS]: _snake, [camelCase(LB_ENDPOINTS)]: _camel, ...others } = group;
    return kept.length === 0 ? others : { ...others, [LB_ENDPOINTS]: kept };
  });
  return count === 0 ? undefined : { ...assignment, endpoints };
}

const LB_ENDPOINTS = 'lb_endpoints';

/** `region/zone/sub_zone`, as far as it goes. */
function localityText(locality: unknown): string {
  const parts = ['region', 'zone', 'sub_zone'].map((part) => text(locality, part));
  const gap = parts.indexOf('', 1);
  return (gap < 0 ? parts : parts.slice(0, gap)).join('/');
}

export function edsTable(
  dump: ConfigDump,
  filter: EndpointFilter,
  { withType = false }: TableOptions = {},
): string {
  const rows = assignmentsOf(dump, filter).flatMap((assignment) =>
    list(assignment, 'endpoints').flatMap((group) =>
      list(group, 'lb_endpoints').map((endpoint) => [
        `${withType ? 'endpoint/' : ''}${addressesOf(endpoint).join(',')}`,
        healthStatus(field(endpoint, 'health_status')),
        localityText(field(group, 'locality')),
        text(assignment, 'cluster_name'),
      ]),
    ),
  );
  return tabwriter([['NAME', 'STATUS', 'LOCALITY', 'CLUSTER'], ...rows], PADDING);
}
