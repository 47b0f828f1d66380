/**
 * The bootstrap that a proxy starts with: who it is, where its configuration comes from, and what it serves of its
 * own. Both engines read it; the form is envoy.config.bootstrap.v3.Bootstrap as JSON with names in snake_case.
 */

import type { ProxyNode } from '../node.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { addressFamily, bindAddress } from './addresses.ts';
import { OWN_CLUSTER } from '../../../xds/names.ts';
import { discoveryCluster, localCluster, ownCluster } from './clusters.ts';
import { metricsListener, statusListener } from './listeners.ts';
import { statsConfig } from './stats.ts';

export interface BootstrapSources {
  readonly node: ProxyNode;
  readonly config: ProxyConfig;
  /** Whether resources come as differences, which is what every controller of today offers. */
  readonly isDelta: boolean;
  /** Where the proxy answers `/healthz/ready`: 15021. */
  readonly statusPort: number;
  /** Where the proxy shows its metrics: 15090. */
  readonly metricsPort: number;
  readonly countsConnections: boolean;
  readonly logAsJson: boolean;
  readonly outlierLogPath: string;
}

const LOG_TEXT = '%Y-%m-%dT%T.%fZ\t%l\tenvoy %n %g:%#\t%v\tthread=%t';
const LOG_JSON = {
  time: '%Y-%m-%dT%T.%fZ',
  level: '%l',
  scope: 'envoy %n',
  msg: '%j',
  caller: '%g:%#',
  thread: '%t',
};

/** What Istio's proxies run with, before the mesh's own values. */
const RUNTIME: Readonly<Record<string, unknown>> = {
  're2.max_program_size.error_level': 32_768,
  'envoy.reloadable_features.http_reject_path_with_fragment': false,
};

/** Throws a `MeshError` when the controller cannot be spoken to in the way that is configured. */
export function makeBootstrap(sources: BootstrapSources): object {
  const { node, config } = sources;
  const family = addressFamily(node.ips);
  const statsd = config.statsdUdpAddress;
  const hasAgent = config.statusPort !== 0;
  return {
    application_log_config: {
      log_format: sources.logAsJson ? { json_format: LOG_JSON } : { text_format: LOG_TEXT },
    },
    node: { id: node.id, cluster: node.cluster, locality: node.locality, metadata: node.metadata },
    layered_runtime: {
      layers: [
        { name: 'global config', static_layer: { ...RUNTIME, ...runtimeValues(config) } },
        { name: 'admin', admin_layer: {} },
      ],
    },
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
          buffer_size_kb: 64,
        },
      },
    ],
    stats_config: statsConfig({ ...sources, annotations: node.annotations, ips: node.ips }),
    ...(statsd === undefined ? {} : { stats_sinks: [statsdSink(statsd)] }),
    ...clusterManager(sources),
    admin: { address: bindAddress(family.localhost, config.proxyAdminPort) },
    dynamic_resources: dynamicResources(sources.isDelta),
    static_resources: {
      clusters: [
        localCluster('prometheus_stats', family, config.proxyAdminPort),
        ...(hasAgent ? [localCluster('agent', family, config.statusPort)] : []),
        discoveryCluster(config.discovery, family),
        ...(knowsOwnEndpoints(node) ? [ownCluster()] : []),
      ],
      listeners: [
        metricsListener(family.wildcard, sources.metricsPort),
        ...(hasAgent ? [statusListener(family.wildcard, sources.statusPort)] : []),
      ],
    },
  };
}

/** `ISTIO_META_ENABLE_SELF_DISCOVERY`: the proxy hears of the endpoints beside it, to keep requests in their zone. */
function knowsOwnEndpoints({ metadata }: ProxyNode): boolean {
  const said = metadata.ENABLE_SELF_DISCOVERY;
  return said === 'true' || said === '1';
}

function clusterManager({ node, outlierLogPath }: BootstrapSources): object {
  const settings = {
    ...(knowsOwnEndpoints(node) && { local_cluster_name: OWN_CLUSTER }),
    ...(outlierLogPath !== '' && { outlier_detection: { event_log_path: outlierLogPath } }),
  };
  return Object.keys(settings).length === 0 ? {} : { cluster_manager: settings };
}

function dynamicResources(isDelta: boolean): object {
  const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    lds_config: source,
    cds_config: source,
    ads_config: {
      api_type: isDelta ? 'DELTA_GRPC' : 'GRPC',
      set_node_on_first_message_only: true,
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
    },
  };
}

/** Envoy wants flags as flags; ProxyConfig has texts only. */
function runtimeValues({ runtimeValues }: ProxyConfig): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(runtimeValues).map(([key, value]) => [
      key,
      value === 'true' || value === 'false' ? value === 'true' : value,
    ]),
  );
}

function statsdSink({ host, port }: { readonly host: string; readonly port: number }): object {
  return {
    name: 'envoy.stat_sinks.statsd',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.metrics.v3.StatsdSink',
      address: bindAddress(host, port),
    },
  };
}
