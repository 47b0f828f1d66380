/** JSON to bytes, beside the library that reads the same JSON to a message. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DescMessage, type JsonValue, fromBinary, fromJson, toJson } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonProblemError, encodeJson } from '../../../src/proxy/bootstrap/json-encoder.ts';
import { readYaml } from '../../../src/proxy/bootstrap/read-message.ts';
import { BootstrapSchema } from '../../../src/xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { MetadataSchema, NodeSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { RouteSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { REGISTRY } from '../../../src/xds/proto/registry.ts';
import { SHARED, hasShared } from '../../conformance/cases.ts';

const BOOTSTRAPS = join(SHARED, 'conformance/bootstrap');

function expectSame(schema: DescMessage, json: JsonValue): void {
  const expected = fromJson(schema, json, { registry: REGISTRY });
  const found = fromBinary(schema, encodeJson(schema, json));
  expect(toJson(schema, found, { registry: REGISTRY })).toEqual(
    toJson(schema, expected, { registry: REGISTRY }),
  );
}

function problem(schema: DescMessage, json: JsonValue): JsonProblemError['problem'] | undefined {
  try {
    encodeJson(schema, json);
    return undefined;
  } catch (error) {
    if (error instanceof JsonProblemError) return error.problem;
    throw error;
  }
}

describe('what the library reads is read alike', () => {
  test.each<[string, DescMessage, JsonValue]>([
    ['single values', NodeSchema, { id: 'a', cluster: '', user_agent_name: 'ü€😀' }],
    ['a long text', NodeSchema, { id: 'x'.repeat(300_000), cluster: 'c' }],
    ['texts in a list', NodeSchema, { client_features: ['', 'a', 'é'] }],
    ['wrappers', ClusterSchema, { per_connection_buffer_limit_bytes: 0, max_requests_per_connection: 3 }],
    ['zeros', ClusterSchema, { name: '', respect_dns_ttl: false, type: 'STATIC', lb_policy: 0 }],
    [
      'durations',
      ClusterSchema,
      { connect_timeout: '0.25s', dns_refresh_rate: '5s', cleanup_interval: '0s' },
    ],
    ['a long duration', ClusterSchema, { connect_timeout: '315576000000s' }],
    ['names in the other spelling', ClusterSchema, { lbPolicy: 'MAGLEV', connectTimeout: '1s' }],
    ['numbers as texts', ClusterSchema, { per_connection_buffer_limit_bytes: '32768' }],
    ['an enumeration by number', ClusterSchema, { lb_policy: 5 }],
    ['a oneof of enumerations', ClusterSchema, { type: 'EDS' }],
    [
      'values of every kind',
      MetadataSchema,
      {
        filter_metadata: {
          a: { n: null, t: true, f: false, d: -1.5, z: 0, s: '', l: [1, [], {}], m: { x: {} } },
        },
      },
    ],
    ['empty maps and lists', MetadataSchema, { filter_metadata: {} }],
    [
      'doubles, floats and big numbers',
      ClusterSchema,
      {
        common_lb_config: { healthy_panic_threshold: { value: 12.5 } },
        ring_hash_lb_config: { minimum_ring_size: '18446744073709551615' },
      },
    ],
    [
      'a map of texts',
      RouteSchema,
      { match: { prefix: '/' }, typed_per_filter_config: {}, metadata: { filter_metadata: { x: {} } } },
    ],
    [
      'extensions within extensions',
      RouteSchema,
      {
        route: {
          cluster: 'c',
          retry_policy: {
            retry_host_predicate: [
              {
                name: 'p',
                typed_config: {
                  '@type':
                    'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
                },
              },
            ],
          },
        },
      },
    ],
  ])('%s', (_, schema, json) => expectSame(schema, json));

  test('values of any kind, as metadata has them', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        // -0 is a number that JSON does not keep.
        const json = JSON.parse(JSON.stringify({ filter_metadata: { any: fields } })) as JsonValue;
        expectSame(MetadataSchema, json);
      }),
      { numRuns: 300 },
    );
  });

  test.runIf(hasShared('conformance/bootstrap'))(
    'bootstraps of others (../shared/conformance/bootstrap)',
    () => {
      let read = 0;
      for (const name of readdirSync(BOOTSTRAPS).filter((one) => one.endsWith('.yaml'))) {
        const json = readYaml(readFileSync(join(BOOTSTRAPS, name), 'utf8'), name);
        if (problem(BootstrapSchema, json) !== undefined) continue;
        expectSame(BootstrapSchema, json);
        read++;
      }
      expect(read).toBeGreaterThan(20);
    },
  );
});

/** The value with one inside it, wherever the numbers lead, replaced. */
function changed(json: JsonValue, steps: readonly number[], by: JsonValue): JsonValue {
  const [step = 0, ...further] = steps;
  const names = typeof json === 'object' && json !== null ? Object.keys(json) : [];
  const name = names[step % names.length];
  if (steps.length === 0 || name === undefined) return by;
  if (Array.isArray(json)) return json.with(Number(name), changed(json[Number(name)] ?? null, further, by));
  const object = json as { readonly [name: string]: JsonValue };
  return { ...object, [name]: changed(object[name] ?? null, further, by) };
}

test.runIf(hasShared('conformance/bootstrap'))(
  'whatever stands in bootstraps of others (../shared/conformance/bootstrap) is read as the library reads it, or refused',
  () => {
    const good = readdirSync(BOOTSTRAPS)
      .filter((one) => one.endsWith('.yaml'))
      .map((name) => readYaml(readFileSync(join(BOOTSTRAPS, name), 'utf8'), name))
      .filter((json) => problem(BootstrapSchema, json) === undefined);
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>,
      fc.constantFrom<JsonValue[]>(
        '-1s',
        '1.5s',
        '00s',
        '1e3',
        '0x1',
        'aGk=',
        '\ud800',
        'STATIC',
        -1,
        1e21,
        4294967296,
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.array(fc.nat(9), { maxLength: 14 }),
        odd,
        (json, steps, by) => {
          const other = changed(json, steps, by);
          if (problem(BootstrapSchema, other) === undefined) expectSame(BootstrapSchema, other);
        },
      ),
      { numRuns: 2_000 },
    );
  },
);

describe('what is wrong is told with its place', () => {
  test.each<[JsonValue, string, string]>([
    [{ connect_timeout: 'soon' }, 'connect_timeout', 'cannot read'],
    [{ name: 'a', lb_policy: 'BEST' }, 'lb_policy', 'cannot read'],
    [
      { load_assignment: { endpoints: [{ priority: -1 }] } },
      'load_assignment.endpoints[0].priority',
      'cannot read',
    ],
    [{ metadata: { filter_metadata: { 'a.b': [] } } }, 'metadata.filter_metadata[a.b]', 'must be a map'],
    [{ connect_timeout: '1s', connectTimeout: '2s' }, '', 'is set more than once'],
    [{ type: 'STATIC', cluster_type: { name: 'x' } }, '', 'is set more than once'],
    [{ transport_socket: { typed_config: { name: 1 } } }, 'transport_socket.typed_config', 'has no "@type"'],
    [{ health_checks: [{}, { timeot: '1s' }] }, 'health_checks[1].timeot', 'has no field'],
    [{ name: 'a\ud800' }, 'name', 'half a character'],
    [{ health_checks: [null] }, 'health_checks[0]', 'but is empty'],
  ])('%j', (json, path, words) => {
    const found = problem(ClusterSchema, json);
    expect(found?.path).toBe(path);
    expect(found?.message).toContain(words);
  });

  test('levels without end', () => {
    let value: JsonValue = 1;
    for (let level = 0; level < 200; level++) value = [value];
    expect(problem(MetadataSchema, { filter_metadata: { a: { b: value } } })?.message).toContain('levels');
  });
});
