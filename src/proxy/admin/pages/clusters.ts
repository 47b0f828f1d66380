/** `/clusters`: each cluster with its limits and endpoints. */

import { compileRe2 } from '../../../base/re2.ts';
import { type Place, placeText } from '../../address.ts';
import { HEALTH } from '../../upstream/host.ts';
import type { BreakerLimits } from '../../upstream/circuit-breakers.ts';
import { type AdminCluster, type AdminHost, type AdminPage, json, text } from '../page.ts';

export const CLUSTERS: AdminPage = {
  path: '/clusters',
  description: 'upstream cluster status',
  parameters: [
    { name: 'filter', description: 'Regular expression (Google re2) for filtering clusters by name' },
    { name: 'format', description: 'Format to use; One of (text, json)' },
  ],
  respond({ query }, view) {
    const filter = query.get('filter');
    const regex = filter === null ? undefined : compileRe2(filter);
    const statics = new Set(view.staticClusters.map(({ name }) => name));
    const clusters = [...view.clusters]
      .filter(({ name }) => regex === undefined || regex.find(name) !== undefined)
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    if (query.get('format') === 'json') {
      return json({ cluster_statuses: clusters.map((one) => clusterJson(one, statics.has(one.name))) });
    }
    return text(clusters.map((one) => clusterText(one, statics.has(one.name))).join(''));
  },
};

/** Why an endpoint is not used, as Envoy calls it. */
const FLAGS: readonly (readonly [flag: number, text: string, field: string])[] = [
  [HEALTH.failedActiveCheck, '/failed_active_hc', 'failed_active_health_check'],
  [HEALTH.failedOutlierCheck, '/failed_outlier_check', 'failed_outlier_check'],
  [HEALTH.failedByDiscovery, '/failed_eds_health', ''],
  [HEALTH.degradedByActiveCheck, '/degraded_active_hc', 'failed_active_degraded_check'],
  [HEALTH.degradedByDiscovery, '/degraded_eds_health', ''],
  [HEALTH.drainingByDiscovery, '/eds_status_draining', ''],
  [HEALTH.pendingRemoval, '/pending_dynamic_removal', 'pending_dynamic_removal'],
  [HEALTH.pendingActiveCheck, '/pending_active_hc', 'pending_active_hc'],
  [HEALTH.excluded, '/excluded_via_immediate_hc_fail', 'excluded_via_immediate_hc_fail'],
  [HEALTH.activeCheckTimedOut, '/active_hc_timeout', 'active_hc_timeout'],
];

function clusterText(cluster: AdminCluster, isStatic: boolean): string {
  const { message } = cluster;
  const lines = [`observability_name::${message.altStatName || cluster.name}`];
  if (message.outlierDetection !== undefined) {
    for (const kind of ['', 'local_origin_']) {
      lines.push(
        `outlier::${kind}success_rate_average::-1`,
        `outlier::${kind}success_rate_ejection_threshold::-1`,
      );
    }
  }
  for (const priority of ['default', 'high'] as const) {
    for (const [name, max] of limits(cluster.limits(priority))) {
      lines.push(`${priority}_priority::${name}::${max}`);
    }
  }
  lines.push(`added_via_api::${!isStatic}`);
  if (message.edsClusterConfig?.serviceName) {
    lines.push(`eds_service_name::${message.edsClusterConfig.serviceName}`);
  }
  for (const host of cluster.hosts.hosts) {
    for (const [name, value] of hostFacts(host)) lines.push(`${host.id}::${name}::${value}`);
  }
  return lines.map((line) => `${cluster.name}::${line}\n`).join('');
}

function limits({
  connections,
  pendingRequests,
  requests,
  retries,
}: BreakerLimits): readonly [string, number][] {
  return [
    ['max_connections', connections],
    ['max_pending_requests', pendingRequests],
    ['max_requests', requests],
    ['max_retries', retries],
  ];
}

function hostFacts(host: AdminHost): readonly (readonly [string, string | number])[] {
  const { stats, locality } = host;
  const flags = FLAGS.filter(([flag]) => (host.flags & flag) !== 0).map(([, name]) => name);
  return [
    ['cx_active', stats.cxActive],
    ['cx_connect_fail', stats.cxConnectFail],
    ['cx_total', stats.cxTotal],
    ['rq_active', stats.rqActive],
    ['rq_error', stats.rqError],
    ['rq_success', stats.rqSuccess],
    ['rq_timeout', stats.rqTimeout],
    ['rq_total', stats.rqTotal],
    ['hostname', host.hostname],
    ['health_flags', flags.length === 0 ? 'healthy' : flags.join('')],
    ['weight', host.weight],
    ['region', locality.region],
    ['zone', locality.zone],
    ['sub_zone', locality.subZone],
    ['canary', String(isCanary(host))],
    ['priority', host.priority],
    ['success_rate', host.outlier?.externalSuccessRate ?? -1],
    ['local_origin_success_rate', host.outlier?.localSuccessRate ?? -1],
  ];
}

function isCanary({ metadata }: AdminHost): boolean {
  return metadata?.filterMetadata['envoy.lb']?.canary === true;
}

function clusterJson(cluster: AdminCluster, isStatic: boolean): object {
  const { message } = cluster;
  const serviceName = message.edsClusterConfig?.serviceName;
  return {
    name: cluster.name,
    ...(isStatic ? {} : { added_via_api: true }),
    host_statuses: [...cluster.hosts.hosts].map(hostJson),
    circuit_breakers: {
      thresholds: (['default', 'high'] as const).map((priority) => ({
        ...(priority === 'high' ? { priority: 'HIGH' } : {}),
        ...Object.fromEntries(limits(cluster.limits(priority)).filter(([, max]) => max > 0)),
      })),
    },
    observability_name: message.altStatName || cluster.name,
    ...(serviceName ? { eds_service_name: serviceName } : {}),
  };
}

/** Empty values are left out, as the JSON of a protobuf message does. */
function hostJson(host: AdminHost): object {
  const { stats, locality } = host;
  const stat = (name: string, value: number, type?: 'GAUGE'): object => ({
    ...(type === undefined ? {} : { type }),
    ...(value === 0 ? {} : { value: String(value) }),
    name,
  });
  const { canary, health } = { canary: isCanary(host), health: healthJson(host) };
  return {
    address: addressJson(host.place),
    stats: [
      stat('cx_connect_fail', stats.cxConnectFail),
      stat('cx_total', stats.cxTotal),
      stat('rq_error', stats.rqError),
      stat('rq_success', stats.rqSuccess),
      stat('rq_timeout', stats.rqTimeout),
      stat('rq_total', stats.rqTotal),
      stat('cx_active', stats.cxActive, 'GAUGE'),
      stat('rq_active', stats.rqActive, 'GAUGE'),
    ],
    health_status: health,
    ...rate('success_rate', host.outlier?.externalSuccessRate),
    weight: host.weight,
    ...(host.hostname === '' ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    ...rate('local_origin_success_rate', host.outlier?.localSuccessRate),
    locality: Object.fromEntries(
      Object.entries({ region: locality.region, zone: locality.zone, sub_zone: locality.subZone }).filter(
        ([, value]) => value !== '',
      ),
    ),
    ...(canary ? { canary } : {}),
  };
}

function rate(name: string, value: number | undefined): object {
  return value === undefined || value < 0 ? {} : { [name]: { value } };
}

function healthJson({ flags }: AdminHost): object {
  const named = FLAGS.filter(([flag, , field]) => field !== '' && (flags & flag) !== 0);
  const byDiscovery =
    (flags & HEALTH.failedByDiscovery) !== 0
      ? 'UNHEALTHY'
      : (flags & HEALTH.drainingByDiscovery) !== 0
        ? 'DRAINING'
        : (flags & HEALTH.degradedByDiscovery) !== 0
          ? 'DEGRADED'
          : 'HEALTHY';
  return {
    ...Object.fromEntries(named.map(([, , field]) => [field, true])),
    eds_health_status: byDiscovery,
  };
}

export function addressJson(place: Place): object {
  if (place.kind === 'pipe') return { pipe: { path: placeText(place) } };
  return { socket_address: { address: place.ip, port_value: place.port } };
}
