import { describe, expect, it } from 'vitest';
import { errorsOf, findingsOf, mixerObject, warningsOf } from './findings.ts';

describe('a template whose expressions fit is fine', () => {
  it.each([
    ['apikey', '{api: api.service | "", apiKey: request.api_key, timestamp: request.time}'],
    [
      'authorization',
      '{subject: {user: source.user, properties: {ip: source.ip}}, action: {path: request.path, properties: {a: \'"b"\'}}}',
    ],
    ['checknothing', '{}'],
    [
      'edge',
      '{timestamp: request.time, sourceUid: source.uid | "Unknown", destination_service_name: destination.service.name}',
    ],
    ['kubernetes', '{sourceUid: source.uid, source_ip: source.ip, destinationPort: destination.port}'],
    ['listentry', '{value: \'source.labels["version"]\'}'],
    [
      'logentry',
      '{severity: \'"info"\', timestamp: request.time, variables: {latency: response.duration | "0ms", code: response.code | 0}}',
    ],
    [
      'metric',
      '{value: request.size | 0, dimensions: {reporter: \'conditional((context.reporter.kind | "inbound") == "outbound", "a", "b")\'}}',
    ],
    ['quota', '{dimensions: {source: \'request.headers["x-forwarded-for"] | "unknown"\'}}'],
    ['reportnothing', '{}'],
    [
      'tracespan',
      '{traceId: \'request.headers["x-b3-traceid"]\', startTime: request.time, endTime: response.time, httpStatusCode: response.code | 0, clientSpan: connection.mtls, sourceIp: source.ip, spanTags: {a: request.host}}',
    ],
  ])('%s %s', async (kind, spec) => {
    expect(await findingsOf(mixerObject(kind, spec))).toEqual([]);
  });
});

describe('a template with an expression of the wrong type is refused at its field', () => {
  it.each([
    ['apikey', '{api: response.code}', 'spec.api'],
    ['authorization', '{subject: {user: source.ip}}', 'spec.subject.user'],
    ['authorization', '{action: {properties: {a: request.path +}}}', 'spec.action.properties.a'],
    ['edge', '{timestamp: request.path}', 'spec.timestamp'],
    ['kubernetes', '{sourceIp: source.uid}', 'spec.sourceIp'],
    ['kubernetes', '{destinationPort: \'"80"\'}', 'spec.destinationPort'],
    [
      'kubernetes',
      '{attributeBindings: {source.labels: $out.source_pod_name}}',
      'spec.attributeBindings["source.labels"]',
    ],
    ['listentry', '{value: source.ip | "0.0.0.0"}', 'spec.value'],
    ['logentry', '{severity: \'"5s"\'}', 'spec.severity'],
    ['logentry', '{timestamp: request.time | "now"}', 'spec.timestamp'],
    ['logentry', '{variables: {a: response.code | ""}}', 'spec.variables.a'],
    ['logentry', '{monitored_resource_type: 5}', 'spec.monitored_resource_type'],
    ['metric', '{dimensions: {a: ""}}', 'spec.dimensions.a'],
    ['quota', '{dimensions: {a: nosuch(request.path)}}', 'spec.dimensions.a'],
    ['tracespan', '{clientSpan: \'"true"\'}', 'spec.clientSpan'],
    ['checknothing', '{a: b}', 'spec.a'],
  ])('%s %s: %s', async (kind, spec, path) => {
    expect(await errorsOf(mixerObject(kind, spec))).toEqual([path]);
  });
});

it('a fault is told with its place inside the expression', async () => {
  expect(await findingsOf(mixerObject('metric', '{value: \'request.size | "5"\'}'))).toEqual([
    'Error spec.value: character 16 of the expression: the default has type STRING, the value INT64',
  ]);
});

it.each([
  ['quota', '{dimensions: {a: destination.service.name | unknown}}', 'spec.dimensions.a'],
  ['listentry', '{}', 'spec.value'],
  ['metric', '{value: source.ip}', 'spec.value'],
  ['kubernetes', '{attributeBindings: {my.name: $out.source_pod_name}}', 'spec.attributeBindings["my.name"]'],
])('%s %s is accepted with a warning', async (kind, spec, path) => {
  expect(await warningsOf(mixerObject(kind, spec))).toEqual([path]);
  expect(await errorsOf(mixerObject(kind, spec))).toEqual([]);
});

it('expressions in the Common Expression Language are left alone', async () => {
  const spec = '{value: "!has(request.size) ? 0 : request.size"}';
  expect(await findingsOf(mixerObject('metric', spec, '{policy.istio.io/lang: CEL}'))).toEqual([]);
  expect(await errorsOf(mixerObject('metric', spec, '{policy.istio.io/lang: COMPAT}'))).toEqual([
    'spec.value',
  ]);
});
