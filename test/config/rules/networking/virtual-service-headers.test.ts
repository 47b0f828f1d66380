import { describe, expect, test } from 'vitest';
import { headerFormatProblem } from '../../../../src/config/rules/networking/header-format.ts';
import { isJwtClaim } from '../../../../src/config/rules/networking/http-match.ts';
import { httpRoutePlaces, SOMEWHERE } from './traffic-findings.ts';

const withRoute = (fields: Record<string, unknown>, spec = {}): string[] =>
  httpRoutePlaces({ route: SOMEWHERE, ...fields }, spec);

describe('header values', () => {
  test.each([
    '',
    'a',
    '100%%',
    '%%%%',
    '%HOSTNAME%',
    'a %HOSTNAME% b',
    '%A%%B%',
    'tab	inside',
    'ä',
    '%REQ(x-a)%',
    '%START_TIME(%Y-%m-%d)%',
    '%A(["b"])%',
    '%A( [ "b" , "c" ] ) %',
    '%A(b\\)c)%',
  ])('may be %j', (value) => {
    expect(headerFormatProblem(value)).toBeUndefined();
  });

  test.each([
    '%',
    'a%',
    '100%',
    '%A',
    '%%%',
    '%A(',
    '%A(b',
    '%A(b)',
    '%A(b)c%',
    '%A()%',
    '%A([b])%',
    '%A(["b" "c"])%',
    '%A(["b",])%',
    '%A(["b"]%',
    '%A(["b"]x)%',
    '%A(b\\',
    '%A(b"c)%',
    'a\nb',
    '\0',
    '',
  ])('may not be %j', (value) => {
    expect(headerFormatProblem(value)).toEqual(expect.any(String));
  });
});

describe('changes of headers', () => {
  test('may set and add headers, the authority of requests too, and remove others', () => {
    for (const name of ['x-a', ':authority', 'Host', 'odd name']) {
      expect(withRoute({ headers: { request: { set: { [name]: 'a' } } } })).toEqual([]);
      expect(withRoute({ headers: { request: { add: { [name]: 'a' } } } })).toEqual([]);
    }
    expect(withRoute({ headers: { request: { remove: ['x-a'] }, response: { remove: ['x-a'] } } })).toEqual(
      [],
    );
  });

  test.each([
    ['request', 'set', ':path'],
    ['request', 'add', ''],
    ['response', 'set', ':authority'],
    ['response', 'add', 'Host'],
    ['response', 'set', ''],
  ])('of a %s cannot %s %j', (side, operation, name) => {
    const found = [
      `Error headers.${side}.${operation}[${JSON.stringify(name)}]`.replace('["Host"]', '.Host'),
    ];
    expect(withRoute({ headers: { [side]: { [operation]: { [name]: 'a' } } } })).toEqual(found);
    const destination = { destination: { host: 'a' }, headers: { [side]: { [operation]: { [name]: 'a' } } } };
    expect(httpRoutePlaces({ route: [destination] })).toEqual(
      found.map((one) => one.replace('headers', 'route[0].headers')),
    );
  });

  test.each(['', ':path', 'host', ':authority'])('cannot remove %j', (name) => {
    for (const side of ['request', 'response']) {
      expect(withRoute({ headers: { [side]: { remove: [name] } } })).toEqual([
        `Error headers.${side}.remove[0]`,
      ]);
    }
  });

  test('have values that Envoy can fill in', () => {
    expect(withRoute({ headers: { response: { add: { a: '50%' } } } })).toEqual([
      'Error headers.response.add.a',
    ]);
  });

  test('change the authority in one place only', () => {
    const place = 'Error headers.request.set.Host';
    const set = { Host: 'a' };
    expect(withRoute({ rewrite: { authority: 'b' }, headers: { request: { set } } })).toEqual([place]);
    expect(withRoute({ headers: { request: { set: { ':authority': 'b', Host: 'a' } } } })).toEqual([place]);
    expect(withRoute({ headers: { request: { set, add: { host: 'a' } } } })).toEqual([
      'Error headers.request.add.host',
    ]);
    expect(withRoute({ rewrite: { uri: '/' }, headers: { request: { set } } })).toEqual([]);
  });

  test('in the fields of Istio 1.2 to 1.4 are checked as well', () => {
    const old = { appendHeaders: { a: 'b' }, appendRequestHeaders: { a: 'b' }, removeResponseHeaders: ['a'] };
    expect(withRoute(old)).toEqual([]);
    expect(withRoute({ appendHeaders: { '': 'b' } })).toEqual(['Error appendHeaders[""]']);
    expect(httpRoutePlaces({ route: [{ destination: { host: 'a' }, removeRequestHeaders: [''] }] })).toEqual([
      'Error route[0].removeRequestHeaders[0]',
    ]);
  });
});

describe('matches', () => {
  const match = (fields: Record<string, unknown>, spec = {}): string[] =>
    withRoute({ match: [fields] }, spec).map((place) => place.replace('match[0].', ''));

  test.each([
    { uri: { prefix: '' } },
    { uri: { regex: '/a.*' } },
    { scheme: { exact: 'https' }, method: { regex: 'GET|PUT' }, authority: { prefix: 'a' } },
    { headers: { 'x-a': {}, ':path': { prefix: '/' }, "!#$%&'*": { exact: '' } } },
    { withoutHeaders: { 'x-a': { regex: '*' }, 'x-b': {} } },
    { queryParams: { 'any name': { exact: '' } } },
    { sourceLabels: { 'example.com/app': 'a', b: '' }, sourceNamespace: 'ns', gateways: ['ns/gw', 'mesh'] },
  ])('may be %j', (fields) => {
    expect(match(fields)).toEqual([]);
  });

  test.each([
    [{ uri: { regex: '' } }, 'Error uri.regex'],
    [{ uri: { regex: '(?=a)' } }, 'Error uri.regex'],
    [{ uri: { regex: `${'ä'.repeat(513)}` } }, 'Error uri.regex'],
    [{ scheme: { prefix: '' } }, 'Error scheme.prefix'],
    [{ method: { regex: '' } }, 'Error method.regex'],
    [{ authority: { regex: '[' } }, 'Error authority.regex'],
    [{ headers: { a: { prefix: '' } } }, 'Error headers.a.prefix'],
    [{ headers: { a: { regex: '*' } } }, 'Error headers.a.regex'],
    [{ headers: { '': { exact: 'a' } } }, 'Error headers[""]'],
    [{ headers: { 'a b': {} } }, 'Error headers["a b"]'],
    [{ headers: { 'a,b': {} } }, 'Warning headers["a,b"]'],
    [{ headers: { '@request.auth.claims': {} } }, 'Error headers["@request.auth.claims"]'],
    [{ withoutHeaders: { a: { regex: '**' } } }, 'Error withoutHeaders.a.regex'],
    [{ queryParams: { a: { regex: '' } } }, 'Error queryParams.a.regex'],
    [{ sourceLabels: { 'a b': 'c' } }, 'Error sourceLabels["a b"]'],
    [{ sourceLabels: { a: '-' } }, 'Error sourceLabels.a'],
    [{ sourceNamespace: 'a.b' }, 'Error sourceNamespace'],
    [{ gateways: ['a/*'] }, 'Error gateways[0]'],
  ])('%j is reported', (fields, place) => {
    expect(match(fields)).toEqual([place]);
  });

  test('use claims of a JWT at gateways only', () => {
    const claim = { headers: { '@request.auth.claims.sub': { exact: 'a' } } };
    const place = 'Error headers["@request.auth.claims.sub"]';
    expect(match(claim, { gateways: ['ns/gw'] })).toEqual([]);
    expect(match(claim)).toEqual([place]);
    expect(match(claim, { gateways: ['ns/gw', 'mesh'] })).toEqual([place]);
    expect(match({ withoutHeaders: claim.headers })).toEqual([place.replace('headers', 'withoutHeaders')]);
  });

  test('know a claim by its dot or brackets', () => {
    const prefix = '@request.auth.claims';
    for (const name of ['.a', '.a.b', '[a]', '[a][b]']) expect(isJwtClaim(prefix + name)).toBe(true);
    expect(isJwtClaim('@Request.Auth.Claims.a')).toBe(true);
    for (const name of ['', '.', '-a', '[]', '[a', 'a']) expect(isJwtClaim(prefix + name)).toBe(false);
    expect(isJwtClaim('request.auth.claims.a')).toBe(false);
  });
});
