/** What EnvoyFilters change, by what they are applied to and how. */

import { expect } from 'vitest';
import { type FeatureCase, get, send } from './case.ts';
import { V1, entry, envoyFilter, routed } from './manifests.ts';

export const ENVOY_FILTERS: readonly FeatureCase[] = [
  {
    feature: 'EnvoyFilter HTTP_ROUTE MERGE: a header on one route',
    config: `${routed('patched', `- name: patched-route\n  ${V1}`)}---
${envoyFilter(
  'patch-route',
  `- applyTo: HTTP_ROUTE
  match: {context: GATEWAY, routeConfiguration: {vhost: {name: "patched.test:80", route: {name: patched-route}}}}
  patch: {operation: MERGE, value: {response_headers_to_add: [{header: {key: patched, value: "yes"}}]}}`,
)}`,
    asks: [{ ...get('patched'), expect: { status: 200, headers: { patched: 'yes' } } }],
  },
  {
    feature: 'EnvoyFilter VIRTUAL_HOST MERGE',
    config: `${routed('patched-host', `- ${V1}`)}---
${envoyFilter(
  'patch-host',
  `- applyTo: VIRTUAL_HOST
  match: {context: GATEWAY, routeConfiguration: {vhost: {name: "patched-host.test:80"}}}
  patch: {operation: MERGE, value: {request_headers_to_add: [{header: {key: patched, value: "host"}}]}}`,
)}`,
    asks: [{ ...get('patched-host'), expect: { received: { patched: 'host' } } }],
  },
  {
    feature: 'EnvoyFilter HTTP_FILTER INSERT_BEFORE: a filter of Lua',
    only: 'envoy',
    config: `${routed('lua', `- ${V1}`)}---
${envoyFilter(
  'patch-lua',
  `- applyTo: HTTP_FILTER
  match: {context: GATEWAY, listener: {portNumber: 80, filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}}
  patch:
    operation: INSERT_BEFORE
    value:
      name: envoy.filters.http.lua
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
        default_source_code:
          inline_string: |
            function envoy_on_request(handle)
              if handle:headers():get(":authority") == "lua.test" then handle:headers():add("from-lua", "yes") end
            end`,
)}`,
    asks: [{ ...get('lua'), expect: { received: { 'from-lua': 'yes' } } }],
  },
  {
    feature: 'EnvoyFilter CLUSTER MERGE and ADD',
    config: `${entry('patched-cluster', 'resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.50.0.1}]')}---
${routed('patched-cluster', '- route: [{destination: {host: patched-cluster.test}}]')}---
${envoyFilter(
  'patch-cluster',
  `- applyTo: CLUSTER
  match: {context: GATEWAY, cluster: {service: patched-cluster.test}}
  patch: {operation: MERGE, value: {circuit_breakers: {thresholds: [{max_requests: 1}]}}}
- applyTo: CLUSTER
  match: {context: GATEWAY}
  patch:
    operation: ADD
    value:
      name: added
      type: STATIC
      connect_timeout: 1s
      load_assignment: {cluster_name: added, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.50.0.2, port_value: 8080}}}}]}]}
- applyTo: HTTP_ROUTE
  match: {context: GATEWAY, routeConfiguration: {vhost: {name: "patched-cluster.test:80"}}}
  patch: {operation: INSERT_FIRST, value: {name: to-added, match: {path: /added}, route: {cluster: added}}}`,
)}`,
    asks: [
      { ...get('patched-cluster', { path: '/added' }), expect: { who: 'outside 2' } },
      { ...get('patched-cluster'), expect: { who: 'outside 1' } },
    ],
  },
  {
    feature: 'EnvoyFilter LISTENER MERGE and NETWORK_FILTER MERGE: settings of the connection manager',
    config: envoyFilter(
      'patch-manager',
      `- applyTo: NETWORK_FILTER
  match: {context: GATEWAY, listener: {portNumber: 80, filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}}
  patch:
    operation: MERGE
    value:
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        server_name: juice-gateway
- applyTo: LISTENER
  match: {context: GATEWAY, listener: {portNumber: 80}}
  patch: {operation: MERGE, value: {per_connection_buffer_limit_bytes: 65536}}`,
    ),
    asks: [
      {
        ...get('request-id'),
        expect: { headers: { server: 'juice-gateway' } },
        check: async (_all, world) => {
          const page = await send(world, {
            via: 'gateway',
            to: '127.0.0.1:25000',
            path: '/config_dump?resource=dynamic_listeners&name_regex=0.0.0.0_80',
          });
          expect(page[0]?.text).toContain('65536');
        },
      },
    ],
  },
  {
    feature: 'EnvoyFilter HTTP_FILTER and HTTP_ROUTE: settings that say their type beside their fields',
    config: `${routed('limited', `- ${V1}`)}---
${envoyFilter(
  'patch-limits',
  `- applyTo: HTTP_FILTER
  match: {context: GATEWAY, listener: {portNumber: 80, filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}}
  patch:
    operation: INSERT_BEFORE
    value:
      name: envoy.filters.http.local_ratelimit
      typed_config:
        "@type": type.googleapis.com/udpa.type.v1.TypedStruct
        type_url: type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
        value: {stat_prefix: http_local_rate_limiter}
- applyTo: HTTP_ROUTE
  match: {context: GATEWAY, routeConfiguration: {vhost: {name: "limited.test:80"}}}
  patch:
    operation: MERGE
    value:
      typed_per_filter_config:
        envoy.filters.http.local_ratelimit:
          "@type": type.googleapis.com/xds.type.v3.TypedStruct
          type_url: type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
          value:
            stat_prefix: limited
            token_bucket: {max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s}
            filter_enabled: {default_value: {numerator: 100, denominator: HUNDRED}}
            filter_enforced: {default_value: {numerator: 100, denominator: HUNDRED}}`,
)}`,
    asks: [
      { ...get('limited'), expect: { status: 200 } },
      { ...get('limited'), expect: { status: 429 } },
    ],
  },
];
