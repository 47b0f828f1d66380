import { describe, expect, it } from 'vitest';
import { errorsOf, findingsOf, mixerObject, warningsOf } from './findings.ts';

const ACTIONS = 'actions: [{handler: h, instances: [i]}]';

describe('a rule', () => {
  it.each([
    `{${ACTIONS}}`,
    `{match: "true", ${ACTIONS}}`,
    `{match: 'context.protocol == "tcp" && destination.service.host == "a.b"', ${ACTIONS}}`,
    `{match: 'match(request.headers["user-agent"], "curl*")', actions: [{handler: h.istio-system, instances: [i.metric, i.metric.default]}]}`,
    '{request_header_operations: [{name: x-a, values: [\'"b"\']}]}',
    '{actions: [{handler: h, instances: [i], name: x}], responseHeaderOperations: [{name: x-a, values: [x.output.value], operation: APPEND}, {name: x-b, operation: REMOVE}]}',
    `{${ACTIONS}, sampling: {random: {percentSampled: {numerator: 5, denominator: TEN_THOUSAND}}, rateLimit: {samplingDuration: 1s, maxUnsampledEntries: 5, samplingRate: "10"}}}`,
  ])('such as %s is fine', async (spec) => {
    expect(await findingsOf(mixerObject('rule', spec))).toEqual([]);
  });

  it.each([
    ['{match: "true"}', 'spec.actions'],
    [`{match: request.size, ${ACTIONS}}`, 'spec.match'],
    [`{match: 'request.headers["a"', ${ACTIONS}}`, 'spec.match'],
    [`{match: 'request.path == 5', ${ACTIONS}}`, 'spec.match'],
    ['{actions: [{instances: [i]}]}', 'spec.actions[0].handler'],
    ['{actions: [{handler: h}]}', 'spec.actions[0].instances'],
    ['{actions: [{handler: h, instances: []}]}', 'spec.actions[0].instances'],
    ['{actions: [{handler: h, instances: [i, j, i]}]}', 'spec.actions[0].instances[2]'],
    ['{actions: [{handler: .h, instances: [i]}]}', 'spec.actions[0].handler'],
    [
      '{actions: [{handler: h, instances: [i], name: x}, {handler: h, instances: [i], name: x}]}',
      'spec.actions[1].name',
    ],
    [`{${ACTIONS}, badField: foo}`, 'spec.badField'],
    [
      '{requestHeaderOperations: [{name: "a b", values: [request.path]}]}',
      'spec.requestHeaderOperations[0].name',
    ],
    [
      '{requestHeaderOperations: [{name: a, values: [request.size]}]}',
      'spec.requestHeaderOperations[0].values[0]',
    ],
    [
      '{requestHeaderOperations: [{name: a, values: [request.path], operation: SET}]}',
      'spec.requestHeaderOperations[0].operation',
    ],
    [
      `{${ACTIONS}, sampling: {rateLimit: {samplingDuration: 0s}}}`,
      'spec.sampling.rateLimit.samplingDuration',
    ],
    [`{${ACTIONS}, sampling: {rateLimit: {samplingRate: -1}}}`, 'spec.sampling.rateLimit.samplingRate'],
    [
      `{${ACTIONS}, sampling: {random: {attributeExpression: request.size +}}}`,
      'spec.sampling.random.attributeExpression',
    ],
  ])('such as %s is refused at %s', async (spec, path) => {
    expect(await errorsOf(mixerObject('rule', spec))).toEqual([path]);
  });

  it.each([
    ['{requestHeaderOperations: [{name: a}]}', 'spec.requestHeaderOperations[0].values'],
    [
      '{requestHeaderOperations: [{name: a, values: [request.path], operation: 1}]}',
      'spec.requestHeaderOperations[0].values',
    ],
    [
      '{requestHeaderOperations: [{name: a, values: [x.output.y]}]}',
      'spec.requestHeaderOperations[0].values[0]',
    ],
    ['{actions: [{handler: a.b.c.d, instances: [i]}]}', 'spec.actions[0].handler'],
    [`{match: 'request.user == "a"', ${ACTIONS}}`, 'spec.match'],
  ])('such as %s is accepted with a warning at %s', async (spec, path) => {
    expect(await warningsOf(mixerObject('rule', spec))).toEqual([path]);
    expect(await errorsOf(mixerObject('rule', spec))).toEqual([]);
  });
});
