/** `mesh proxy-config route`. */

import { MeshError } from '../../base/mesh-error.ts';
import { tabwriter } from '../output/tabwriter.ts';
import type { ConfigDump } from './dump.ts';
import { field, list, text, texts } from './fields.ts';
import type { TableOptions } from './printing.ts';
import { describeMatch } from './route-match.ts';
import { sourceName, sourceObject } from './source-object.ts';

export interface RouteFilter {
  readonly name?: string | undefined;
}

export interface RouteTableOptions extends TableOptions {
  /** A row for each route; else one for each configuration. */
  readonly verbose: boolean;
}

const PADDING = 5;
const PASSTHROUGH = 'PassthroughCluster';
const DOMAINS_SHOWN = 2;

/** The routes that pass the filter, those named by a port sorted. Throws a `MeshError` when there are none at all. */
export function routesOf(dump: ConfigDump, filter: RouteFilter): readonly unknown[] {
  return mapRoutes(dump, filter, (route) => [route]);
}

/** Something of each route, in their order, without all of them being in memory at once. */
function mapRoutes<Result>(
  dump: ConfigDump,
  { name = '' }: RouteFilter,
  read: (route: unknown) => readonly Result[],
): readonly Result[] {
  const found: { port: number | undefined; results: readonly Result[] }[] = [];
  for (const listName of ['dynamic_route_configs', 'static_route_configs']) {
    for (const entry of dump.entries('RoutesConfigDump', listName)) {
      const route = field(entry, 'route_config');
      if (route === undefined) continue;
      const own = text(route, 'name');
      const port = /^[+-]?\d+$/.test(own) ? Number(own) : undefined;
      found.push({ port, results: name === '' || name === own ? read(route) : [] });
    }
  }
  if (found.length === 0) throw new MeshError('NothingFound', 'no routes found');
  sortPorts(found);
  return found.flatMap(({ results }) => results);
}

/**
 * Brings names that are ports in order where they stand next to each other; other names stay where they are, and
 * nothing moves past them.
 */
function sortPorts(routes: { readonly port: number | undefined }[]): void {
  let start = 0;
  while (start < routes.length) {
    let end = start;
    while (end < routes.length && routes[end]?.port !== undefined) end++;
    const run = routes.slice(start, end).sort((one, other) => (one.port ?? 0) - (other.port ?? 0));
    routes.splice(start, run.length, ...run);
    start = end + 1;
  }
}

export function routeTable(dump: ConfigDump, filter: RouteFilter, options: RouteTableOptions): string {
  const { verbose, withType = false, explain = false } = options;
  const header = verbose
    ? ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE', ...(explain ? ['SOURCE'] : [])]
    : ['NAME', 'VIRTUAL HOSTS'];
  const rows = mapRoutes(dump, filter, (route) => {
    const name = `${withType ? 'route/' : ''}${text(route, 'name')}`;
    const hosts = list(route, 'virtual_hosts');
    if (!verbose) return [[name, String(hosts.length)]];
    return hosts.flatMap((host) => hostRows(name, host, explain));
  });
  return tabwriter([header, ...rows], PADDING);
}

function hostRows(name: string, host: unknown, explain: boolean): readonly (readonly string[])[] {
  const start = [name, text(host, 'name'), describeDomains(texts(host, 'domains'))];
  const routes = list(host, 'routes');
  if (routes.length === 0) return [[...start, '/*', '404', ...(explain ? [''] : [])]];
  return routes
    .filter((route) => text(route, 'route', 'cluster') !== PASSTHROUGH)
    .map((route) => [
      ...start,
      describeMatch(field(route, 'match')),
      sourceName(route),
      ...(explain ? [sourceObject(route)] : []),
    ]);
}

/** The first domains without a port, without those that others say in full. */
export function describeDomains(domains: readonly string[]): string {
  if (domains.length <= 1) return domains[0] ?? '';
  const withoutPort = domains.filter((domain) => {
    const colons = domain.split(':').length - 1;
    return colons === 0 || (colons > 2 && domain.endsWith(']'));
  });
  const known = new Set(withoutPort);
  const shown = withoutPort.filter((domain) => !isSaidShorter(domain, known));
  if (shown.length <= DOMAINS_SHOWN) return shown.join(', ');
  return `${shown.slice(0, DOMAINS_SHOWN).join(', ')} + ${shown.length - DOMAINS_SHOWN} more...`;
}

function isSaidShorter(domain: string, known: ReadonlySet<string>): boolean {
  return ['.svc.cluster.local', '.svc'].some(
    (end) => domain.endsWith(end) && known.has(domain.slice(0, -end.length)),
  );
}
