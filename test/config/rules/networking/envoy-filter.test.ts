import { describe, expect, it } from 'vitest';
import { findingsOn, placesOn } from './check-spec.ts';

const MANAGER = 'envoy.filters.network.http_connection_manager';
const REMOVE = { operation: 'REMOVE' };
const LUA = 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua';

const patches = (...configPatches: readonly object[]): object => ({ configPatches });
const PATCH = 'spec.configPatches[0]';

describe('an EnvoyFilter', () => {
  it.each([
    [{}, []],
    [{ workloadSelector: { labels: { app: 'a' } } }, []],
    [{ workloadSelector: {} }, ['Warning spec.workloadSelector']],
    [{ workloadSelector: { labels: { a: '*' } } }, ['Error spec.workloadSelector.labels.a']],
    [{ targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }] }, []],
    [{ targetRefs: [{ kind: 'Service', name: 'a' }] }, []],
    [
      { targetRefs: [{ kind: 'Service', name: 'a', namespace: 'b' }] },
      ['Error spec.targetRefs[0].namespace'],
    ],
    [{ targetRefs: [{ kind: 'Pod', name: 'a' }] }, ['Warning spec.targetRefs[0].kind']],
    [{ targetRefs: [{ kind: 'Service' }] }, ['Error spec.targetRefs[0].name']],
    [
      { targetRefs: [{ kind: 'Service', name: 'a' }], workloadSelector: { labels: { a: 'b' } } },
      ['Error spec.targetRefs'],
    ],
  ])('%o', async (spec, places) => {
    expect(await placesOn('EnvoyFilter', spec)).toEqual(places);
  });

  it.each([
    [{ applyTo: 'LISTENER', patch: REMOVE }, []],
    [{ patch: REMOVE }, [`Error ${PATCH}.applyTo`]],
    [{ applyTo: 'LISTENERS', patch: REMOVE }, [`Error ${PATCH}.applyTo`]],
    [{ applyTo: 'LISTENER' }, [`Error ${PATCH}.patch`]],
    [{ applyTo: 'LISTENER', patch: {} }, [`Error ${PATCH}.patch.operation`]],
    [{ applyTo: 'LISTENER', patch: { operation: 'ADD' } }, [`Error ${PATCH}.patch.value`]],
    [
      { applyTo: 'LISTENER', patch: { operation: 'ADDED' } },
      expect.arrayContaining([`Error ${PATCH}.patch.operation`]),
    ],
    [
      { applyTo: 'LISTENER', patch: { ...REMOVE, filterClass: 'AUTH' } },
      [`Error ${PATCH}.patch.filterClass`],
    ],
  ])('with the patch %o', async (patch, places) => {
    expect(await placesOn('EnvoyFilter', patches(patch))).toEqual(places);
  });
});

describe('the match of a patch', () => {
  const MATCH = `${PATCH}.match`;

  it.each([
    ['LISTENER', { listener: {} }, []],
    ['LISTENER', { cluster: {} }, [`Error ${MATCH}.cluster`]],
    ['FILTER_CHAIN', { routeConfiguration: {} }, [`Error ${MATCH}.routeConfiguration`]],
    ['NETWORK_FILTER', { cluster: {} }, [`Error ${MATCH}.cluster`]],
    ['HTTP_FILTER', { cluster: {} }, [`Error ${MATCH}.cluster`]],
    ['VIRTUAL_HOST', { routeConfiguration: { vhost: { route: { action: 'ANY' } } } }, []],
    ['VIRTUAL_HOST', { listener: {} }, [`Error ${MATCH}.listener`]],
    ['ROUTE_CONFIGURATION', { cluster: {} }, [`Error ${MATCH}.cluster`]],
    ['HTTP_ROUTE', { cluster: {} }, [`Error ${MATCH}.cluster`]],
    ['CLUSTER', { cluster: { service: 'a.b' } }, []],
    ['CLUSTER', { listener: {} }, [`Error ${MATCH}.listener`]],
    ['EXTENSION_CONFIG', { listener: {} }, []],
    ['CLUSTER', { cluster: {}, listener: {} }, [`Error ${MATCH}.cluster`, `Error ${MATCH}.listener`]],
    ['LISTENER', { context: 'GATEWAYS' }, [`Error ${MATCH}.context`]],
    ['LISTENER', { proxy: { proxyVersion: '^1\\.2.*' } }, []],
    ['LISTENER', { proxy: { proxyVersion: '1++' } }, [`Error ${MATCH}.proxy.proxyVersion`]],
    ['LISTENER', { proxy: { proxyVersion: '(?=1)' } }, [`Error ${MATCH}.proxy.proxyVersion`]],
    ['LISTENER', { proxy: { proxyVersion: 'a{100}'.repeat(200) } }, [`Warning ${MATCH}.proxy.proxyVersion`]],
  ])('on %s: %o', async (applyTo, match, places) => {
    expect(await placesOn('EnvoyFilter', patches({ applyTo, match, patch: REMOVE }))).toEqual(places);
  });

  it.each([
    ['HTTP_FILTER', { name: MANAGER }, []],
    ['HTTP_FILTER', { name: MANAGER, subFilter: { name: 'envoy.filters.http.router' } }, []],
    ['NETWORK_FILTER', { name: 'envoy.filters.network.tcp_proxy' }, []],
    ['NETWORK_FILTER', {}, ['Error name']],
    ['LISTENER', { name: 'x' }, ['Warning ']],
    ['FILTER_CHAIN', { name: 'x' }, ['Warning ']],
    ['NETWORK_FILTER', { name: MANAGER, subFilter: { name: 'x' } }, ['Error subFilter']],
    ['HTTP_FILTER', { name: 'x', subFilter: { name: 'x' } }, ['Error name']],
    ['HTTP_FILTER', { name: MANAGER, subFilter: {} }, ['Error subFilter.name']],
    ['NETWORK_FILTER', { name: 'envoy.tcp_proxy' }, ['Warning name']],
    [
      'HTTP_FILTER',
      { name: 'envoy.http_connection_manager', subFilter: { name: 'envoy.lua' } },
      ['Warning name', 'Warning subFilter.name'],
    ],
    ['HTTP_FILTER', { name: MANAGER, subFilter: { name: 'envoy.ext_authz' } }, ['Warning subFilter.name']],
  ])('on %s names the filter %o', async (applyTo, filter, places) => {
    const match = { listener: { filterChain: { filter } } };
    const found = await placesOn('EnvoyFilter', patches({ applyTo, match, patch: REMOVE }));
    const place = `${MATCH}.listener.filterChain.filter`;
    expect(found).toEqual(
      places.map((one) => one.replace(/ (.*)/, (_, field) => ` ${place}${field === '' ? '' : '.'}${field}`)),
    );
  });

  it('says what a filter is called now', async () => {
    const match = { listener: { filterChain: { filter: { name: 'envoy.redis_proxy' } } } };
    const [finding] = await findingsOn(
      'EnvoyFilter',
      patches({ applyTo: 'NETWORK_FILTER', match, patch: REMOVE }),
    );
    expect(finding?.message).toContain('envoy.filters.network.redis_proxy');
  });

  it.each([
    [{ context: 'WAYPOINT', waypoint: { filter: { name: MANAGER } } }, []],
    [{ context: 'WAYPOINT', waypoint: { portNumber: 0 } }, [`Error ${MATCH}.waypoint.portNumber`]],
    [{ context: 'WAYPOINT' }, [`Error ${MATCH}`]],
    [{ context: 'WAYPOINT', listener: {} }, [`Error ${MATCH}`]],
    [{ context: 'GATEWAY', waypoint: {} }, [`Error ${MATCH}`]],
    [{ waypoint: {} }, [`Error ${MATCH}`]],
  ])('in a waypoint: %o', async (match, places) => {
    expect(await placesOn('EnvoyFilter', patches({ applyTo: 'HTTP_FILTER', match, patch: REMOVE }))).toEqual(
      places,
    );
  });
});

describe('the value of a patch', () => {
  const VALUE = `${PATCH}.patch.value`;
  const place = (text: string): string => text.replace(' ', ` ${VALUE}`);
  const valueOf = (applyTo: string, value: unknown): object =>
    patches({ applyTo, patch: { operation: 'ADD', value } });

  it.each([
    ['CLUSTER', { name: 'a', lb_policy: 'RING_HASH', connect_timeout: '500ms', dnsRefreshRate: '5s' }],
    [
      'CLUSTER',
      {
        lb_policy: 2,
        per_connection_buffer_limit_bytes: '1024',
        metadata: { filter_metadata: { a: { b: [1] } } },
      },
    ],
    [
      'HTTP_FILTER',
      { name: 'lua', typed_config: { '@type': LUA, default_source_code: { inline_string: 'x' } } },
    ],
    ['HTTP_FILTER', { name: 'ecds', config_discovery: { config_source: { ads: {} }, type_urls: ['a'] } }],
    [
      'HTTP_FILTER',
      {
        name: 'a',
        typed_config: {
          '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
          type_url: 'a/b',
          value: { any: 1 },
        },
      },
    ],
    [
      'HTTP_FILTER',
      { name: 'a', typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'x' } },
    ],
    [
      'NETWORK_FILTER',
      {
        name: MANAGER,
        typed_config: {
          '@type': `type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
          upgrade_configs: [{ upgrade_type: 'websocket' }],
        },
      },
    ],
    ['HTTP_ROUTE', { route: { rate_limits: [{ actions: [{ remote_address: {} }] }] } }],
    ['VIRTUAL_HOST', { name: 'a', domains: ['*'] }],
    ['ROUTE_CONFIGURATION', { request_headers_to_remove: ['a'] }],
    ['LISTENER', { name: 'a', address: { socket_address: { address: '::', port_value: 80 } } }],
    [
      'FILTER_CHAIN',
      { filter_chain_match: { prefix_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] } },
    ],
    ['BOOTSTRAP', { stats_flush_interval: '1s' }],
  ])('of %s may be %o', async (applyTo, value) => {
    expect(await placesOn('EnvoyFilter', valueOf(applyTo, value))).toEqual([]);
  });

  it.each([
    ['CLUSTER', { name: false }, ['Error .name']],
    ['CLUSTER', { lb_policy: 'RINGHASH' }, ['Error .lb_policy']],
    ['CLUSTER', { lb_policy: true }, ['Error .lb_policy']],
    ['CLUSTER', { connect_timeout: 5 }, ['Error .connect_timeout']],
    ['CLUSTER', { connect_timeout: 'soon' }, ['Error .connect_timeout']],
    ['CLUSTER', { respect_dns_ttl: 'true' }, ['Error .respect_dns_ttl']],
    ['CLUSTER', { max_requests_per_connection: -1 }, ['Error .max_requests_per_connection']],
    ['CLUSTER', { max_requests_per_connection: 1.5 }, ['Error .max_requests_per_connection']],
    ['CLUSTER', { max_requests_per_connection: 'x' }, ['Error .max_requests_per_connection']],
    ['CLUSTER', { health_checks: {} }, ['Error .health_checks']],
    ['CLUSTER', { health_checks: [1] }, ['Error .health_checks[0]']],
    ['CLUSTER', { typed_extension_protocol_options: [] }, ['Error .typed_extension_protocol_options']],
    [
      'CLUSTER',
      { typed_extension_protocol_options: { a: {} } },
      ['Error .typed_extension_protocol_options.a'],
    ],
    ['CLUSTER', { circuit_breakers: 'x' }, ['Error .circuit_breakers']],
    ['CLUSTER', { lb_polic: 'RING_HASH' }, ['Warning .lb_polic']],
    ['HTTP_FILTER', {}, ['Warning ']],
    ['HTTP_FILTER', { name: 'envoy.lua' }, ['Warning ']],
    ['HTTP_FILTER', { name: 'a', typed_config: { inline_code: 'x' } }, ['Error .typed_config']],
    ['HTTP_FILTER', { name: 'a', typed_config: { '@type': 5 } }, ['Error .typed_config["@type"]']],
    [
      'HTTP_FILTER',
      { name: 'a', typed_config: { '@type': 'type.googleapis.com/a.B' } },
      ['Error .typed_config["@type"]'],
    ],
    [
      'HTTP_FILTER',
      { name: 'a', typed_config: { '@type': 'type.googleapis.com/constructor.B' } },
      ['Error .typed_config["@type"]'],
    ],
    [
      'HTTP_FILTER',
      { name: 'a', typed_config: { '@type': LUA, inline: 'x' } },
      ['Warning .typed_config.inline'],
    ],
    [
      'HTTP_FILTER',
      { name: 'a', typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue' } },
      ['Error .typed_config'],
    ],
    [
      'HTTP_FILTER',
      { name: 'a', typed_config: { '@type': 'type.googleapis.com/google.protobuf.BoolValue', value: 'x' } },
      ['Error .typed_config.value'],
    ],
    [
      'FILTER_CHAIN',
      { filters: [{ name: 'a', config: {} }] },
      ['Warning .filters[0]', 'Warning .filters[0].config'],
    ],
  ])('of %s may not be %o', async (applyTo, value, places) => {
    expect(await placesOn('EnvoyFilter', valueOf(applyTo, value))).toEqual(places.map(place));
  });

  it('names the type of today for one of the v2 API', async () => {
    const typed = { '@type': 'type.googleapis.com/envoy.config.filter.http.lua.v2.Lua' };
    const [finding] = await findingsOn(
      'EnvoyFilter',
      valueOf('HTTP_FILTER', { name: 'lua', typed_config: typed }),
    );
    expect(finding).toMatchObject({
      level: 'Error',
      hint: expect.stringContaining('envoy.extensions.filters.http.lua.v3.Lua'),
    });
  });

  it('is read to a bounded depth', async () => {
    let rule: object = { any: true };
    for (let depth = 0; depth < 2000; depth++) rule = { not_rule: rule };
    const typed = {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: { policies: { a: { permissions: [rule] } } },
    };
    expect(
      await placesOn('EnvoyFilter', valueOf('HTTP_FILTER', { name: 'rbac', typed_config: typed })),
    ).toEqual([]);
  });
});

describe('a filter in the form of release 1.2', () => {
  const FILTER = { filterType: 'HTTP', filterName: 'envoy.lua', filterConfig: { inlineCode: 'x' } };
  const deprecated = 'Warning spec.filters';

  it.each([
    [FILTER, []],
    [{ ...FILTER, listenerMatch: { listenerType: 'GATEWAY', listenerProtocol: 'HTTP', portNumber: 80 } }, []],
    [{ ...FILTER, insertPosition: { index: 'BEFORE', relativeTo: 'a' } }, []],
    [{ ...FILTER, insertPosition: { index: 'AFTER' } }, ['Error spec.filters[0].insertPosition.relativeTo']],
    [{ ...FILTER, filterType: undefined }, ['Error spec.filters[0].filterType']],
    [{ ...FILTER, filterType: 'TCP' }, ['Error spec.filters[0].filterType']],
    [{ ...FILTER, filterName: '' }, ['Error spec.filters[0].filterName']],
    [{ ...FILTER, filterConfig: undefined }, ['Error spec.filters[0].filterConfig']],
  ])('is deprecated: %o', async (filter, places) => {
    expect(await placesOn('EnvoyFilter', { filters: [filter] })).toEqual([...places, deprecated]);
  });

  it('may have workloadLabels, which are deprecated too', async () => {
    expect(await placesOn('EnvoyFilter', { workloadLabels: { app: 'a' }, filters: [FILTER] })).toEqual([
      deprecated,
      'Warning spec.workloadLabels',
    ]);
  });
});
