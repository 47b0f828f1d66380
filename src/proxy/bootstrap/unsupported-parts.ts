/** Parts of a bootstrap that the builtin engine does not have: named, so that none is passed over. */

import {
  type Bootstrap,
  BootstrapSchema,
} from '../../xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import { statsdSettings } from '../stats/sinks/stats-sinks.ts';

/** Fields that are read, or whose absence changes no answer (watchdogs, how statistics are flushed, …). */
const READ: ReadonlySet<string> = new Set([
  'node',
  'node_context_params',
  'static_resources',
  'dynamic_resources',
  'cluster_manager',
  'flags_path',
  'stats_config',
  'stats_sinks',
  'stats_flush_interval',
  'stats_flush_on_admin',
  'stats_server_version_override',
  'watchdog',
  'watchdogs',
  'layered_runtime',
  'admin',
  'overload_manager',
  'bootstrap_extensions',
  'enable_dispatcher_stats',
  'header_prefix',
  'use_tcp_for_dns_lookups',
  'dns_resolution_config',
  'typed_dns_resolver_config',
  'memory_allocator_manager',
  'perf_tracing_file_path',
  'fatal_actions',
]);

/** Throws an `UnsupportedError` that names the first part that is not supported. */
export function refuseUnsupported(bootstrap: Bootstrap): void {
  for (const field of BootstrapSchema.fields) {
    if (READ.has(field.name)) continue;
    const value = (bootstrap as unknown as Record<string, unknown>)[field.localName];
    if (isSet(value)) throw new UnsupportedError(field.name);
  }
  for (const { name, typedConfig } of bootstrap.bootstrapExtensions) {
    // It only makes listeners possible that are refused where they stand.
    if (typedConfig?.typeUrl.endsWith('.InternalListener') !== true) {
      throw new UnsupportedError(`bootstrap_extensions ${name}`);
    }
  }
  for (const [index, sink] of bootstrap.statsSinks.entries()) statsdSettings(sink, `stats_sinks[${index}]`);
  if (bootstrap.headerPrefix !== '' && bootstrap.headerPrefix !== 'x-envoy') {
    throw new UnsupportedError('header_prefix');
  }
  if (bootstrap.clusterManager?.loadStatsConfig !== undefined) {
    throw new UnsupportedError('cluster_manager.load_stats_config');
  }
  for (const { name } of bootstrap.overloadManager?.resourceMonitors ?? []) {
    if (name !== CONNECTION_LIMIT) throw new UnsupportedError(`overload_manager ${name}`);
  }
  const action = bootstrap.overloadManager?.actions[0] ?? bootstrap.overloadManager?.loadshedPoints[0];
  if (action !== undefined) throw new UnsupportedError(`overload_manager ${action.name}`);
  for (const { name, layerSpecifier } of bootstrap.layeredRuntime?.layers ?? []) {
    const kind = layerSpecifier.case;
    if (kind === 'rtdsLayer' || kind === 'diskLayer') {
      throw new UnsupportedError(
        `layered_runtime layer ${name} (${kind === 'rtdsLayer' ? 'rtds_layer' : 'disk_layer'})`,
      );
    }
  }
}

/** The one resource monitor that is there: how many connections clients may have, over all listeners. */
export const CONNECTION_LIMIT = 'envoy.resource_monitors.global_downstream_max_connections';

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && 'case' in value) return value.case !== undefined;
  if (typeof value === 'object' && Object.keys(value).length === 0) return false;
  return true;
}
