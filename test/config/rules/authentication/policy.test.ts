import { describe, expect, test } from 'vitest';
import { rules } from '../../../../src/config/rules/authentication/policy.ts';
import { findingsOf, validationOf } from '../core/run-rules.ts';

const policy = (spec: string, kind = 'Policy', name = 'default'): string =>
  `{apiVersion: authentication.istio.io/v1alpha1, kind: ${kind}, metadata: {name: ${name}}, spec: ${spec}}`;
const jwt = (text: string): string => policy(`{origins: [{jwt: ${text}}]}`);
const JWT = 'spec.origins[0].jwt';
const GONE = 'Warning DeprecatedVersion kind';

describe('a Policy', () => {
  test.each([
    ['default', '{}'],
    ['default', '{peers: [{mtls: {}}], origins: [{jwt: {issuer: a}}], principalBinding: USE_ORIGIN}'],
    ['default', '{peers: [{mtls: {mode: PERMISSIVE}}, {jwt: {issuer: a}}], origins: [{jwt: {issuer: b}}]}'],
    [
      'web',
      '{targets: [{name: web, ports: [{number: 80}, {name: http}], labels: {a: b}}], peers: [{mtls: {}}]}',
    ],
  ])('called %s with the spec %s is fine', (name, spec) => {
    expect(findingsOf(rules, policy(spec, 'Policy', name))).toEqual([]);
  });

  test.each([
    ['web', '{}', 'Error InvalidValue metadata.name'],
    ['default', '{targets: [{name: web}]}', 'Error InvalidValue spec.targets'],
    ['web', '{targets: [{name: web.ns}]}', 'Error InvalidValue spec.targets[0].name'],
    ['web', '{targets: [{}]}', 'Error InvalidValue spec.targets[0].name'],
    [
      'web',
      '{targets: [{name: web, ports: [{name: a_b}]}]}',
      'Error InvalidValue spec.targets[0].ports[0].name',
    ],
    ['default', '{origins: [{}]}', 'Error MissingField spec.origins[0]'],
    ['default', '{peers: [{}]}', 'Warning Questionable spec.peers[0]'],
    [
      'default',
      '{peers: [{jwt: {issuer: a}}], origins: [{jwt: {issuer: a}}]}',
      'Error Duplicate spec.origins[0].jwt.issuer',
    ],
  ])('called %s with the spec %s: %s', (name, spec, finding) => {
    expect(findingsOf(rules, policy(spec, 'Policy', name))).toEqual([finding]);
  });

  test.each([
    ['{targets: [{name: web, ports: [{number: 0}]}]}', 'spec.targets[0].ports[0].number'],
    ['{targets: [{name: web, ports: [{}]}]}', 'spec.targets[0].ports[0]'],
    ['{targets: [{name: web}], peers: [{mtls: {}, jwt: {issuer: a}}]}', 'spec.peers[0]'],
    ['{targets: [{name: web}], peers: [{mtls: {mode: OFF}}]}', 'spec.peers[0].mtls.mode'],
    ['{targets: [{name: web}], principalBinding: BOTH}', 'spec.principalBinding'],
  ])('with the spec %s is refused by its schema at %s', async (spec, path) => {
    const errors = (await validationOf(policy(spec, 'Policy', 'web'))).filter((finding) =>
      finding.startsWith('Error'),
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(path);
  });

  test('may be written with the names of the protocol', async () => {
    const text = jwt(
      '{issuer: a, jwks_uri: "ftp://b", jwt_headers: [""], trigger_rules: [{excluded_paths: [{exact: /a}]}]}',
    );
    const errors = (await validationOf(text)).filter((finding) => finding.startsWith('Error'));
    expect(errors).toEqual([
      `Error InvalidValue ${JWT}.jwks_uri`,
      `Error InvalidValue ${JWT}.jwt_headers[0]`,
    ]);
  });

  test('is said to be gone', async () => {
    expect(await validationOf(policy('{}'))).toEqual([GONE]);
  });
});

describe('a token of a Policy', () => {
  test.each([
    '{issuer: a, jwksUri: "https://b/keys", audiences: [c], jwtHeaders: [d], jwtParams: [e]}',
    '{issuer: a, triggerRules: [{excludedPaths: [{regex: "/a.*"}, {suffix: b}], includedPaths: [{prefix: /c}]}]}',
    `{issuer: a, jwks: '{"keys": []}'}`,
  ])('such as %s is fine', (text) => {
    expect(findingsOf(rules, jwt(text))).toEqual([]);
  });

  test.each([
    ['{}', `Error MissingField ${JWT}.issuer`],
    ['{issuer: a, jwksUri: b}', `Error InvalidValue ${JWT}.jwksUri`],
    ['{issuer: a, jwks: b}', `Warning Questionable ${JWT}.jwks`],
    ['{issuer: a, audiences: [""]}', `Error InvalidValue ${JWT}.audiences[0]`],
    ['{issuer: a, jwtHeaders: [""]}', `Error InvalidValue ${JWT}.jwtHeaders[0]`],
    ['{issuer: a, jwtParams: [""]}', `Error InvalidValue ${JWT}.jwtParams[0]`],
    [
      '{issuer: a, triggerRules: [{includedPaths: [{regex: "("}]}]}',
      `Error InvalidValue ${JWT}.triggerRules[0].includedPaths[0].regex`,
    ],
  ])('such as %s: %s', (text, finding) => {
    expect(findingsOf(rules, jwt(text))).toEqual([finding]);
  });
});

describe('a MeshPolicy', () => {
  test('is called default and has no targets', () => {
    expect(findingsOf(rules, policy('{peers: [{mtls: {}}]}', 'MeshPolicy'))).toEqual([]);
    expect(findingsOf(rules, policy('{}', 'MeshPolicy', 'other'))).toEqual([
      'Error InvalidValue metadata.name',
    ]);
    expect(findingsOf(rules, policy('{targets: [{name: a}]}', 'MeshPolicy'))).toEqual([
      'Error InvalidValue spec.targets',
    ]);
  });
});
