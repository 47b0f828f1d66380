/** Gateways, ServiceEntries, protocols and patches, asked of a proxy with requests. */

import { expect } from 'vitest';
import { SERVICES } from '../../peers/world/shop.ts';
import { type FeatureCase, routed, send, shares } from './case.ts';

const get = (host: string, more: object = {}) => ({ via: 'gateway', host: `${host}.test`, ...more }) as const;
const V1 = 'route: [{destination: {host: web, subset: v1}}]';

export const PROTOCOLS: readonly FeatureCase[] = [
  {
    feature: 'HTTP/1.1: by the name of the port',
    asks: [{ via: 'mesh', to: `${SERVICES.web}:80`, host: 'web', expect: { status: 200, version: '1.1' } }],
  },
  {
    feature: 'HTTP/1.1: upgrades to websocket',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.web}:80`,
        host: 'web',
        headers: { connection: 'Upgrade', upgrade: 'websocket' },
        expect: { status: 101 },
      },
    ],
  },
  {
    feature: 'HTTP/2 and gRPC: by the name of the port, with trailers',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.rpc}:80`,
        host: 'rpc',
        protocol: 'http2',
        method: 'POST',
        path: '/fruits.Shop/Buy',
        headers: { 'content-type': 'application/grpc', te: 'trailers' },
        expect: { status: 200, who: 'rpc v1', version: '2.0', trailers: { 'grpc-status': '0' } },
      },
    ],
  },
  {
    feature: 'HTTP/2 at a gateway, HTTP/1.1 behind it',
    config: routed('two-to-one', `- ${V1}`),
    asks: [{ ...get('two-to-one', { protocol: 'http2' }), expect: { status: 200, version: '1.1' } }],
  },
  {
    feature: 'appProtocol: HTTP/2 where the name of the port says nothing',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.told}:7071`,
        host: 'told:7071',
        expect: { status: 200, version: '2.0' },
      },
    ],
  },
  {
    feature: 'protocol detection: HTTP/1.1, and bytes, on a port that says nothing',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.guess}:7070`,
        host: 'guess:7070',
        expect: { who: 'api v1', headers: { server: 'envoy' } },
      },
      {
        via: 'mesh',
        to: `${SERVICES.guess}:7070`,
        protocol: 'tcp',
        body: 'neither\r\nthis\r\nnor that\r\n\r\n',
        // The backend speaks HTTP and says so.
        check: ([one]) => expect(one?.text).toContain('HTTP/1.1 400'),
      },
    ],
  },
  {
    feature: 'TCP: bytes, and a server that speaks first',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.bytes}:9000`,
        protocol: 'tcp',
        body: 'some bytes',
        expect: { text: expect.stringMatching(/some bytes$/) },
      },
      { via: 'mesh', to: `${SERVICES.greeter}:2525`, protocol: 'tcp', expect: { who: 'bytes v1' } },
    ],
  },
  {
    feature: 'TLS: passed through to the service',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.vault}:443`,
        protocol: 'https',
        serverName: 'vault.shop.svc.cluster.local',
        expect: { who: 'vault v1', serverName: 'vault.shop.svc.cluster.local' },
      },
    ],
  },
  {
    feature: 'inbound: to the workload itself, which sees who called through the proxy',
    asks: [
      {
        via: 'workload',
        host: 'client',
        path: '/in',
        expect: { status: 200, who: 'client v1', path: '/in' },
      },
      // A port that no service names.
      {
        via: 'workload',
        to: '10.40.0.11:9000',
        protocol: 'tcp',
        body: 'no\r\nHTTP\r\n',
        expect: { who: 'client v1' },
      },
    ],
  },
  {
    feature: 'outbound policy ALLOW_ANY: to servers that the mesh does not know',
    asks: [
      {
        via: 'mesh',
        to: '10.50.0.1:8080',
        host: 'unknown.example',
        expect: { status: 200, who: 'outside 1' },
      },
      { via: 'mesh', to: '10.50.0.1:9000', protocol: 'tcp', expect: { who: 'outside 1' } },
      {
        via: 'mesh',
        to: '10.50.0.1:8443',
        protocol: 'https',
        serverName: 'unknown.example',
        expect: { who: 'outside 1' },
      },
    ],
  },
  {
    feature: 'tracing headers: a request has an id, made or kept, and it is passed on',
    config: routed('request-id', `- ${V1}`),
    asks: [
      {
        ...get('request-id'),
        expect: { received: { 'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) } },
      },
      {
        via: 'mesh',
        host: 'request-id.test',
        headers: { 'x-request-id': '11111111-2222-4333-8444-555555555555' },
        expect: { received: { 'x-request-id': '11111111-2222-4333-8444-555555555555' } },
      },
    ],
  },
];

const entry = (name: string, spec: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], ${spec}}
`;

export const SERVICE_ENTRIES: readonly FeatureCase[] = [
  {
    feature: 'ServiceEntry STATIC, with a port of each endpoint and weights',
    config: `${entry('se-static', 'resolution: STATIC, location: MESH_EXTERNAL, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 10.50.0.1, ports: {http: 8080}, weight: 4}, {address: 10.50.0.2, ports: {http: 8080}, weight: 1}]')}`,
    asks: [
      {
        via: 'mesh',
        host: 'se-static.test',
        times: 200,
        expect: { status: 200 },
        check: (all) => {
          const { 'outside 1': one = 0, 'outside 2': two = 0 } = shares(all);
          expect(one + two).toBe(200);
          expect(one).toBeGreaterThan(130);
          expect(two).toBeGreaterThan(15);
        },
      },
    ],
  },
  {
    feature: 'ServiceEntry with an address of its own: TCP by address',
    config: entry(
      'se-address',
      'addresses: [240.0.0.9/32], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.2}]',
    ),
    asks: [{ via: 'mesh', to: '240.0.0.9:9000', protocol: 'tcp', expect: { who: 'outside 2' } }],
  },
  {
    feature: 'ServiceEntry DNS: endpoints by name',
    config: entry(
      'se-dns',
      'resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: localhost}]',
    ),
    asks: [{ via: 'mesh', host: 'se-dns.test', expect: { status: 200, who: '127.0.0.1' } }],
  },
  {
    feature: 'ServiceEntry NONE: where the caller was going',
    config: entry(
      'se-none',
      'resolution: NONE, location: MESH_EXTERNAL, ports: [{number: 8080, name: http, protocol: HTTP}]',
    ),
    asks: [{ via: 'mesh', to: '10.50.0.2:8080', host: 'se-none.test:8080', expect: { who: 'outside 2' } }],
  },
  {
    feature: 'ServiceEntry by TLS and SNI',
    config: entry(
      'se-tls',
      'resolution: STATIC, ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}], endpoints: [{address: 10.50.0.1}]',
    ),
    asks: [
      {
        via: 'mesh',
        to: '10.99.9.9:443',
        protocol: 'https',
        serverName: 'se-tls.test',
        expect: { who: 'outside 1', serverName: 'se-tls.test' },
      },
    ],
  },
  {
    feature: 'ServiceEntry workloadSelector and WorkloadEntry, and pods',
    config: `${entry('se-selected', 'resolution: STATIC, location: MESH_INTERNAL, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {kind: machine}}')}---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: machine, namespace: shop}
spec: {address: 10.50.0.2, labels: {kind: machine}}
---
${entry('se-pods', 'resolution: STATIC, location: MESH_INTERNAL, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {app: api, version: v2}}')}`,
    asks: [
      { via: 'mesh', host: 'se-selected.test', times: 3, expect: { who: 'outside 2' } },
      { via: 'mesh', host: 'se-pods.test', times: 3, expect: { who: 'api v2' } },
    ],
  },
  {
    feature: 'ServiceEntry of another name for a service of Kubernetes (W4.3)',
    config: entry(
      'se-alias',
      'resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.40.1.1}]',
    ),
    asks: [{ via: 'mesh', host: 'se-alias.test', expect: { who: 'nuts v1' } }],
  },
  {
    feature: 'ServiceEntry exportTo: not seen by others',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: se-hidden, namespace: other}
spec: {hosts: [se-hidden.test], exportTo: ["."], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.50.0.2}]}
`,
    asks: [{ via: 'mesh', to: '10.50.0.1:8080', host: 'se-hidden.test', expect: { who: 'outside 1' } }],
  },
  {
    feature: 'ServiceEntry wildcard host: to where the caller was going',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: se-wild, namespace: shop}
spec: {hosts: ["*.se-wild.test"], resolution: NONE, ports: [{number: 8080, name: http, protocol: HTTP}]}
`,
    asks: [{ via: 'mesh', to: '10.50.0.1:8080', host: 'any.se-wild.test', expect: { who: 'outside 1' } }],
  },
];

export function gatewayCases(folder: string): readonly FeatureCase[] {
  const gateway = (name: string, servers: string): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
${servers
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: ["*"], gateways: [${name}], http: [{${V1}}]}
`;
  return [
    {
      feature: 'Gateway: servers by port and host; hosts of other namespaces',
      config: `${gateway('gw-ports', '- {port: {number: 8090, name: http, protocol: HTTP}, hosts: ["a.gw.test", "shop/b.gw.test", "other/c.gw.test"]}')}`,
      asks: [
        { via: 'gateway', to: '127.0.0.1:8090', host: 'a.gw.test', expect: { who: 'web v1' } },
        { via: 'gateway', to: '127.0.0.1:8090', host: 'b.gw.test', expect: { who: 'web v1' } },
        { via: 'gateway', to: '127.0.0.1:8090', host: 'c.gw.test', expect: { status: 404 } },
        { via: 'gateway', to: '127.0.0.1:8090', host: 'd.gw.test', expect: { status: 404 } },
      ],
    },
    {
      feature: 'Gateway httpsRedirect',
      config: gateway(
        'gw-redirect',
        '- {port: {number: 8091, name: http, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}',
      ),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:8091',
          host: 'safe.test',
          path: '/x',
          expect: { status: 301, headers: { location: 'https://safe.test/x' } },
        },
      ],
    },
    {
      feature: 'Gateway tls SIMPLE with files',
      config: gateway(
        'gw-simple',
        `- {port: {number: 8443, name: https, protocol: HTTPS}, hosts: ["simple.test"], tls: {mode: SIMPLE, serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key}}`,
      ).replaceAll('8443', '9443'),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:9443',
          protocol: 'https',
          serverName: 'simple.test',
          host: 'simple.test',
          expect: { status: 200, who: 'web v1', received: { 'x-forwarded-proto': 'https' } },
        },
        {
          via: 'gateway',
          to: '127.0.0.1:9443',
          protocol: 'https',
          serverName: 'other.test',
          host: 'simple.test',
          expect: { status: 0 },
        },
      ],
    },
    {
      feature: 'Gateway tls MUTUAL: who shows no certificate is refused',
      config: gateway(
        'gw-mutual',
        `- {port: {number: 9444, name: https, protocol: HTTPS}, hosts: ["mutual.test"], tls: {mode: MUTUAL, serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key, caCertificates: ${folder}/client.crt}}`,
      ),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:9444',
          protocol: 'https',
          serverName: 'mutual.test',
          host: 'mutual.test',
          expect: { status: 0 },
        },
        {
          via: 'gateway',
          to: '127.0.0.1:9444',
          protocol: 'https',
          serverName: 'mutual.test',
          host: 'mutual.test',
          certificate: { cert: `${folder}/client.crt`, key: `${folder}/client.key` },
          expect: {
            status: 200,
            received: { 'x-forwarded-client-cert': expect.stringContaining('client.example') },
          },
        },
      ],
    },
    {
      feature: 'Gateway bind: at one address alone',
      config: gateway(
        'gw-bind',
        '- {port: {number: 8092, name: http, protocol: HTTP}, bind: 10.40.9.1, hosts: ["*"]}',
      ),
      asks: [
        { via: 'gateway', to: '10.40.9.1:8092', host: 'x.test', headers: {}, expect: { status: 200 } },
        { via: 'gateway', to: '127.0.0.1:8092', host: 'x.test', expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway of TCP',
      config: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw-tcp, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 31401, name: tcp, protocol: TCP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: gw-tcp, namespace: shop}
spec: {hosts: ["*"], gateways: [gw-tcp], tcp: [{route: [{destination: {host: bytes, port: {number: 9000}, subset: v2}}]}]}
`,
      asks: [
        { via: 'gateway', to: '127.0.0.1:31401', protocol: 'tcp', times: 3, expect: { who: 'bytes v2' } },
      ],
    },
  ];
}

const filter = (name: string, spec: string): string => `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: ${name}, namespace: istio-system}
spec:
  workloadSelector: {labels: {istio: ingressgateway}}
  configPatches:
${spec
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
`;

export const ENVOY_FILTERS: readonly FeatureCase[] = [
  {
    feature: 'EnvoyFilter HTTP_ROUTE MERGE: a header on one route',
    config: `${routed('patched', `- name: patched-route\n  ${V1}`)}---
${filter(
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
${filter(
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
${filter(
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
${filter(
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
    config: filter(
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
];
