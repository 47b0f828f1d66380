/** What the filter chains of a listener do with connections. */

import { field, isObject, list, text, texts } from './fields.ts';
import { describeMatch } from './route-match.ts';

/** By the names of filters, those of older releases included. */
const HTTP_FILTERS = new Set([
  'envoy.filters.network.http_connection_manager',
  'envoy.http_connection_manager',
]);
const TCP_FILTERS = new Set(['envoy.filters.network.tcp_proxy', 'envoy.tcp_proxy']);

const NOWHERE = 'BlackHoleCluster';

/** All chains, that for everything else last. */
export function chainsOf(listener: unknown): readonly unknown[] {
  const rest = field(listener, 'default_filter_chain');
  return [...list(listener, 'filter_chains'), ...(rest === undefined ? [] : [rest])];
}

export function isHttp(filter: unknown): boolean {
  return HTTP_FILTERS.has(text(filter, 'name'));
}

export function isTcp(filter: unknown): boolean {
  return TCP_FILTERS.has(text(filter, 'name'));
}

/** Settings of a filter, under the name of older releases too. */
export function settingsOf(filter: unknown): unknown {
  return field(filter, 'typed_config') ?? field(filter, 'config');
}

/** Whether anything in the settings of a filter names the cluster without endpoints. */
export function sendsNowhere(filter: unknown): boolean {
  return mentions(settingsOf(filter), NOWHERE);
}

function mentions(value: unknown, word: string): boolean {
  if (typeof value === 'string') return value.includes(word);
  if (Array.isArray(value)) return value.some((one) => mentions(one, word));
  return (
    isObject(value) && Object.entries(value).some(([name, one]) => name.includes(word) || mentions(one, word))
  );
}

/** `Route: 80`, `Cluster: outbound|80||web`, `PassthroughCluster`, `Inline Route: …`. */
export function describeDestination(chain: unknown): string {
  for (const filter of list(chain, 'filters')) {
    if (isHttp(filter)) return describeHttp(settingsOf(filter));
    if (isTcp(filter) && !sendsNowhere(filter)) return describeCluster(text(settingsOf(filter), 'cluster'));
  }
  return 'Non-HTTP/Non-TCP';
}

function describeHttp(settings: unknown): string {
  const route = field(settings, 'route_config');
  if (route !== undefined) return describeRoute(route);
  const name = text(settings, 'rds', 'route_config_name');
  return name === '' ? 'HTTP' : `Route: ${name}`;
}

function describeCluster(cluster: string): string {
  return cluster.includes('Cluster') ? cluster : `Cluster: ${cluster}`;
}

function describeRoute(route: unknown): string {
  const hosts = list(route, 'virtual_hosts');
  const only = onlyCluster(hosts);
  if (only !== undefined) return describeCluster(only);
  const described = hosts.map((host) => {
    const domains = texts(host, 'domains');
    const routes = list(host, 'routes').map((one) => describeMatch(field(one, 'match')));
    const isAny = domains.length === 1 && domains[0] === '*';
    const named = isAny ? '' : domains.join('/');
    return `${named}${named === '' ? '' : ' '}${routes.join(', ')}`;
  });
  return `Inline Route: ${described.join('; ')}`;
}

/** The cluster that every request goes to; undefined when there are choices. */
function onlyCluster(hosts: readonly unknown[]): string | undefined {
  const [host] = hosts;
  const domains = texts(host, 'domains');
  if (hosts.length !== 1 || domains.length !== 1 || domains[0] !== '*') return undefined;
  const routes = list(host, 'routes');
  if (routes.length !== 1 || text(routes[0], 'match', 'prefix') !== '/') return undefined;
  const cluster = field(routes[0], 'route', 'cluster');
  return typeof cluster === 'string' && cluster !== '' ? cluster : undefined;
}
