import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findJwksProblem } from '../../../../src/config/rules/security/jwt.ts';
import { validationOf } from '../core/run-rules.ts';

const policy = (spec: string): string =>
  `{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: x}, spec: ${spec}}`;
const rule = (text: string): string => policy(`{jwtRules: [${text}]}`);
const RULE = 'spec.jwtRules[0]';

describe('a rule for tokens', () => {
  test.each([
    '{issuer: a}',
    '{jwksUri: "https://a.com/keys"}',
    '{issuer: a, jwks_uri: "http://a.com"}',
    `{issuer: a, jwks: '{"keys": []}'}`,
    '{issuer: a, audiences: [b], fromHeaders: [{name: x-jwt, prefix: "Bearer "}], fromParams: [t], fromCookies: [c]}',
    '{issuer: a, outputPayloadToHeader: x, outputClaimToHeaders: [{header: x-sub_1, claim: sub.name}]}',
    '{issuer: a, forwardOriginalToken: true, timeout: 1ms, spaceDelimitedClaims: [roles]}',
  ])('such as %s is fine', async (text) => {
    expect(await validationOf(rule(text))).toEqual([]);
  });

  test.each([
    ['{}', `Error MissingField ${RULE}`],
    ['{issuer: ""}', `Error InvalidValue ${RULE}.issuer`],
    ['{issuer: a, jwksUri: "https://b", jwks: "{}"}', `Error ExclusiveFields ${RULE}.jwks`],
    ['{issuer: a, jwksUri: "ftp://b"}', `Error InvalidValue ${RULE}.jwksUri`],
    ['{issuer: a, jwksUri: a.com/keys}', `Error InvalidValue ${RULE}.jwksUri`],
    ['{issuer: a, jwksUri: "https://a b"}', `Error InvalidValue ${RULE}.jwksUri`],
    ['{issuer: a, jwks_uri: "https://a/%zz"}', `Error InvalidValue ${RULE}.jwks_uri`],
    ['{issuer: a, jwksUri: "https:///keys"}', `Warning Questionable ${RULE}.jwksUri`],
    ['{issuer: a, jwks: keys}', `Error InvalidValue ${RULE}.jwks`],
    ['{issuer: a, audiences: [""]}', `Error InvalidValue ${RULE}.audiences[0]`],
    ['{issuer: a, fromHeaders: [{prefix: b}]}', `Error MissingField ${RULE}.fromHeaders[0].name`],
    ['{issuer: a, fromParams: [""]}', `Error InvalidValue ${RULE}.fromParams[0]`],
    ['{issuer: a, fromCookies: [""]}', `Error InvalidValue ${RULE}.fromCookies[0]`],
    [
      '{issuer: a, outputClaimToHeaders: [{header: "a:b", claim: c}]}',
      `Error InvalidValue ${RULE}.outputClaimToHeaders[0].header`,
    ],
    [
      '{issuer: a, outputClaimToHeaders: [{header: b}]}',
      `Error MissingField ${RULE}.outputClaimToHeaders[0].claim`,
    ],
    ['{issuer: a, spaceDelimitedClaims: [""]}', `Error InvalidValue ${RULE}.spaceDelimitedClaims[0]`],
    ['{issuer: a, timeout: soon}', `Error InvalidValue ${RULE}.timeout`],
    ['{issuer: a, timeout: 0s}', `Error InvalidValue ${RULE}.timeout`],
    ['{issuer: a, timeout: 1.5ms}', `Error InvalidValue ${RULE}.timeout`],
    ['{issuer: a, leeway: 1s}', `Error UnknownField ${RULE}.leeway`],
  ])('such as %s: %s', async (text, finding) => {
    expect((await validationOf(rule(text)))[0]).toBe(finding);
  });

  test('that holds a private key is warned of', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })] });
    expect(await validationOf(rule(`{issuer: a, jwks: '${keys}'}`))).toEqual([
      `Warning Questionable ${RULE}.jwks`,
    ]);
  });
});

describe('a RequestAuthentication', () => {
  test.each(['{}', '{selector: {matchLabels: {app: a}}}', '{targetRefs: []}'])(
    'with the spec %s is fine',
    async (spec) => {
      expect(await validationOf(policy(spec))).toEqual([]);
    },
  );

  test('is bound in one way only', async () => {
    const spec = '{selector: {matchLabels: {app: a}}, targetRef: {kind: Service, name: a}}';
    expect(await validationOf(policy(spec))).toEqual(['Error ExclusiveFields spec.targetRef']);
  });
});

const RSA = '"kty": "RSA", "n": "AQAB", "e": "AQAB"';

describe('a key set', () => {
  test.each([
    '{"keys": null}',
    `{"keys": [{${RSA}}]}`,
    `{${RSA}}`,
    `{"keys": [{${RSA}, "alg": "RS256", "kid": "a", "use": "sig", "key_ops": ["verify"], "more": 1}]}`,
    '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}]}',
    '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}]}',
    '{"keys": [{"kty": "RSA", "n": "AQ==", "e": "A+/B"}]}',
  ])('%s is sound', (text) => {
    expect(findJwksProblem(text)).toEqual({ problem: undefined, privateKeys: [] });
  });

  test.each([
    ['{', 'not JSON'],
    ['[]', 'JSON object'],
    ['{}', 'no list "keys"'],
    ['{"keys": {}}', 'must be a list'],
    ['{"keys": [1]}', 'in key 0'],
    ['{"keys": [{}]}', '"kty" must be one of'],
    ['{"keys": [{"kty": "rsa"}]}', '"kty" should be "RSA"'],
    ['{"keys": [{"kty": "RSA", "e": "AQAB"}]}', '"n" is missing'],
    ['{"keys": [{"kty": "EC", "x": "AQAB", "y": "AQAB"}]}', '"crv" is missing'],
    ['{"keys": [{"kty": "oct"}]}', '"k" is missing'],
    ['{"keys": [{"kty": "RSA", "n": "A!", "e": "AQAB"}]}', '"n" must be base64url'],
    ['{"keys": [{"kty": "RSA", "n": "A", "e": "AQAB"}]}', '"n" must be base64url'],
    ['{"keys": [{"kty": "RSA", "n": "a-b+", "e": "AQAB"}]}', '"n" must be base64url'],
    [`{"keys": [{${RSA}, "kid": 1}]}`, '"kid" must be a string'],
    [`{"keys": [{${RSA}, "key_ops": "verify"}]}`, '"key_ops" must be a list'],
    [`{"keys": [{${RSA}, "x5c": ["AQAB"]}]}`, '"x5c" must hold certificates'],
  ])('%s is refused: %s', (text, problem) => {
    expect(findJwksProblem(text).problem).toContain(problem);
  });

  test('tells which of its keys are secret', () => {
    const text = `{"keys": [{${RSA}}, {${RSA}, "d": "AQAB"}, {"kty": "oct", "k": "AQAB"}]}`;
    expect(findJwksProblem(text).privateKeys).toEqual([1, 2]);
  });
});
