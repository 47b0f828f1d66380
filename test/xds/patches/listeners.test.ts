import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it, test } from 'vitest';
import { type Lists, type Setting, names, patched } from './patched.ts';

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
    expect(applied(chain({ transportProtocol: 'raw_buffer' }))).toEqual(none);
    expect(applied(chain({ transportProtocol: 'raw_buffer' }), 'virtualInbound')).toEqual(first);
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
