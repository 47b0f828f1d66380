/** The proxy's own listeners: its readiness, and its metrics. */

import { bindAddress } from './addresses.ts';

/** Answers `/healthz/ready` from the agent, so that it also shows that the proxy handles connections. */
export function statusListener(wildcard: string, port: number): object {
  return httpListener(wildcard, port, 'agent', '/healthz/ready', 'agent');
}

export function metricsListener(wildcard: string, port: number): object {
  return httpListener(wildcard, port, 'stats', '/stats/prometheus', 'prometheus_stats');
}

function httpListener(
  wildcard: string,
  port: number,
  statPrefix: string,
  prefix: string,
  cluster: string,
): object {
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    codec_type: 'AUTO',
    stat_prefix: statPrefix,
    route_config: {
      virtual_hosts: [
        { name: 'backend', domains: ['*'], routes: [{ match: { prefix }, route: { cluster } }] },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    name: `${wildcard}_${port}`,
    address: bindAddress(wildcard, port),
    // A proxy that is full must still be able to say so.
    ignore_global_conn_limit: true,
    bypass_overload_manager: true,
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
    ],
  };
}
