/** Route configurations whose virtual hosts are compiled when they are called. */

import { type JsonObject, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRouteTable } from '../../../src/proxy/http/route-plan.ts';
import { encodedRoutes, wholeRoutes } from '../../../src/proxy/route/encoded-routes.ts';
import { RouteTable } from '../../../src/proxy/route/route-table.ts';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { request } from './request.ts';

const service = (name: string, ...routes: readonly JsonObject[]): JsonObject => ({
  name,
  domains: [name, `${name}.shop`, `*.${name}`],
  routes: [
    ...routes,
    {
      name: `route of ${name}`,
      match: { prefix: '/' },
      route: { cluster: `to ${name}` },
      metadata: { filter_metadata: { istio: { config: name } } },
      decorator: { operation: name },
    },
  ],
});
const config = (...virtualHosts: readonly JsonObject[]): JsonObject => ({
  name: 'r',
  request_headers_to_add: [{ header: { key: 'x-all', value: '1' } }],
  virtual_hosts: [...virtualHosts],
});
const messageOf = (json: JsonObject) => messageFromJson(RouteConfigurationSchema, json);
const encoded = (json: JsonObject) => encodedRoutes(toBinary(RouteConfigurationSchema, messageOf(json)));

test('answer as if they were compiled at once', () => {
  const json = config(
    service('a'),
    service('b', { match: { path: '/x' }, direct_response: { status: 204 } }),
    service('c', { match: { safe_regex: { regex: '/y.*' } }, redirect: { https_redirect: true } }),
    service('d'),
  );
  const { table: late } = compileRouteTable(encoded(json));
  const whole = new RouteTable(messageOf(json));
  for (const authority of ['a', 'a.shop', 'x.b', 'c', 'C.shop', 'd', 'e']) {
    for (const path of ['/', '/x', '/yes']) {
      const asked = request({ authority, path });
      expect(plain(late.match(asked))).toEqual(plain(whole.match(asked)));
    }
  }
});

/** Without what is bytes in one of them. */
const plain = (result: unknown): unknown =>
  JSON.parse(
    JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );

test('are refused when they could not be decoded later, whatever bytes they are', () => {
  const json = config(service('a'), service('b'));
  const bytes = toBinary(RouteConfigurationSchema, messageOf(json));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = byte;
      try {
        compileRouteTable(encodedRoutes(changed));
      } catch {
        return;
      }
      wholeRoutes(encodedRoutes(changed));
    }),
    { numRuns: 5_000 },
  );
});

test('are shown as they came', () => {
  const json = config(service('a'), service('b'));
  expect(wholeRoutes(encoded(json))).toEqual(messageOf(json));
});

describe('what is not understood is refused though nobody has called it', () => {
  test.each<[string, JsonObject]>([
    [
      'a route that differs from the others',
      { match: { safe_regex: { regex: '(' } }, route: { cluster: 'x' } },
    ],
    ['a route without a destination', { match: { prefix: '/' }, route: {} }],
    ['a route without an action', { match: { prefix: '/' } }],
    ['a weighted destination', { match: { prefix: '/' }, route: { cluster: 'x', cors: {} } }],
  ])('%s', (_, route) => {
    expect(() => new RouteTable(messageOf(config(service('z', route))))).toThrow();
    expect(() =>
      compileRouteTable(encoded(config(service('a'), service('b'), service('z', route)))),
    ).toThrow();
  });

  test('a name that two claim', () => {
    expect(() => compileRouteTable(encoded(config(service('a'), service('a'))))).toThrow('more than one');
  });
});
