import { describe, expect, it } from 'vitest';
import { embeddedParts } from '../../../../src/config/rules/mixer/embedded.ts';
import { errorsOf, findingsOf, mixerObject, warningsOf } from './findings.ts';

describe('a handler', () => {
  it.each([
    '{compiledAdapter: noop}',
    '{compiled_adapter: stdio, params: {outputAsJson: true}}',
    '{adapter: keyval, connection: {address: "keyval:9070", timeout: 5s}, params: {anything: {goes: 1}}}',
    '{adapter: a, connection: {address: "[::1]:9070", authentication: {tls: {tokenPath: /a, authHeader: BEARER}}}}',
  ])('such as %s is fine', async (spec) => {
    expect(await findingsOf(mixerObject('handler', spec))).toEqual([]);
  });

  it.each([
    ['{}', 'spec'],
    ['{name: a, params: {}}', 'spec'],
    ['{compiledAdapter: prometeus}', 'spec.compiledAdapter'],
    ['{compiledAdapter: noop, params: {a: b}}', 'spec.params.a'],
    ['{compiledAdapter: noop, params: [a]}', 'spec.params'],
    ['{adapterr: noop}', 'spec.adapterr'],
    ['{adapter: a, connection: {}}', 'spec.connection.address'],
    ['{adapter: a, connection: {address: a}}', 'spec.connection.address'],
    ['{adapter: a, connection: {address: "a:1", timeout: -1s}}', 'spec.connection.timeout'],
    [
      '{adapter: a, connection: {address: "a:1", authentication: {tls: {}, mutual: {}}}}',
      'spec.connection.authentication.mutual',
    ],
  ])('such as %s is refused at %s', async (spec, path) => {
    expect(await errorsOf(mixerObject('handler', spec))).toContain(path);
  });

  it.each([
    ['{compiledAdapter: noop, adapter: a}', 'spec.adapter'],
    ['{compiledAdapter: noop, connection: {address: "a:1"}}', 'spec.connection'],
  ])('such as %s has something without effect at %s', async (spec, path) => {
    expect(await warningsOf(mixerObject('handler', spec))).toEqual([path]);
    expect(await errorsOf(mixerObject('handler', spec))).toEqual([]);
  });
});

describe('an instance', () => {
  it.each([
    '{compiledTemplate: checknothing}',
    '{compiledTemplate: metric, params: {value: "1", monitored_resource_type: \'"UNSPECIFIED"\'}}',
    '{template: listentry, params: {value: source.name | "unknown"}}',
    '{template: mine, params: {a: 1}, attributeBindings: {source.name: $out.a}}',
    '{compiledTemplate: kubernetes, params: {source_uid: source.uid | ""}, attribute_bindings: {source.ip: \'$out.source_pod_ip | ip("0.0.0.0")\'}}',
  ])('such as %s is fine', async (spec) => {
    expect(await findingsOf(mixerObject('instance', spec))).toEqual([]);
  });

  it.each([
    ['{params: {}}', 'spec'],
    ['{compiledTemplate: metrics}', 'spec.compiledTemplate'],
    ['{compiledTemplate: metric, params: {vaule: "1"}}', 'spec.params.vaule'],
    ['{compiledTemplate: metric, params: {value: 1}}', 'spec.params.value'],
    ['{compiledTemplate: metric, params: {dimensions: {a: request.path ==}}}', 'spec.params.dimensions.a'],
    ['{compiledTemplate: metric, attributeBindings: {a: b}}', 'spec.attributeBindings'],
    [
      '{compiledTemplate: kubernetes, attributeBindings: {source.ip: $out.source_pod_name}}',
      'spec.attributeBindings["source.ip"]',
    ],
    [
      '{compiledTemplate: kubernetes, attributeBindings: {source.ip: $out.nothing}}',
      'spec.attributeBindings["source.ip"]',
    ],
    ['{template: listentry, zarams: {}}', 'spec.zarams'],
  ])('such as %s is refused at %s', async (spec, path) => {
    expect(await errorsOf(mixerObject('instance', spec))).toEqual([path]);
  });
});

describe('the parts of another kind', () => {
  const partsOf = (kind: string, spec: unknown) =>
    embeddedParts({ key: `config.istio.io/${kind}`, value: { spec } });

  it('are the parameters of what is built in', () => {
    expect(partsOf('handler', { compiledAdapter: 'stdio', params: { a: 1 } })).toEqual([
      { key: 'config.istio.io/stdio', value: { spec: { a: 1 } }, path: ['spec', 'params'], wrapper: 'spec' },
    ]);
    expect(partsOf('instance', { compiled_template: 'metric' })).toMatchObject([
      { key: 'config.istio.io/metric', value: { spec: {} } },
    ]);
  });

  it.each([
    undefined,
    null,
    'a',
    [],
    { compiledAdapter: 5 },
    { compiledAdapter: 'constructor' },
    { compiledAdapter: 'stdio', params: 'a' },
    { adapter: 'stdio', params: {} },
  ])('are none in %j', (spec) => {
    expect(partsOf('handler', spec)).toEqual([]);
    expect(partsOf('rule', spec)).toEqual([]);
  });
});
