import { describe, expect, test } from 'vitest';
import { validationOf } from '../core/run-rules.ts';

const object = (kind: string, spec: string): string =>
  `{apiVersion: extensions.istio.io/v1alpha1, kind: ${kind}, metadata: {name: x}, spec: ${spec}}`;
const DIGEST = 'a'.repeat(64);

/** What both kinds say of a module: fields beside `url`. */
const FINE = [
  `sha256: ${DIGEST}`,
  'sha256: ""',
  `pluginName: ${'a'.repeat(256)}, imagePullSecret: ${'a'.repeat(253)}`,
  'pluginConfig: {a: {b: [1]}}, verificationKey: k',
  'imagePullPolicy: Always, failStrategy: FAIL_OPEN, type: NETWORK',
  'vmConfig: {env: [{name: A, valueFrom: HOST}, {name: B, value: c}, {name: C, valueFrom: INLINE, value: d}]}',
];
const FAULTY = [
  ['sha256: abc', 'Error InvalidValue .sha256'],
  [`sha256: ${'A'.repeat(64)}`, 'Error InvalidValue .sha256'],
  ['pluginName: ""', 'Error InvalidValue .pluginName'],
  [`pluginName: ${'a'.repeat(257)}`, 'Error TooMany .pluginName'],
  [`pluginName: ${'é'.repeat(200)}`, 'Error InvalidValue .pluginName'],
  [`imagePullSecret: ${'a'.repeat(254)}`, 'Error TooMany .imagePullSecret'],
  ['imagePullPolicy: Never', 'Error InvalidValue .imagePullPolicy'],
  ['vmConfig: {env: [{name: A, valueFrom: HOST, value: b}]}', 'Error InvalidValue .vmConfig.env[0].value'],
  ['vmConfig: {env: [{name: ""}]}', 'Error InvalidValue .vmConfig.env[0].name'],
  ['vmConfig: {env: [{value: a}]}', 'Error MissingField .vmConfig.env[0].name'],
  [`vmConfig: {env: [{name: ${'é'.repeat(200)}}]}`, 'Error InvalidValue .vmConfig.env[0].name'],
  ['vmConfig: {env: [{name: A}, {name: A}]}', 'Error InvalidValue .vmConfig.env[1]'],
] as const;

const URLS = [
  'oci://a.com/b:v1',
  'a.com/b:v1',
  'name',
  'oci://a.com:5000/b',
  'http://a/b.wasm',
  'https://a/b',
  'file:///b.wasm',
  `oci://a/b@sha256:${DIGEST}`,
];
const BAD_URLS = ['', 'ftp://a/b', 'a.com:5000/b', '#%blah$#@', 'a/%zz'];

describe.each([
  ['WasmPlugin', 'spec', (module: string) => `{${module}}`],
  ['TrafficExtension', 'spec.wasm', (module: string) => `{wasm: {${module}}}`],
])('the module of a %s', (kind, path, spec) => {
  test.each(URLS)('may be at %s', async (url) => {
    expect(await validationOf(object(kind, spec(`url: "${url}"`)))).toEqual([]);
  });

  test.each(BAD_URLS)('cannot be at "%s"', async (url) => {
    expect(await validationOf(object(kind, spec(`url: "${url}"`)))).toEqual([
      `Error InvalidValue ${path}.url`,
    ]);
  });

  test.each(FINE)('may have %.60s', async (module) => {
    expect(await validationOf(object(kind, spec(`url: a, ${module}`)))).toEqual([]);
  });

  test.each(FAULTY)('with %.60s: %s', async (module, finding) => {
    expect(await validationOf(object(kind, spec(`url: a, ${module}`)))).toEqual([
      finding.replace(' .', ` ${path}.`),
    ]);
  });

  test('is warned of at a malformed URL, which reads as an image', async () => {
    expect(await validationOf(object(kind, spec('url: "http://a b"')))).toEqual([
      `Warning Questionable ${path}.url`,
    ]);
  });

  test('needs an address', async () => {
    expect(await validationOf(object(kind, spec('pluginName: a')))).toEqual([
      `Error MissingField ${path}.url`,
    ]);
  });

  test('is warned of when its two digests differ', async () => {
    const module = `url: "oci://a/b@sha256:${DIGEST}", sha256: ${'b'.repeat(64)}`;
    expect(await validationOf(object(kind, spec(module)))).toEqual([`Warning Questionable ${path}.sha256`]);
  });
});

describe.each([
  ['WasmPlugin', 'url: a'],
  ['TrafficExtension', 'lua: {inlineCode: a}'],
])('a %s', (kind, base) => {
  test.each([
    'priority: -5, phase: AUTHN',
    'match: [{}, {mode: SERVER, ports: [{number: 80}, {number: 443}]}]',
    'selector: {matchLabels: {app: a}}',
    'targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: a}]',
  ])('with %s is fine', async (spec) => {
    expect(await validationOf(object(kind, `{${base}, ${spec}}`))).toEqual([]);
  });

  test.each([
    ['phase: FIRST', 'Error InvalidValue spec.phase'],
    ['match: [{ports: [{number: 0}]}]', 'Error InvalidValue spec.match[0].ports[0].number'],
    ['match: [{ports: [{number: 65536}]}]', 'Error InvalidValue spec.match[0].ports[0].number'],
    ['match: [{ports: [{}]}]', 'Error MissingField spec.match[0].ports[0].number'],
    ['match: [{ports: [{number: 80}, {number: 80}]}]', 'Error InvalidValue spec.match[0].ports[1]'],
    ['match: [null]', 'Error WrongType spec.match[0]'],
    ['selector: {}', 'Warning Questionable spec.selector'],
    [
      'targetRefs: [{kind: Service, name: a, namespace: b}]',
      'Error InvalidValue spec.targetRefs[0].namespace',
    ],
    [
      'selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]',
      'Error ExclusiveFields spec.targetRefs',
    ],
  ])('with %s: %s', async (spec, finding) => {
    expect(await validationOf(object(kind, `{${base}, ${spec}}`))).toEqual([finding]);
  });

  test('needs a spec', async () => {
    const text = `{apiVersion: extensions.istio.io/v1alpha1, kind: ${kind}, metadata: {name: x}}`;
    expect(await validationOf(text)).toEqual(['Error MissingField spec']);
  });
});

describe('a TrafficExtension', () => {
  test.each([
    ['{}', /^Error ExclusiveFields spec|^Error MissingField spec/],
    ['{wasm: {url: a}, lua: {inlineCode: b}}', /^Error ExclusiveFields spec/],
    ['{lua: {}}', /^Error MissingField spec\.lua\.inlineCode$/],
    ['{lua: {inlineCode: ""}}', /^Error InvalidValue spec\.lua\.inlineCode$/],
  ])('with the spec %s is refused', async (spec, finding) => {
    const findings = await validationOf(object('TrafficExtension', spec));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(finding);
  });

  test.each([
    [65_536, 'a', []],
    [65_537, 'a', ['Error TooMany spec.lua.inlineCode']],
    [40_000, 'é', ['Error InvalidValue spec.lua.inlineCode']],
  ])('with a script of %d times "%s" gives %j', async (count, character, findings) => {
    const spec = `{lua: {inlineCode: ${character.repeat(count)}}}`;
    expect(await validationOf(object('TrafficExtension', spec))).toEqual(findings);
  });
});
