import { describe, expect, test } from 'vitest';
import { rules } from '../../../../src/config/rules/security/authorization-policy.ts';
import { findingsOf, messagesOf, validationOf } from '../core/run-rules.ts';

const policy = (condition: string, more = ''): string =>
  `{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: x}, spec: {${more}rules: [{when: [${condition}]}]}}`;
const PATH = 'spec.rules[0].when[0]';

describe('a condition', () => {
  test.each([
    ['request.headers[x-user]', 'a'],
    ['source.ip', '10.0.0.0/8'],
    ['remote.ip', '"::1"'],
    ['source.namespace', 'a*'],
    ['source.serviceAccount', 'ns/a'],
    ['source.principal', 'cluster.local/ns/a/sa/b'],
    ['source.trustDomain', '"*"'],
    ['request.auth.principal', 'a/b'],
    ['request.auth.audiences', 'a'],
    ['request.auth.presenter', 'a'],
    ['request.auth.claims[a][b]', 'c'],
    ['destination.ip', '1.2.3.4'],
    ['destination.port', '"80"'],
    ['connection.sni', 'a.com'],
    ['experimental.envoy.filters.a.b[c]', 'd'],
  ])('on %s takes %s', (key, value) => {
    expect(findingsOf(rules, policy(`{key: "${key}", values: [${value}], notValues: [${value}]}`))).toEqual(
      [],
    );
  });

  test.each([
    ['request.headers', 'key'],
    ['request.headers[]', 'key'],
    ['request.headers[a', 'key'],
    ['request.auth.claims', 'key'],
    ['experimental.envoy.filters.a', 'key'],
    ['destination.labels[app]', 'key'],
    ['destination.name', 'key'],
    ['destination.namespace', 'key'],
    ['destination.user', 'key'],
    ['source.user', 'key'],
    ['', 'key'],
    ['source.ip', 'values[0]'],
    ['remote.ip', 'values[0]'],
    ['destination.ip', 'values[0]'],
    ['destination.port', 'values[0]'],
  ])('on "%s" does not take the value "a": %s', (key, field) => {
    expect(findingsOf(rules, policy(`{key: "${key}", values: [a]}`))).toEqual([
      `Error InvalidValue ${PATH}.${field}`,
    ]);
  });

  test.each([
    ['source.serviceAccount', 'a/b/c'],
    ['source.serviceAccount', 'a*'],
    ['source.trustDomain', 'a*b'],
    ['source.namespace', ''],
    ['request.headers[a]', ''],
  ])('on %s does not take the value "%s" among notValues', (key, value) => {
    const text = policy(`{key: "${key}", notValues: [ok, "${value}"]}`);
    expect(findingsOf(rules, text)).toEqual([`Error InvalidValue ${PATH}.notValues[1]`]);
  });

  test('on service accounts has at most 16 values', () => {
    const values = Array.from({ length: 17 }, (_, index) => `a${index}`).join();
    const text = policy(`{key: source.serviceAccount, values: [${values}]}`);
    expect(findingsOf(rules, text)).toEqual([`Error TooMany ${PATH}.values`]);
  });

  test('needs a key, and values', async () => {
    expect(await validationOf(policy('{values: [a]}'))).toEqual([`Error MissingField ${PATH}.key`]);
    expect(await validationOf(policy('{key: source.ip, values: []}'))).toEqual([
      `Error MissingField ${PATH}`,
    ]);
  });

  test.each([
    'source.namespace',
    'source.serviceAccount',
    'source.trustDomain',
    'source.principal',
    'request.auth.claims[a]',
  ])('on %s is not for external authorizers', (key) => {
    const text = policy(`{key: "${key}", values: [a]}`, 'action: CUSTOM, provider: {name: p}, ');
    expect(findingsOf(rules, text)).toEqual([`Error InvalidValue ${PATH}.key`]);
  });

  test('with a mistyped attribute says which was meant', () => {
    expect(messagesOf(rules, policy('{key: source.principals, values: [a]}'))[0]).toContain(
      'Did you mean source.principal?',
    );
  });
});
