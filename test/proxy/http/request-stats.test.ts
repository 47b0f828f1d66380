/** Statistics of routes and virtual clusters: there while their configuration is, and no longer. */

import { type JsonObject, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { compileRouteTable } from '../../../src/proxy/http/route-plan.ts';
import { requestStatsOf } from '../../../src/proxy/http/request-stats.ts';
import { encodedRoutes } from '../../../src/proxy/route/encoded-routes.ts';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { request } from '../route/request.ts';

function tableOf(...virtualHosts: readonly JsonObject[]) {
  const config = messageFromJson(RouteConfigurationSchema, { name: 'r', virtual_hosts: [...virtualHosts] });
  return compileRouteTable(encodedRoutes(toBinary(RouteConfigurationSchema, config)));
}

const host = (name: string, over: JsonObject = {}): JsonObject => ({
  name,
  domains: [name],
  routes: [
    { match: { prefix: '/fruits' }, stat_prefix: 'fruits', route: { cluster: 'c' } },
    { match: { prefix: '/' }, route: { cluster: 'c' } },
  ],
  ...over,
});

function counted(counts: ReturnType<typeof tableOf>, authority: string, path: string, method = 'GET') {
  const asked = request({ authority, path, method });
  const found = counts.table.find(asked);
  if (found.kind !== 'route') throw new Error('there is no route');
  const clusters: string[] = [];
  for (const { rqTotal } of requestStatsOf(found.compiled, asked, (name) => clusters.push(name)))
    rqTotal.value++;
  return clusters;
}

const totals = (store: StatsStore): Record<string, unknown> =>
  Object.fromEntries(
    store
      .rows()
      .filter(({ name }) => name.endsWith('.upstream_rq_total'))
      .map((row) => [row.name, row.kind === 'histogram' ? undefined : row.value]),
  );

test('are kept for each virtual host, under its name as it is', () => {
  const store = new StatsStore();
  const one = tableOf(host('a.test:80'), host('b.test:80'));
  one.stats.hold(store.root);
  counted(one, 'a.test:80', '/fruits/1');
  counted(one, 'a.test:80', '/other');
  expect(totals(store)).toEqual({
    'vhost.a.test:80.route.fruits.upstream_rq_total': 1,
    'vhost.b.test:80.route.fruits.upstream_rq_total': 0,
  });
});

test('go on when the configuration changes, and go with the last that has them', () => {
  const store = new StatsStore();
  const [before, after, without] = [tableOf(host('a')), tableOf(host('a')), tableOf(host('b'))];
  before.stats.hold(store.root);
  counted(before, 'a', '/fruits');
  after.stats.hold(store.root);
  before.stats.leave();
  counted(after, 'a', '/fruits');
  expect(totals(store)).toEqual({ 'vhost.a.route.fruits.upstream_rq_total': 2 });
  without.stats.hold(store.root);
  after.stats.leave();
  expect(totals(store)).toEqual({ 'vhost.b.route.fruits.upstream_rq_total': 0 });
  without.stats.leave();
  expect(totals(store)).toEqual({});
});

test('of virtual clusters count each request in the first that it fits, or in the one of all others', () => {
  const store = new StatsStore();
  const virtual_clusters = [
    { name: 'posts', headers: [{ name: ':method', string_match: { exact: 'POST' } }] },
    { name: 'carts', headers: [{ name: ':path', string_match: { prefix: '/cart' } }] },
  ];
  const table = tableOf(host('a', { virtual_clusters }));
  table.stats.hold(store.root);
  expect(counted(table, 'a', '/cart', 'POST')).toEqual(['posts']);
  expect(counted(table, 'a', '/cart')).toEqual(['carts']);
  expect(counted(table, 'a', '/fruits')).toEqual(['other']);
  expect(totals(store)).toMatchObject({
    'vhost.a.vcluster.posts.upstream_rq_total': 1,
    'vhost.a.vcluster.carts.upstream_rq_total': 1,
    'vhost.a.vcluster.other.upstream_rq_total': 1,
    'vhost.a.route.fruits.upstream_rq_total': 1,
  });
});
