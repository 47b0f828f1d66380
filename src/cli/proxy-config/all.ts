/** `mesh proxy-config all`: every table in turn. */

import { bootstrapTable } from './bootstrap.ts';
import { type ClusterFilter, clusterTable } from './clusters.ts';
import type { ConfigDump } from './dump.ts';
import { edsTable } from './eds.ts';
import { type ListenerFilter, listenerTable } from './listeners.ts';
import { type RouteFilter, routeTable } from './routes.ts';
import { secretTable } from './secrets.ts';

export interface FullOptions extends ClusterFilter, ListenerFilter, RouteFilter {
  readonly verbose: boolean;
  readonly 'with-headers': boolean;
}

/** `now` is in milliseconds. */
export function fullTables(dump: ConfigDump, options: FullOptions, now: number): string {
  const withType = true;
  const { verbose } = options;
  const tables: readonly (readonly [string, string])[] = [
    ['BOOTSTRAP', bootstrapTable(dump)],
    ['CLUSTER', clusterTable(dump, options, { withType })],
    ['LISTENER', listenerTable(dump, options, { verbose, withType })],
    ['ROUTE', routeTable(dump, options, { verbose, withType })],
    ['SECRET', secretTable(dump, now, { withType })],
    ['ENDPOINTS', edsTable(dump, { address: options.address, port: options.port }, { withType })],
  ];
  const titled = (title: string): string =>
    options['with-headers'] ? `------ ${title} INFO ------\n\n` : '';
  return tables.map(([title, table]) => `${titled(title)}${table}`).join('\n');
}
