/** Checks which Envoy objects a patch of an EnvoyFilter is for. */

import type {
  EnvoyConfigObjectMatch,
  FilterMatch,
} from '../../../api/generated/types/networking.istio.io/EnvoyFilter.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { re2Problem } from '../../../base/re2.ts';
import type { RuleReport } from '../rule.ts';

const MAX_VERSION_PATTERN = 1024;
const CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager';
const OLD_CONNECTION_MANAGER = 'envoy.http_connection_manager';

/** Names of filters before Envoy 1.14, and what they are called since. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ...renamed(
    'envoy.filters.http.',
    'buffer cors csrf fault grpc_http1_bridge grpc_json_transcoder grpc_web gzip health_check ip_tagging lua router squash',
  ),
  ...renamed(
    'envoy.filters.network.',
    'client_ssl_auth http_connection_manager mongo_proxy ratelimit redis_proxy tcp_proxy',
  ),
  ...['http_inspector', 'original_dst', 'original_src', 'proxy_protocol', 'tls_inspector'].map(
    (name) => [`envoy.listener.${name}`, `envoy.filters.listener.${name}`] as const,
  ),
  ['envoy.http_dynamo_filter', 'envoy.filters.http.dynamo'],
  ['envoy.rate_limit', 'envoy.filters.http.ratelimit'],
  ['envoy.ext_authz', 'envoy.filters.http.ext_authz" or "envoy.filters.network.ext_authz'],
]);

const MATCHES = ['listener', 'routeConfiguration', 'cluster'] as const;

/** The match that fits what a patch applies to; undefined where any does. */
const MATCH_OF: Readonly<Record<string, (typeof MATCHES)[number]>> = {
  LISTENER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

/** https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-EnvoyConfigObjectMatch */
export function checkMatch(
  report: RuleReport,
  path: FieldPath,
  match: EnvoyConfigObjectMatch,
  applyTo: string,
): void {
  checkVersion(report, [...path, 'proxy', 'proxyVersion'], match.proxy?.proxyVersion ?? '');
  const fitting = Object.hasOwn(MATCH_OF, applyTo) ? MATCH_OF[applyTo] : undefined;
  for (const field of MATCHES) {
    if (fitting === undefined || field === fitting || match[field] === undefined) continue;
    report.error(
      [...path, field],
      `a patch of ${applyTo} matches on ${fitting}: write that, or leave the match out`,
    );
  }
  const filter = match.listener?.filterChain?.filter;
  if (filter !== undefined && fitting === 'listener') {
    checkFilter(report, [...path, 'listener', 'filterChain', 'filter'], filter, applyTo);
  }
}

/** The pattern selects versions of the proxy. */
function checkVersion(report: RuleReport, path: FieldPath, pattern: string): void {
  if (pattern === '') return;
  if (pattern.length > MAX_VERSION_PATTERN) {
    report.warn(path, `is longer than ${MAX_VERSION_PATTERN} characters, and is ignored`);
    return;
  }
  const problem = re2Problem(pattern);
  if (problem !== undefined) report.error(path, `is no regular expression in RE2 syntax: ${problem}`);
}

function checkFilter(report: RuleReport, path: FieldPath, filter: FilterMatch, applyTo: string): void {
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN') {
    report.warn(path, `has no effect on a patch of ${applyTo}`, { check: 'IneffectiveMatch' });
  }
  const { name = '', subFilter } = filter;
  if (name === '') {
    report.error([...path, 'name'], 'a match on a filter needs its name', { check: 'MissingField' });
    return;
  }
  warnRenamed(report, [...path, 'name'], name);
  if (subFilter === undefined) return;
  const place = [...path, 'subFilter'];
  if (applyTo !== 'HTTP_FILTER') {
    report.error(place, `is for patches of HTTP_FILTER, and this is one of ${applyTo}`);
  } else if (name !== CONNECTION_MANAGER && name !== OLD_CONNECTION_MANAGER) {
    report.error(
      [...path, 'name'],
      `"${name}" has no HTTP filters in it: the filter around a subFilter is ${CONNECTION_MANAGER}`,
    );
  } else if ((subFilter.name ?? '') === '') {
    report.error([...place, 'name'], 'a match on a filter needs its name', { check: 'MissingField' });
  } else warnRenamed(report, [...place, 'name'], subFilter.name ?? '');
}

function warnRenamed(report: RuleReport, path: FieldPath, name: string): void {
  const now = RENAMED.get(name);
  if (now !== undefined) report.warn(path, `"${name}" is now called "${now}"`, { check: 'DeprecatedField' });
}

function renamed(prefix: string, names: string): (readonly [string, string])[] {
  return names.split(' ').map((name) => [`envoy.${name}`, prefix + name] as const);
}
