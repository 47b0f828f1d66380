import { describe, expect, test } from 'vitest';
import { validationOf } from '../core/run-rules.ts';

const telemetry = (spec: string): string =>
  `{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: x}, spec: ${spec}}`;
const tags = (text: string): string => `{metrics: [{overrides: [{tagOverrides: ${text}}]}]}`;
const custom = (text: string): string => `{tracing: [{customTags: ${text}}]}`;
const TAGS = 'spec.metrics[0].overrides[0].tagOverrides';

describe('a Telemetry', () => {
  test.each([
    '{}',
    '{tracing: [{providers: [{name: a}], randomSamplingPercentage: 12.5, match: {mode: CLIENT}}]}',
    '{tracing: [{randomSamplingPercentage: 100, disableContextPropagation: true}]}',
    custom(
      '{a: {literal: {value: b}}, c: {environment: {name: d, defaultValue: e}}, f: {header: {name: g}}, h: {formatter: {value: "%X%"}}}',
    ),
    tags(
      '{a: {value: request.host}, b: {operation: UPSERT, value: "string(destination.port)"}, c: {operation: REMOVE}}',
    ),
    '{metrics: [{reportingInterval: 1.5ms, overrides: [{match: {metric: REQUEST_COUNT, mode: SERVER}, disabled: true}]}]}',
    '{metrics: [{overrides: [{match: {customMetric: a}}]}]}',
    '{accessLogging: [{filter: {expression: "response.code >= 400"}, providers: [{name: a}, {name: b}]}]}',
    '{selector: {matchLabels: {app: a}}}',
    '{targetRefs: [{kind: Service, name: a}]}',
  ])('with the spec %s is fine', async (spec) => {
    expect(await validationOf(telemetry(spec))).toEqual([]);
  });

  test.each([
    ['{tracing: [{}, {}]}', 'Warning Questionable spec.tracing[1]'],
    ['{tracing: [{providers: [{name: a}, {name: b}]}]}', 'Warning Questionable spec.tracing[0].providers[1]'],
    ['{tracing: [{providers: [{name: ""}]}]}', 'Error InvalidValue spec.tracing[0].providers[0].name'],
    ['{accessLogging: [{providers: [{}]}]}', 'Error MissingField spec.accessLogging[0].providers[0].name'],
    [
      '{tracing: [{randomSamplingPercentage: 100.1}]}',
      'Error InvalidValue spec.tracing[0].randomSamplingPercentage',
    ],
    [
      '{tracing: [{randomSamplingPercentage: -1}]}',
      'Error InvalidValue spec.tracing[0].randomSamplingPercentage',
    ],
    [custom('{"": {literal: {value: a}}}'), 'Error InvalidValue spec.tracing[0].customTags[""]'],
    [custom('{a: {}}'), 'Warning Questionable spec.tracing[0].customTags.a'],
    [custom('{a: {literal: {value: ""}}}'), 'Error InvalidValue spec.tracing[0].customTags.a.literal.value'],
    [custom('{a: {header: {}}}'), 'Error MissingField spec.tracing[0].customTags.a.header.name'],
    [
      custom('{a: {literal: {value: b}, header: {name: c}}}'),
      'Error ExclusiveFields spec.tracing[0].customTags.a.header',
    ],
    [tags('{a: {}}'), `Error MissingField ${TAGS}.a.value`],
    [tags('{a: {operation: UPSERT, value: ""}}'), `Error MissingField ${TAGS}.a.value`],
    [tags('{a: {operation: REMOVE, value: b}}'), `Error InvalidValue ${TAGS}.a.value`],
    [tags('{a: {operation: ADD, value: b}}'), `Error InvalidValue ${TAGS}.a.operation`],
    [tags('{a: {value: "request."}}'), `Warning Questionable ${TAGS}.a.value`],
    [tags('{"": {value: a}}'), `Warning Questionable ${TAGS}[""]`],
    [
      '{metrics: [{overrides: [{match: {customMetric: ""}}]}]}',
      'Error InvalidValue spec.metrics[0].overrides[0].match.customMetric',
    ],
    [
      '{metrics: [{overrides: [{match: {customMetric: a, metric: REQUEST_SIZE}}]}]}',
      'Error ExclusiveFields spec.metrics[0].overrides[0].match.customMetric',
    ],
    ['{metrics: [{reportingInterval: 0s}]}', 'Error InvalidValue spec.metrics[0].reportingInterval'],
    [
      '{metrics: [{reportingInterval: 999999h9999999999999s}]}',
      'Error InvalidValue spec.metrics[0].reportingInterval',
    ],
    [
      '{accessLogging: [{filter: {expression: "response.code = 400"}}]}',
      'Error InvalidValue spec.accessLogging[0].filter.expression',
    ],
    ['{accessLogging: [{filter: {}}]}', 'Error InvalidValue spec.accessLogging[0].filter.expression'],
    ['{selector: {}}', 'Warning Questionable spec.selector'],
    ['{targetRef: {kind: Deployment, name: a}}', 'Error InvalidValue spec.targetRef.kind'],
  ])('with the spec %s: %s', async (spec, finding) => {
    expect(await validationOf(telemetry(spec))).toEqual([finding]);
  });
});
