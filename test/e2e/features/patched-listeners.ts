/** EnvoyFilters that change listeners, filter chains and filters: each at a port of the gateway that no other case has. */

import { expect } from 'vitest';
import { SERVICES } from '../../peers/world/shop.ts';
import type { Ask, FeatureCase } from './case.ts';
import { V1, envoyFilter } from './manifests.ts';

const BYTES = 'outbound|9000||bytes.shop.svc.cluster.local';

const TCP_PROXY = (cluster: string): string =>
  `{name: envoy.filters.network.tcp_proxy, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: patched, cluster: "${cluster}"}}`;

/** Answers each request by itself. */
const REFUSAL = (status: number): string =>
  `{name: patched, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, abort: {http_status: ${status}, percentage: {numerator: 100}}}}`;

/** One token, and then none for an hour. */
const LIMIT =
  '{name: limit, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit, stat_prefix: limit, token_bucket: {max_tokens: 1, fill_interval: 3600s}}}';

const PROXY_PROTOCOL =
  '{name: envoy.filters.listener.proxy_protocol, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}}';

/** A port of the gateway, where web's first version answers. */
function door(port: number, http = V1): string {
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door-${port}, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: [door.test]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: door-${port}, namespace: shop}
spec: {hosts: [door.test], gateways: [door-${port}], http: [{${http}}]}
`;
}

const at = (port: number, more: object = {}) =>
  ({ via: 'gateway', to: `127.0.0.1:${port}`, host: 'door.test', ...more }) as const;

/** Patches of one port, of which each stands before the next. */
function patched(
  what: string,
  port: number,
  patches: readonly (readonly [applyTo: string, match: string, patch: string])[],
  asks: readonly Ask[],
  http?: string,
): FeatureCase {
  const filters = patches.map(([applyTo, match, patch], index) =>
    envoyFilter(
      `patch-${port}-${index}`,
      `- applyTo: ${applyTo}\n  match: {context: GATEWAY, listener: {portNumber: ${port}${match}}}\n  patch: {${patch}}`,
      `priority: ${index}\n  workloadSelector: {labels: {istio: ingressgateway}}`,
    ),
  );
  return { feature: `EnvoyFilter ${what}`, config: [door(port, http), ...filters].join('---\n'), asks };
}

const MANAGER = ', filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}';
const inManager = (filter: string): string =>
  `, filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: ${filter}}}}`;
const FAULT = inManager('envoy.filters.http.fault');
const told = (port: number): Ask =>
  at(port, {
    protocol: 'tcp',
    body: 'PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\nGET / HTTP/1.1\r\nhost: door.test\r\nconnection: close\r\n\r\n',
  });

export const PATCHED_LISTENERS: readonly FeatureCase[] = [
  {
    feature: 'EnvoyFilter LISTENER ADD',
    config: envoyFilter(
      'patch-8101',
      `- applyTo: LISTENER
  match: {context: GATEWAY}
  patch: {operation: ADD, value: {name: added, address: {socket_address: {address: 0.0.0.0, port_value: 8101}}, filter_chains: [{filters: [${TCP_PROXY(BYTES)}]}]}}`,
    ),
    asks: [at(8101, { protocol: 'tcp', expect: { who: expect.stringMatching(/^bytes/) } })],
  },
  patched(
    'LISTENER REMOVE',
    8102,
    [['LISTENER', '', 'operation: REMOVE']],
    [at(8102, { expect: { status: 0 } })],
  ),
  patched(
    'FILTER_CHAIN ADD',
    8103,
    [
      [
        'FILTER_CHAIN',
        '',
        `operation: ADD, value: {filter_chain_match: {source_prefix_ranges: [{address_prefix: 127.0.0.2, prefix_len: 32}]}, filters: [${TCP_PROXY(BYTES)}]}`,
      ],
    ],
    [
      at(8103, { expect: { status: 200, who: 'web v1' } }),
      at(8103, { from: '127.0.0.2', protocol: 'tcp', expect: { who: expect.stringMatching(/^bytes/) } }),
    ],
  ),
  patched(
    'FILTER_CHAIN MERGE',
    8104,
    [
      [
        'FILTER_CHAIN',
        '',
        'operation: MERGE, value: {filter_chain_match: {source_prefix_ranges: [{address_prefix: 127.0.0.2, prefix_len: 32}]}}',
      ],
    ],
    [at(8104, { expect: { status: 0 } }), at(8104, { from: '127.0.0.2', expect: { status: 200 } })],
  ),
  {
    feature: 'EnvoyFilter FILTER_CHAIN REMOVE: by its server name',
    config: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door-8105, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8105, name: tls, protocol: TLS}, hosts: ["*.door.test"], tls: {mode: PASSTHROUGH}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: door-8105, namespace: shop}
spec:
  hosts: ["*.door.test"]
  gateways: [door-8105]
  tls:
  - {match: [{sniHosts: [a.door.test]}], route: [{destination: {host: vault, port: {number: 443}}}]}
  - {match: [{sniHosts: [b.door.test]}], route: [{destination: {host: vault, port: {number: 443}}}]}
---
${envoyFilter('patch-8105', '- applyTo: FILTER_CHAIN\n  match: {context: GATEWAY, listener: {portNumber: 8105, filterChain: {sni: b.door.test}}}\n  patch: {operation: REMOVE}')}`,
    asks: [
      at(8105, { protocol: 'https', serverName: 'a.door.test', expect: { who: 'vault v1' } }),
      at(8105, { protocol: 'https', serverName: 'b.door.test', expect: { status: 0 } }),
    ],
  },
  patched(
    'LISTENER_FILTER INSERT_FIRST',
    8106,
    [['LISTENER_FILTER', '', `operation: INSERT_FIRST, value: ${PROXY_PROTOCOL}`]],
    [{ ...told(8106), expect: { text: expect.stringMatching(/"x-forwarded-for":"1\.2\.3\.4/) } }],
  ),
  patched(
    'LISTENER_FILTER REMOVE',
    8107,
    [
      ['LISTENER_FILTER', '', `operation: ADD, value: ${PROXY_PROTOCOL}`],
      ['LISTENER_FILTER', ', listenerFilter: envoy.filters.listener.proxy_protocol', 'operation: REMOVE'],
    ],
    [
      at(8107, { expect: { status: 200 } }),
      { ...told(8107), expect: { text: expect.stringMatching(/400/) } },
    ],
  ),
  patched(
    'NETWORK_FILTER INSERT_BEFORE',
    8108,
    [['NETWORK_FILTER', MANAGER, `operation: INSERT_BEFORE, value: ${LIMIT}`]],
    [at(8108, { expect: { status: 200 } }), at(8108, { expect: { status: 0 } })],
  ),
  patched(
    'NETWORK_FILTER REMOVE',
    8109,
    [
      ['NETWORK_FILTER', '', `operation: INSERT_FIRST, value: ${LIMIT}`],
      ['NETWORK_FILTER', ', filterChain: {filter: {name: limit}}', 'operation: REMOVE'],
    ],
    [at(8109, { times: 2, expect: { status: 200 } })],
  ),
  patched(
    'NETWORK_FILTER REPLACE',
    8110,
    [['NETWORK_FILTER', MANAGER, `operation: REPLACE, value: ${TCP_PROXY(BYTES)}`]],
    [at(8110, { protocol: 'tcp', expect: { who: expect.stringMatching(/^bytes/) } })],
  ),
  ...['INSERT_FIRST', 'INSERT_BEFORE', 'INSERT_AFTER', 'REPLACE'].map((operation, index) =>
    patched(
      `HTTP_FILTER ${operation}`,
      8111 + index,
      [['HTTP_FILTER', FAULT, `operation: ${operation}, value: ${REFUSAL(418)}`]],
      [at(8111 + index, { expect: { status: 418 } })],
    ),
  ),
  patched(
    'HTTP_FILTER MERGE',
    8115,
    [['HTTP_FILTER', FAULT, `operation: MERGE, value: ${REFUSAL(419).replace('name: patched, ', '')}`]],
    [at(8115, { expect: { status: 419 } })],
  ),
  patched(
    'HTTP_FILTER REMOVE',
    8116,
    [['HTTP_FILTER', FAULT, 'operation: REMOVE']],
    [at(8116, { expect: { status: 200 } })],
    `fault: {abort: {httpStatus: 555, percentage: {value: 100}}}, ${V1}`,
  ),
  {
    feature: 'EnvoyFilter context SIDECAR_INBOUND: what comes to the workload',
    config: envoyFilter(
      'patch-inbound',
      `- applyTo: HTTP_FILTER
  match: {context: SIDECAR_INBOUND, listener: {portNumber: 8080, filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}}
  patch: {operation: INSERT_BEFORE, value: ${REFUSAL(420).replace('abort: {', 'headers: [{name: refuse, present_match: true}], abort: {')}}`,
      'workloadSelector: {labels: {app: client}}',
      'shop',
    ),
    asks: [
      { via: 'workload', host: 'client', headers: { refuse: 'me' }, expect: { status: 420 } },
      { via: 'workload', host: 'client', expect: { status: 200 } },
      {
        via: 'mesh',
        to: `${SERVICES.web}:80`,
        host: 'web',
        headers: { refuse: 'me' },
        expect: { status: 200 },
      },
    ],
  },
  {
    feature: 'EnvoyFilter match.proxy: proxies of a version, or with metadata',
    config: `${door(8117)}---
${['proxyVersion: "^0\\\\.0\\\\.9$"', 'metadata: {NAME: nobody}', 'metadata: {NAME: ingress-0}']
  .map((proxy, index) =>
    envoyFilter(
      `patch-proxy-${index}`,
      `- applyTo: HTTP_FILTER
  match: {context: GATEWAY, proxy: {${proxy}}, listener: {portNumber: 8117${FAULT}}}
  patch: {operation: INSERT_BEFORE, value: ${REFUSAL(421 + index)}}`,
    ),
  )
  .join('---\n')}`,
    asks: [at(8117, { expect: { status: 423 } })],
  },
  {
    feature: 'EnvoyFilter EXTENSION_CONFIG ADD: the settings of a filter, served by themselves',
    config: `${door(8119)}---
${envoyFilter(
  'patch-8119',
  `- applyTo: HTTP_FILTER
  match: {context: GATEWAY, listener: {portNumber: 8119}}
  patch:
    operation: INSERT_FIRST
    value:
      name: served-refusal
      config_discovery: {config_source: {ads: {}, resource_api_version: V3}, type_urls: [type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault]}
- applyTo: EXTENSION_CONFIG
  match: {context: GATEWAY}
  patch: {operation: ADD, value: ${REFUSAL(418).replace('name: patched', 'name: served-refusal')}}`,
)}`,
    asks: [at(8119, { expect: { status: 418 } })],
  },
];
