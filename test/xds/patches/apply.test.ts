import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it, test } from 'vitest';
import { type Lists, type Setting, patched } from './patched.ts';

const MANAGER = 'envoy.filters.network.http_connection_manager';
const MANAGER_TYPE =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const TCP_TYPE = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const LUA_TYPE = 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua';

const http = (...names: string[]): JsonObject => ({
  name: MANAGER,
  typed_config: { '@type': MANAGER_TYPE, http_filters: names.map((name) => ({ name })) },
});
const tcp = (cluster = 'c'): JsonObject => ({
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: { '@type': TCP_TYPE, cluster },
});
const at = (port: number): JsonObject => ({
  socket_address: { address: '0.0.0.0', port_value: port },
});
const listener = (name: string, port: number, ...filter_chains: JsonObject[]): JsonObject => ({
  name,
  address: at(port),
  filter_chains,
});

/** Names in nested lists: of listeners, their chains, filters and HTTP filters. */
function names(value: JsonValue | undefined, ...path: readonly string[]): JsonValue {
  const [field, ...rest] = path;
  if (!Array.isArray(value)) return [];
  return value.map((item) => {
    const object = item as JsonObject;
    return field === undefined ? (object['name'] ?? '') : names(object[field], ...rest);
  });
}

function httpFilters(made: Readonly<Record<string, readonly JsonValue[]>>): JsonValue {
  const [first] = (made['listeners'] ?? []) as readonly JsonObject[];
  const chains = (first?.['filter_chains'] ?? []) as readonly JsonObject[];
  return chains.map(({ filters }) => {
    const [filter = {}] = filters as readonly JsonObject[];
    return names((filter['typed_config'] as JsonObject)['http_filters']);
  });
}

const subFilter = (name: string): JsonObject => ({
  listener: { filterChain: { filter: { name: MANAGER, subFilter: { name } } } },
});

describe('HTTP filters', () => {
  const given: Lists = { listeners: [listener('l', 80, { filters: [http('a', 'b', 'c')] })] };

  test.each<[string, JsonObject, JsonValue]>([
    ['ADD', {}, ['a', 'b', 'c', 'x']],
    ['INSERT_FIRST', {}, ['x', 'a', 'b', 'c']],
    ['INSERT_BEFORE', {}, ['x', 'a', 'b', 'c']],
    ['INSERT_AFTER', {}, ['a', 'b', 'c', 'x']],
    ['INSERT_BEFORE', subFilter('b'), ['a', 'x', 'b', 'c']],
    ['INSERT_AFTER', subFilter('b'), ['a', 'b', 'x', 'c']],
    ['INSERT_AFTER', subFilter('c'), ['a', 'b', 'c', 'x']],
    ['INSERT_BEFORE', subFilter('none'), ['a', 'b', 'c']],
    ['REPLACE', subFilter('b'), ['a', 'x', 'c']],
    ['REMOVE', subFilter('b'), ['a', 'c']],
    ['MERGE', subFilter('b'), ['a', 'x', 'c']],
  ])('%s with match %j', (operation, match, wanted) => {
    const patch = { applyTo: 'HTTP_FILTER', match, patch: { operation, value: { name: 'x' } } };
    const { made, problems } = patched({ given, filters: [patch] });
    expect(httpFilters(made)).toEqual([wanted]);
    expect(problems).toEqual([]);
  });

  it('are left alone in other filter chains, ports and contexts', () => {
    const chains: JsonObject[] = [
      {
        name: 'one',
        filter_chain_match: { server_names: ['a.example'], destination_port: 8080 },
        filters: [http('a')],
      },
      {
        name: 'two',
        filter_chain_match: { transport_protocol: 'tls', application_protocols: ['h2', 'x'] },
        filters: [http('a')],
      },
    ];
    const applied = (match: JsonObject, name = 'l'): JsonValue =>
      httpFilters(
        patched({
          given: { listeners: [listener(name, 80, ...chains)] },
          filters: [{ applyTo: 'HTTP_FILTER', match, patch: { operation: 'ADD', value: { name: 'x' } } }],
        }).made,
      );
    const both = [
      ['a', 'x'],
      ['a', 'x'],
    ];
    const first = [['a', 'x'], ['a']];
    const second = [['a'], ['a', 'x']];
    const none = [['a'], ['a']];
    const chain = (filterChain: JsonObject): JsonObject => ({ listener: { filterChain } });
    expect(applied({})).toEqual(both);
    expect(applied({ context: 'SIDECAR_OUTBOUND' })).toEqual(both);
    expect(applied({ context: 'SIDECAR_INBOUND' })).toEqual(none);
    expect(applied({ context: 'GATEWAY' })).toEqual(none);
    expect(applied({ listener: { name: 'l', portNumber: 80 } })).toEqual(both);
    expect(applied({ listener: { name: 'm' } })).toEqual(none);
    expect(applied({ listener: { portNumber: 8080 } })).toEqual(none);
    expect(applied({ listener: { portNumber: 8080 } }, 'virtualInbound')).toEqual(first);
    expect(applied(chain({ name: 'two' }))).toEqual(second);
    expect(applied(chain({ sni: 'a.example' }))).toEqual(first);
    expect(applied(chain({ destinationPort: 8080 }))).toEqual(first);
    expect(applied(chain({ transportProtocol: 'tls' }))).toEqual(second);
    expect(applied(chain({ applicationProtocols: 'x,h2' }))).toEqual(second);
    expect(applied(chain({ applicationProtocols: 'x,h3' }))).toEqual(none);
    expect(applied(chain({ filter: { name: 'other' } }))).toEqual(none);
  });

  it('merge their settings, but not with those of another type', () => {
    const lua = { name: 'a', typed_config: { '@type': LUA_TYPE, stat_prefix: 'p', inline_code: 'one' } };
    const filters = { ...http(), typed_config: { '@type': MANAGER_TYPE, http_filters: [lua] } };
    const merge = (value: JsonObject) =>
      patched({
        given: { listeners: [listener('l', 80, { filters: [filters] })] },
        filters: [{ applyTo: 'HTTP_FILTER', match: subFilter('a'), patch: { operation: 'MERGE', value } }],
      });
    const same = merge({ typed_config: { '@type': LUA_TYPE, inline_code: 'two' } });
    expect(JSON.stringify(same.made)).toContain('"inline_code":"two","stat_prefix":"p"');
    const other = merge({ typed_config: { '@type': TCP_TYPE, cluster: 'c' } });
    expect(JSON.stringify(other.made)).toContain('"inline_code":"one"');
    expect(other.problems).toEqual([
      'f0: spec.configPatches[0] is not merged into a: that has a configuration of type ' +
        'envoy.extensions.filters.http.lua.v3.Lua, and the patch one of type ' +
        'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.',
    ]);
  });
});

describe('network and listener filters', () => {
  const given: Lists = {
    listeners: [
      {
        ...listener('l', 80, { filters: [{ name: 'a' }, tcp()] }),
        listener_filters: [{ name: 'i' }, { name: 'j' }],
      },
    ],
  };
  const network = { listener: { filterChain: { filter: { name: 'a' } } } };
  const inspector = { listener: { listenerFilter: 'i' } };

  test.each<[string, string, JsonObject, JsonValue]>([
    ['NETWORK_FILTER', 'INSERT_AFTER', network, ['a', 'x', 'envoy.filters.network.tcp_proxy']],
    ['NETWORK_FILTER', 'INSERT_BEFORE', {}, ['x', 'a', 'envoy.filters.network.tcp_proxy']],
    ['NETWORK_FILTER', 'REMOVE', network, ['envoy.filters.network.tcp_proxy']],
    ['NETWORK_FILTER', 'REPLACE', network, ['x', 'envoy.filters.network.tcp_proxy']],
    ['LISTENER_FILTER', 'ADD', {}, ['i', 'j', 'x']],
    ['LISTENER_FILTER', 'INSERT_AFTER', inspector, ['i', 'x', 'j']],
    ['LISTENER_FILTER', 'REMOVE', inspector, ['j']],
    ['LISTENER_FILTER', 'REPLACE', inspector, ['x', 'j']],
    ['LISTENER_FILTER', 'MERGE', inspector, ['x', 'j']],
  ])('%s %s with match %j', (applyTo, operation, match, wanted) => {
    const { made } = patched({
      given,
      filters: [{ applyTo, match, patch: { operation, value: { name: 'x' } } }],
    });
    const [chains] = names(made['listeners'] as JsonValue, 'filter_chains', 'filters') as JsonValue[][];
    const [filters] = names(made['listeners'] as JsonValue, 'listener_filters') as JsonValue[];
    expect(applyTo === 'NETWORK_FILTER' ? chains?.[0] : filters).toEqual(wanted);
  });

  it('without a match only filters of the same type are merged', () => {
    const value = { typed_config: { '@type': TCP_TYPE, cluster: 'other' } };
    const { made, problems } = patched({
      given: { listeners: [listener('l', 80, { filters: [http('a')] }, { filters: [tcp()] })] },
      filters: [{ applyTo: 'NETWORK_FILTER', patch: { operation: 'MERGE', value } }],
    });
    expect(made['listeners']).toMatchObject([
      {
        filter_chains: [
          { filters: [{ name: MANAGER }] },
          { filters: [{ typed_config: { cluster: 'other' } }] },
        ],
      },
    ]);
    expect(problems).toEqual([]);
  });
});

describe('listeners and filter chains', () => {
  const given: Lists = {
    listeners: [
      listener('l', 80, { name: 'one', filters: [tcp()] }, { name: 'two', filters: [tcp()] }),
      listener('m', 81),
    ],
  };
  const apply = (
    applyTo: string,
    operation: string,
    match: JsonObject,
    value: JsonObject,
    more: Partial<Setting> = {},
  ) => patched({ given, filters: [{ applyTo, match, patch: { operation, value } }], ...more });

  it('are removed, added and merged into', () => {
    const l = { listener: { name: 'l' } };
    const one = { listener: { filterChain: { name: 'one' } } };
    const chains = (made: Readonly<Record<string, readonly JsonValue[]>>) =>
      names(made['listeners'] as JsonValue, 'filter_chains');
    expect(names(apply('LISTENER', 'REMOVE', l, {}).made['listeners'] as JsonValue)).toEqual(['m']);
    expect(names(apply('LISTENER', 'ADD', {}, { name: 'n' }).made['listeners'] as JsonValue)).toEqual([
      'l',
      'm',
      'n',
    ]);
    expect(apply('LISTENER', 'MERGE', l, { stat_prefix: 's' }).made['listeners']).toMatchObject([
      { name: 'l', stat_prefix: 's' },
      { name: 'm' },
    ]);
    expect(chains(apply('FILTER_CHAIN', 'REMOVE', one, {}).made)).toEqual([['two'], []]);
    expect(chains(apply('FILTER_CHAIN', 'ADD', l, { name: 'x' }).made)).toEqual([['one', 'two', 'x'], []]);
    expect(chains(apply('FILTER_CHAIN', 'MERGE', one, { name: 'uno' }).made)).toEqual([['uno', 'two'], []]);
  });

  it('that are added for any context are added where requests go out', () => {
    const added = (match: JsonObject, direction: 'inbound' | 'outbound') =>
      apply('LISTENER', 'ADD', match, { name: 'n' }, { direction }).made['listeners']?.length;
    expect(added({}, 'inbound')).toBe(2);
    expect(added({ context: 'SIDECAR_INBOUND' }, 'inbound')).toBe(3);
    expect(added({ context: 'SIDECAR_INBOUND' }, 'outbound')).toBe(2);
  });

  it('are not added under a name that is taken', () => {
    const { made, problems } = apply('LISTENER', 'ADD', {}, { name: 'm' });
    expect(made['listeners']).toHaveLength(2);
    expect(problems).toEqual([
      'f0: spec.configPatches[0] adds nothing: there is already something called m.',
    ]);
  });
});

describe('routes', () => {
  const route = (name: string, action: JsonObject = { route: { cluster: 'c' } }): JsonObject => ({
    name,
    match: { prefix: '/' },
    ...action,
  });
  const host = (name: string, domain: string, ...routes: JsonObject[]): JsonObject => ({
    name,
    domains: [domain],
    routes,
  });
  const redirect = { redirect: { path_redirect: '/' } };
  const hosts = [
    host('a', 'a.example', route('r1'), route('r2', redirect)),
    host('b', 'b.example', route('r3')),
  ];
  const given: Lists = {
    routes: [
      { name: '80', virtual_hosts: hosts },
      { name: '90', virtual_hosts: [] },
    ],
  };
  const apply = (applyTo: string, operation: string, match: JsonObject, value: JsonObject) =>
    patched({
      given,
      filters: [{ applyTo, match: { routeConfiguration: match }, patch: { operation, value } }],
    }).made['routes'] as JsonValue;

  test.each<[string, JsonObject, JsonValue]>([
    ['ADD', {}, ['r1', 'r2', 'x']],
    ['INSERT_FIRST', {}, ['x', 'r1', 'r2']],
    ['INSERT_FIRST', { route: { name: 'r2' } }, ['x', 'r1', 'r2']],
    ['INSERT_FIRST', { route: { name: 'none' } }, ['r1', 'r2']],
    ['INSERT_BEFORE', { route: { name: 'r2' } }, ['r1', 'x', 'r2']],
    ['INSERT_BEFORE', {}, ['x', 'r1', 'r2']],
    ['INSERT_AFTER', { route: { name: 'r1' } }, ['r1', 'x', 'r2']],
    ['INSERT_AFTER', {}, ['r1', 'r2', 'x']],
    ['REMOVE', { route: { action: 'REDIRECT' } }, ['r1']],
    ['REMOVE', { route: { action: 'DIRECT_RESPONSE' } }, ['r1', 'r2']],
    ['MERGE', { route: { action: 'ROUTE' } }, ['x', 'r2']],
  ])('%s on host a with match %j', (operation, match, wanted) => {
    const made = apply('HTTP_ROUTE', operation, { vhost: { name: 'a', ...match } }, { name: 'x' });
    expect(names(made, 'virtual_hosts', 'routes')).toEqual([[wanted, ['r3']], []]);
  });

  test.each<[string, JsonObject, JsonValue]>([
    ['REMOVE', { vhost: { domainName: 'b.example' } }, [['a'], []]],
    ['REPLACE', { vhost: { name: 'b' } }, [['a', 'x'], []]],
    ['MERGE', { name: '80', vhost: { name: 'a' } }, [['x', 'b'], []]],
    ['ADD', { portNumber: 90 }, [['a', 'b'], ['x']]],
    ['INSERT_FIRST', { name: '90' }, [['a', 'b'], ['x']]],
  ])('%s of a virtual host with match %j', (operation, match, wanted) => {
    expect(names(apply('VIRTUAL_HOST', operation, match, { name: 'x' }), 'virtual_hosts')).toEqual(wanted);
  });

  test.each<[string, JsonObject, JsonValue]>([
    ['http.8080', { portNumber: 8080 }, true],
    ['http.8080', { portNumber: 80 }, false],
    ['http.8080.10.0.0.1', { portNumber: 8080 }, true],
    ['https.443.web.front.shop', { portNumber: 443, portName: 'web', gateway: 'shop/front' }, true],
    ['https.443.web.front.shop', { gateway: 'shop/back' }, false],
    ['https.443.web.front.shop', { portName: 'tcp' }, false],
  ])('of a gateway, %s with match %j: %s', (name, match, isMeant) => {
    const { made } = patched({
      nodeType: 'router',
      given: { routes: [{ name }] },
      filters: [
        {
          applyTo: 'ROUTE_CONFIGURATION',
          match: { context: 'GATEWAY', routeConfiguration: match },
          patch: { operation: 'MERGE', value: { internal_only_headers: ['x'] } },
        },
      ],
    });
    expect(made['routes']).toEqual([isMeant === true ? { name, internal_only_headers: ['x'] } : { name }]);
  });
});

describe('clusters', () => {
  const web = 'outbound|80|v1|web.shop.svc.cluster.local';
  const tls = (sni: string): JsonObject => ({
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni,
    },
  });
  const merge = (cluster: JsonObject, match: JsonObject, value: JsonObject) =>
    patched({
      given: { clusters: [cluster] },
      filters: [{ applyTo: 'CLUSTER', match: { cluster: match }, patch: { operation: 'MERGE', value } }],
    });

  test.each<[JsonObject, boolean]>([
    [{}, true],
    [{ name: web }, true],
    [{ name: 'other' }, false],
    [{ service: 'web.shop.svc.cluster.local', portNumber: 80, subset: 'v1' }, true],
    [{ service: 'api.shop.svc.cluster.local' }, false],
    [{ portNumber: 81 }, false],
    [{ subset: 'v2' }, false],
  ])('match %j: %s', (match, isMeant) => {
    const { made } = merge({ name: web }, match, { alt_stat_name: 's' });
    expect(made['clusters']).toEqual([isMeant ? { name: web, alt_stat_name: 's' } : { name: web }]);
  });

  it('merge the settings of their transport socket, or get another one', () => {
    const value = { alt_stat_name: 's', transport_socket: tls('b') };
    const same = merge({ name: 'c', transport_socket: tls('a') }, {}, value);
    expect(same.made['clusters']).toEqual([{ name: 'c', alt_stat_name: 's', transport_socket: tls('b') }]);
    const other = merge({ name: 'c', transport_socket: { name: 'raw' } }, {}, value);
    expect(other.made['clusters']).toEqual([{ name: 'c', alt_stat_name: 's', transport_socket: tls('b') }]);
    const chosen = merge(
      { name: 'c', transport_socket_matches: [{ name: 'm', transport_socket: tls('a') }] },
      {},
      value,
    );
    expect(chosen.made['clusters']).toMatchObject([
      { transport_socket_matches: [{ transport_socket: tls('b') }] },
    ]);
    const none = merge(
      { name: 'c', transport_socket_matches: [{ name: 'm', transport_socket: { name: 'raw' } }] },
      {},
      value,
    );
    expect(none.problems).toEqual([expect.stringContaining('does not change the transport of c')]);
  });

  it('are removed, and know who changed them', () => {
    const given = { clusters: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    const { resources } = patched({
      given,
      filters: [
        { applyTo: 'CLUSTER', match: { cluster: { name: 'a' } }, patch: { operation: 'REMOVE' } },
        {
          applyTo: 'CLUSTER',
          match: { cluster: { name: 'b' } },
          patch: { operation: 'MERGE', value: { alt_stat_name: 's' } },
        },
      ],
    });
    expect(resources.map(({ name, changedBy }) => [name, changedBy])).toEqual([
      ['b', [{ kind: 'EnvoyFilter', namespace: 'shop', name: 'f1' }]],
      ['c', undefined],
    ]);
  });
});

describe('the objects', () => {
  const filter = (name: string, namespace: string, spec: JsonObject, created = ''): JsonObject => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace, ...(created !== '' && { creationTimestamp: created }) },
    spec: {
      configPatches: [
        {
          applyTo: 'ROUTE_CONFIGURATION',
          patch: { operation: 'MERGE', value: { internal_only_headers: [name] } },
        },
      ],
      ...spec,
    },
  });
  const order = (filters: JsonObject[], metadata: JsonObject = {}): JsonValue => {
    const { made } = patched({ given: { routes: [{ name: '80' }] }, filters, metadata });
    const [routes = {}] = (made['routes'] ?? []) as readonly JsonObject[];
    return routes['internal_only_headers'] ?? [];
  };

  it('go by priority, then the root namespace first, then by age, then by name', () => {
    const filters = [
      filter('late', 'shop', { priority: 5 }),
      filter('young', 'shop', {}, '2026-02-01T00:00:00Z'),
      filter('old', 'shop', {}, '2026-01-01T00:00:00Z'),
      filter('z', 'istio-system', {}, '2026-03-01T00:00:00Z'),
      filter('a', 'istio-system', {}, '2026-03-01T00:00:00Z'),
      filter('early', 'shop', { priority: -5 }),
      filter('elsewhere', 'other', {}),
    ];
    expect(order(filters)).toEqual(['early', 'a', 'z', 'old', 'young', 'late']);
  });

  it('hold for the workloads that they choose', () => {
    const toGateway = {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'front' }],
    };
    const filters = [
      filter('web', 'shop', { workloadSelector: { labels: { app: 'web' } } }),
      filter('api', 'shop', { workloadSelector: { labels: { app: 'api' } } }),
      filter('front', 'shop', toGateway),
      filter('root', 'istio-system', toGateway),
    ];
    expect(order(filters)).toEqual(['web']);
    const labels = { 'gateway.networking.k8s.io/gateway-name': 'front' };
    expect(order(filters, { LABELS: labels })).toEqual(['front']);
  });

  test.each<[JsonObject, boolean]>([
    [{ proxyVersion: '^1\\.27.*' }, true],
    [{ proxyVersion: '27' }, true],
    [{ proxyVersion: '^1\\.26.*' }, false],
    [{ metadata: { TEAM: 'a' } }, true],
    [{ metadata: { TEAM: 'b' } }, false],
    [{ metadata: { OTHER: 'a' } }, false],
  ])('match proxies by %j: %s', (proxy, isMeant) => {
    const patch = {
      applyTo: 'ROUTE_CONFIGURATION',
      match: { proxy },
      patch: { operation: 'MERGE', value: { internal_only_headers: ['x'] } },
    };
    expect(order([patch], { TEAM: 'a' })).toEqual(isMeant ? ['x'] : []);
  });
});

test.each<[JsonObject, string]>([
  [
    { applyTo: 'BOOTSTRAP', patch: { operation: 'MERGE', value: {} } },
    'BOOTSTRAP is for what a proxy starts with',
  ],
  [{ applyTo: 'CLUSTER', patch: { operation: 'REPLACE', value: {} } }, 'REPLACE can do nothing to a CLUSTER'],
  [
    { applyTo: 'HTTP_ROUTE', patch: { operation: 'REPLACE', value: {} } },
    'REPLACE can do nothing to a HTTP_ROUTE',
  ],
  [{ applyTo: 'CLUSTER', patch: { value: {} } }, 'without an operation can do nothing to a CLUSTER'],
  [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE' } }, 'it has no value'],
  [
    { applyTo: 'CLUSTER', patch: { operation: 'ADD', value: { alt_stat_name: 'x' } } },
    'a CLUSTER that is added needs a name',
  ],
  [
    { applyTo: 'HTTP_FILTER', patch: { operation: 'REMOVE' } },
    'needs match.listener.filterChain.filter.subFilter',
  ],
  [{ applyTo: 'NETWORK_FILTER', patch: { operation: 'REMOVE' } }, 'needs match.listener.filterChain.filter,'],
  [
    { applyTo: 'LISTENER_FILTER', patch: { operation: 'MERGE', value: {} } },
    'needs match.listener.listenerFilter',
  ],
  [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { name: 7 } } }, 'cannot decode field'],
  [
    { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { nom: 'x' } } },
    'is applied without what is not known',
  ],
  [
    {
      applyTo: 'NETWORK_FILTER',
      patch: { operation: 'ADD', value: { typed_config: { '@type': 'type.googleapis.com/a.B' } } },
    },
    'a.B is not in the type registry',
  ],
  [
    { applyTo: 'CLUSTER', match: { proxy: { proxyVersion: '(' } }, patch: { operation: 'REMOVE' } },
    'no regular expression',
  ],
])('the patch %j is a problem of its object, and those beside it are applied', (patch, problem) => {
  const good = { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { alt_stat_name: 's' } } };
  const { made, problems } = patched({ given: { clusters: [{ name: 'c' }] }, filters: [patch, good] });
  expect(problems).toEqual([expect.stringContaining(problem)]);
  expect(problems[0]).toMatch(/^f0: spec\.configPatches\[0\] /);
  expect(made['clusters']).toEqual([{ name: 'c', alt_stat_name: 's' }]);
});
