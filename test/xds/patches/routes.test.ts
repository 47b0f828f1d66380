import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { type Lists, names, patched } from './patched.ts';

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
