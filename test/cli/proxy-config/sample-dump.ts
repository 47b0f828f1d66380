/** A small dump of a proxy, made up, with something of everything that the tables show. */

const API = 'type.googleapis.com/envoy.';
const HTTP = 'envoy.filters.network.http_connection_manager';
const TCP = 'envoy.filters.network.tcp_proxy';

const source = (kind: string, name: string, more = {}) => ({
  filter_metadata: {
    istio: { config: `/apis/networking.istio.io/v1/namespaces/shop/${kind}/${name}`, ...more },
  },
});

const cluster = (name: string, rest = {}) => ({
  cluster: { '@type': `${API}config.cluster.v3.Cluster`, name, type: 'EDS', ...rest },
});

const http = (settings: unknown) => ({
  name: HTTP,
  typed_config: {
    '@type': `${API}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    ...(settings as object),
  },
});

const tcp = (name: string) => ({
  name: TCP,
  typed_config: { '@type': `${API}extensions.filters.network.tcp_proxy.v3.TcpProxy`, cluster: name },
});

const listener = (name: string, address: string, port: number, rest: object) => ({
  name,
  active_state: {
    version_info: 'v7',
    listener: {
      '@type': `${API}config.listener.v3.Listener`,
      name,
      address: { socket_address: { address, port_value: port } },
      ...rest,
    },
  },
});

export const SAMPLE_DUMP = {
  configs: [
    {
      '@type': `${API}admin.v3.ClustersConfigDump`,
      version_info: 'v7',
      dynamic_active_clusters: [
        cluster('outbound|80|v1|fruits.shop.svc.cluster.local', {
          metadata: source('destination-rule', 'fruits', { subset: 'v1' }),
        }),
        cluster('outbound|80||fruits.shop.svc.cluster.local', {
          connect_timeout: '10s',
          brand_new_field: { a_b: 1 },
        }),
        cluster('inbound|8080||', { type: 'ORIGINAL_DST' }),
      ],
      static_clusters: [cluster('agent', { type: 'STATIC' })],
    },
    {
      '@type': `${API}admin.v3.ListenersConfigDump`,
      dynamic_listeners: [
        listener('virtualInbound', '0.0.0.0', 15006, {
          filter_chains: [
            {
              name: 'tls',
              filter_chain_match: {
                destination_port: 8080,
                transport_protocol: 'tls',
                application_protocols: ['istio', 'istio-peer-exchange'],
              },
              filters: [http({ rds: { route_config_name: 'inbound|8080||' } })],
            },
            {
              name: 'range',
              filter_chain_match: { prefix_ranges: [{ address_prefix: '10.0.0.1', prefix_len: 32 }] },
              filters: [tcp('outbound|9000||db.shop.svc.cluster.local')],
            },
          ],
          default_filter_chain: { name: 'rest', filters: [tcp('PassthroughCluster')] },
        }),
        listener('0.0.0.0_80', '0.0.0.0', 80, {
          filter_chains: [
            { filters: [{ name: 'of.tomorrow', typed_config: { '@type': 'x/y.Z', a_b: 'c_d' } }] },
          ],
        }),
      ],
    },
    {
      '@type': `${API}admin.v3.RoutesConfigDump`,
      dynamic_route_configs: ['8080', '80'].map((name) => ({
        route_config: {
          '@type': `${API}config.route.v3.RouteConfiguration`,
          name,
          virtual_hosts: [
            {
              name: 'fruits.shop.svc.cluster.local:80',
              domains: [
                'fruits.shop.svc.cluster.local',
                'fruits',
                'fruits.shop.svc',
                'fruits.shop',
                '10.96.0.7',
              ],
              routes: [
                {
                  match: { path: '/v1' },
                  route: { cluster: 'x' },
                  metadata: source('virtual-service', 'fruits'),
                },
                { match: { safe_regex: { regex: '/v[0-9]' } }, redirect: {} },
                { match: { prefix: '/' }, route: { cluster: 'PassthroughCluster' } },
              ],
            },
            { name: 'nowhere', domains: ['*'] },
          ],
        },
      })),
    },
    {
      '@type': `${API}admin.v3.EndpointsConfigDump`,
      dynamic_endpoint_configs: [
        {
          endpoint_config: {
            '@type': `${API}config.endpoint.v3.ClusterLoadAssignment`,
            cluster_name: 'outbound|80||fruits.shop.svc.cluster.local',
            endpoints: [
              {
                locality: { region: 'north', zone: 'a' },
                lb_endpoints: [
                  {
                    endpoint: { address: { socket_address: { address: '10.0.0.7', port_value: 8080 } } },
                    health_status: 'HEALTHY',
                  },
                  {
                    endpoint: { address: { pipe: { path: '/run/web.sock' } } },
                    health_status: 'DRAINING',
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  ],
};
