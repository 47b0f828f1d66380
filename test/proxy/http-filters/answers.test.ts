/** Filters that answer themselves, or change headers. */

import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { filterKindOf } from '../../../src/proxy/http-filters/filters.ts';
import { RateLimitSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { FilterRun, packed } from './run-filter.ts';

const HTTP = 'envoy.extensions.filters.http';
const all = { default_value: { numerator: 100 } };

describe('cors', () => {
  const policy = (over: JsonObject = {}) =>
    packed(`${HTTP}.cors.v3.CorsPolicy`, {
      allow_origin_string_match: [{ exact: 'https://a.example' }, { prefix: 'https://b.' }],
      allow_methods: 'GET,POST',
      allow_headers: 'x-a',
      expose_headers: 'x-b',
      max_age: '60',
      allow_credentials: true,
      ...over,
    });
  const run = () => new FilterRun(`${HTTP}.cors.v3.Cors`);
  const preflight = {
    method: 'OPTIONS',
    headers: [
      ['origin', 'https://a.example'],
      ['access-control-request-method', 'GET'],
    ],
  } as const;

  it('answers preflight requests of allowed origins', async () => {
    const { sent, status, headers } = await run().call({ ...preflight, routes: [policy()] });
    expect([sent, status, headers]).toEqual([
      undefined,
      200,
      {
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'x-a',
        'access-control-expose-headers': 'x-b',
        'access-control-max-age': '60',
      },
    ]);
  });

  it('answers with what is asked for where everything is allowed', async () => {
    const everything = policy({ allow_methods: '*', allow_headers: '*' });
    const asked = await run().call({
      ...preflight,
      headers: [...preflight.headers, ['access-control-request-headers', 'x-q, x-r']],
      routes: [everything],
    });
    const bare = await run().call({ ...preflight, routes: [everything] });
    expect(
      [asked, bare].map(({ headers }) => [
        headers['access-control-allow-methods'],
        headers['access-control-allow-headers'],
      ]),
    ).toEqual([
      ['GET', 'x-q, x-r'],
      ['GET', ''],
    ]);
  });

  it('adds its headers to the answers of others', async () => {
    const { headers, status } = await run().call({
      headers: [['origin', 'https://b.example']],
      routes: [policy()],
      response: { status: 404 },
    });
    expect([status, headers]).toEqual([
      404,
      {
        'access-control-allow-origin': 'https://b.example',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'x-b',
      },
    ]);
  });

  it('passes other origins on without a header, and preflight requests too unless they may not', async () => {
    const filter = run();
    const other = {
      ...preflight,
      headers: [
        ['origin', 'https://c.example'],
        ['access-control-request-method', 'GET'],
      ],
    } as const;
    const passed = await filter.call({ ...other, routes: [policy()] });
    const stopped = await filter.call({
      ...other,
      routes: [policy({ forward_not_matching_preflights: false })],
    });
    expect([passed.sent?.path, passed.headers, stopped.sent, stopped.status, stopped.headers]).toEqual([
      '/',
      {},
      undefined,
      200,
      {
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'x-a',
        'access-control-max-age': '60',
      },
    ]);
    expect(filter.stats.counted).toEqual({ 'http.x.cors.origin_invalid': 2 });
  });

  it('takes each setting from the most specific level that has it', async () => {
    const route = packed(`${HTTP}.cors.v3.CorsPolicy`, { allow_methods: 'PUT' });
    const { headers } = await run().call({ ...preflight, routes: [route, policy()] });
    expect(headers['access-control-allow-methods']).toBe('PUT');
    expect(headers['access-control-allow-headers']).toBe('x-a');
  });

  it('does nothing without an origin, or where it is off', async () => {
    const off = policy({ filter_enabled: { default_value: { numerator: 0 } } });
    expect((await run().call({ routes: [policy()] })).headers).toEqual({});
    expect((await run().call({ ...preflight, routes: [off] })).sent?.path).toBe('/');
  });
});

describe('fault', () => {
  const fault = (settings: JsonObject) => new FilterRun(`${HTTP}.fault.v3.HTTPFault`, settings);
  const percentage = { numerator: 100 };

  it.each<[string, JsonObject, readonly (readonly [string, string])[], number | undefined]>([
    ['an abort', { abort: { http_status: 418, percentage } }, [], 418],
    ['a gRPC abort', { abort: { grpc_status: 14, percentage } }, [], 200],
    ['no share', { abort: { http_status: 418 } }, [], undefined],
    ['a header', { abort: { header_abort: {}, percentage } }, [['x-envoy-fault-abort-request', '417']], 417],
    ['a header that is not there', { abort: { header_abort: {}, percentage } }, [], undefined],
    [
      'a header of gRPC',
      { abort: { header_abort: {}, percentage } },
      [['x-envoy-fault-abort-grpc-request', '5']],
      200,
    ],
    [
      'a smaller share by header',
      { abort: { header_abort: {}, percentage } },
      [
        ['x-envoy-fault-abort-request', '417'],
        ['x-envoy-fault-abort-request-percentage', '0'],
      ],
      undefined,
    ],
    [
      'matching headers',
      { abort: { http_status: 418, percentage }, headers: [{ name: 'a', string_match: { exact: 'b' } }] },
      [['a', 'b']],
      418,
    ],
    [
      'other headers',
      { abort: { http_status: 418, percentage }, headers: [{ name: 'a', string_match: { exact: 'b' } }] },
      [['a', 'c']],
      undefined,
    ],
    ['the cluster', { abort: { http_status: 418, percentage }, upstream_cluster: 'backend' }, [], 418],
    [
      'another cluster',
      { abort: { http_status: 418, percentage }, upstream_cluster: 'other' },
      [],
      undefined,
    ],
    [
      'the node',
      { abort: { http_status: 418, percentage }, downstream_nodes: ['n'] },
      [['x-envoy-downstream-service-node', 'n']],
      418,
    ],
    ['another node', { abort: { http_status: 418, percentage }, downstream_nodes: ['n'] }, [], undefined],
  ])('%s', async (_, settings, headers, status) => {
    const { sent, ...outcome } = await fault(settings).call({ headers });
    expect(sent === undefined ? outcome.status : undefined).toBe(status);
    if (sent === undefined) {
      expect(outcome.body.toString()).toBe('fault filter abort');
      expect(outcome.info.responseFlags).toEqual(['FI']);
    }
  });

  it('delays, and then aborts; both are counted, for the client too', async () => {
    const filter = fault({
      delay: { fixed_delay: '0.03s', percentage },
      abort: { http_status: 503, percentage },
    });
    const before = performance.now();
    const { status, info } = await filter.call({ headers: [['x-envoy-downstream-service-cluster', 'web']] });
    expect(performance.now() - before).toBeGreaterThan(25);
    expect([status, info.responseFlags]).toEqual([503, ['DI', 'FI']]);
    expect(filter.stats.counted).toEqual({
      'http.x.fault.delays_injected': 1,
      'http.x.fault.web.delays_injected': 1,
      'http.x.fault.aborts_injected': 1,
      'http.x.fault.web.aborts_injected': 1,
    });
  });

  it('lets requests pass when enough meet a fault already', async () => {
    const filter = fault({ delay: { fixed_delay: '0.05s', percentage }, max_active_faults: 1 });
    const calls = await Promise.all([filter.call({}), filter.call({})]);
    expect(calls.map(({ info }) => info.responseFlags)).toEqual([['DI'], []]);
    expect(filter.stats.counted).toEqual({
      'http.x.fault.delays_injected': 1,
      'http.x.fault.faults_overflow': 1,
    });
  });

  it('follows the route, whose settings are in place of its own', async () => {
    const route = packed(`${HTTP}.fault.v3.HTTPFault`, { abort: { http_status: 400, percentage } });
    expect((await fault({}).call({ routes: [route] })).status).toBe(400);
  });

  it('refuses what it cannot do', () => {
    expect(() => fault({ response_rate_limit: { fixed_limit: { limit_kbps: 1 }, percentage } })).toThrow(
      'response_rate_limit',
    );
  });
});

describe('csrf', () => {
  const run = (over: JsonObject = {}) =>
    new FilterRun(`${HTTP}.csrf.v3.CsrfPolicy`, {
      filter_enabled: all,
      additional_origins: [{ suffix: '.friend.example' }],
      ...over,
    });

  it.each<[string, string, readonly (readonly [string, string])[], boolean]>([
    ['POST from the site', 'POST', [['origin', 'https://a.example']], true],
    ['POST from elsewhere', 'POST', [['origin', 'https://b.example']], false],
    ['POST from a friend', 'POST', [['origin', 'https://www.friend.example']], true],
    ['POST by its referrer', 'POST', [['referer', 'https://a.example/page?x']], true],
    ['POST without a source', 'POST', [], false],
    ['POST from another port', 'POST', [['origin', 'https://a.example:8443']], false],
    ['GET from elsewhere', 'GET', [['origin', 'https://b.example']], true],
  ])('%s', async (_, method, headers, passes) => {
    const { sent, status, body } = await run().call({ method, headers });
    expect(sent !== undefined).toBe(passes);
    if (!passes) expect([status, body.toString()]).toEqual([403, 'Invalid origin']);
  });

  it('only counts in shadow', async () => {
    const filter = run({ filter_enabled: { default_value: { numerator: 0 } }, shadow_enabled: all });
    expect((await filter.call({ method: 'POST' })).sent).toBeDefined();
    expect(filter.stats.counted).toEqual({ 'http.x.csrf.missing_source_origin': 1 });
  });
});

describe('health check', () => {
  const settings = {
    pass_through_mode: false,
    headers: [{ name: ':path', string_match: { exact: '/health' } }],
  };

  it('answers for the proxy, and fails when told to', async () => {
    const filter = new FilterRun(`${HTTP}.health_check.v3.HealthCheck`, settings);
    const well = await filter.call({ path: '/health' });
    filter.failing = true;
    const ill = await filter.call({ path: '/health' });
    const other = await filter.call({ path: '/' });
    expect([well.status, ill.status, ill.info.responseFlags, other.sent?.path]).toEqual([
      200,
      503,
      ['LH'],
      '/',
    ]);
    expect(well.headers).toEqual({ 'x-envoy-upstream-healthchecked-cluster': 'front' });
    expect(other.headers).toEqual({ 'x-envoy-immediate-health-check-fail': 'true' });
    expect([well.info.healthCheck, other.info.healthCheck]).toEqual([true, undefined]);
  });

  it('keeps the answer of the endpoint for a while', async () => {
    const filter = new FilterRun(`${HTTP}.health_check.v3.HealthCheck`, {
      ...settings,
      pass_through_mode: true,
      cache_time: '60s',
    });
    await filter.call({ path: '/health', response: { status: 500 } });
    const { sent, status } = await filter.call({ path: '/health', response: { status: 200 } });
    expect([sent, status]).toEqual([undefined, 500]);
  });
});

describe('local rate limit', () => {
  const settings = {
    stat_prefix: 'limit',
    token_bucket: { max_tokens: 2, tokens_per_fill: 1, fill_interval: '3600s' },
    filter_enabled: all,
    filter_enforced: all,
    response_headers_to_add: [{ header: { key: 'x-limited', value: '%REQ(:method)%' } }],
  };
  const type = `${HTTP}.local_ratelimit.v3.LocalRateLimit`;

  it('refuses beyond the bucket', async () => {
    const filter = new FilterRun(type, { ...settings, enable_x_ratelimit_headers: 'DRAFT_VERSION_03' });
    const calls = [await filter.call({}), await filter.call({}), await filter.call({})];
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(calls.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual(['1', '0', '0']);
    expect(calls[2]?.headers).toMatchObject({ 'x-limited': 'GET', 'x-ratelimit-limit': '2' });
    expect([calls[2]?.body.toString(), calls[2]?.info.responseFlags]).toEqual(['local_rate_limited', ['RL']]);
    expect(filter.stats.counted).toEqual({
      'limit.http_local_rate_limit.enabled': 3,
      'limit.http_local_rate_limit.ok': 2,
      'limit.http_local_rate_limit.rate_limited': 1,
      'limit.http_local_rate_limit.enforced': 1,
    });
  });

  it('only marks requests where it is not enforced', async () => {
    const { filter_enforced: _, ...rest } = settings;
    const filter = new FilterRun(type, {
      ...rest,
      token_bucket: { max_tokens: 1, fill_interval: '3600s' },
      request_headers_to_add_when_not_enforced: [{ header: { key: 'x-over', value: '1' } }],
    });
    await filter.call({});
    expect((await filter.call({})).sent?.headers).toEqual({ 'x-over': '1' });
  });

  it('has buckets for descriptors', async () => {
    const filter = new FilterRun(type, {
      ...settings,
      token_bucket: { max_tokens: 100, fill_interval: '3600s' },
      descriptors: [
        { entries: [{ key: 'user', value: 'ann' }], token_bucket: { max_tokens: 1, fill_interval: '3600s' } },
      ],
    });
    const limit = messageFromJson(RateLimitSchema, {
      actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }],
    });
    const rateLimits = { route: [limit], virtualHost: [], includeVirtualHost: false };
    const ask = async (user: string) =>
      (await filter.call({ rateLimits, headers: [['x-user', user]] })).status;
    expect([await ask('ann'), await ask('bob'), await ask('bob'), await ask('ann')]).toEqual([
      200, 200, 200, 429,
    ]);
  });

  it('has a bucket for each connection when asked to', async () => {
    const filter = new FilterRun(type, {
      ...settings,
      local_rate_limit_per_downstream_connection: true,
      token_bucket: { max_tokens: 1, fill_interval: '3600s' },
    });
    const first = await filter.call({});
    const other = await filter.call({});
    const again = await filter.call({ info: { connection: first.info.connection } });
    expect([first.status, other.status, again.status]).toEqual([200, 200, 429]);
  });

  it('refuses buckets that Envoy refuses', () => {
    expect(
      () => new FilterRun(type, { ...settings, token_bucket: { max_tokens: 1, fill_interval: '0.01s' } }),
    ).toThrow('fill_interval');
  });
});

describe('header mutation', () => {
  it('edits requests and answers, the most specific level first', async () => {
    const mutations: JsonObject = {
      request_mutations: [
        { append: { header: { key: 'x-path', value: '%REQ(:path)%' } } },
        {
          append: { header: { key: ':path', value: '/other' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        },
        { remove: 'x-gone' },
      ],
      response_mutations: [
        {
          append: { header: { key: 'x-level', value: 'base' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        },
        { append: { header: { key: 'x-empty', value: '%REQ(none)%' } } },
      ],
    };
    const type = `${HTTP}.header_mutation.v3.HeaderMutation`;
    const filter = new FilterRun(type, { mutations });
    const level = (value: string) =>
      packed(`${HTTP}.header_mutation.v3.HeaderMutationPerRoute`, {
        mutations: {
          response_mutations: [
            { append: { header: { key: 'x-level', value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
          ],
        },
      });
    const routes = [level('route'), level('virtual host')];
    const { sent, headers } = await filter.call({ headers: [['x-gone', '1']], routes });
    expect(sent).toMatchObject({ path: '/other', headers: { 'x-path': '/' } });
    expect(headers).toEqual({ 'x-level': 'virtual host' });
    const reversed = new FilterRun(type, { mutations, most_specific_header_mutations_wins: true });
    expect((await reversed.call({ routes })).headers).toEqual({ 'x-level': 'route' });
  });
});

describe('header to metadata', () => {
  it('puts values of headers and cookies into metadata', async () => {
    const filter = new FilterRun(`${HTTP}.header_to_metadata.v3.Config`, {
      request_rules: [
        {
          header: 'x-version',
          on_header_present: { metadata_namespace: 'envoy.lb', key: 'version' },
          remove: true,
        },
        {
          header: 'x-none',
          on_header_missing: { metadata_namespace: 'envoy.lb', key: 'none', value: 'yes' },
        },
        { cookie: 'c', on_header_present: { key: 'cookie', type: 'NUMBER' } },
        {
          header: ':path',
          on_header_present: {
            key: 'first',
            regex_value_rewrite: { pattern: { regex: '^/([^/]+)/.*$' }, substitution: '\\1' },
          },
        },
      ],
    });
    const { sent, info } = await filter.call({
      path: '/one/two',
      headers: [
        ['x-version', 'v2'],
        ['cookie', 'a=b; c=7'],
      ],
    });
    expect(Object.fromEntries(info.dynamicMetadata)).toEqual({
      'envoy.lb': { version: 'v2', none: 'yes' },
      'envoy.filters.http.header_to_metadata': { cookie: 7, first: 'one' },
    });
    expect(sent?.headers).toEqual({ cookie: 'a=b; c=7' });
  });
});

it('names filters that it does not know', () => {
  expect(() => filterKindOf(packed(`${HTTP}.lua.v3.Lua`))).toThrow(
    `HTTP filter ${HTTP}.lua.v3.Lua is not supported`,
  );
});
