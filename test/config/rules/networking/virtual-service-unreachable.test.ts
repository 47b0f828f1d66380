import { describe, expect, test } from 'vitest';
import { matchCovers } from '../../../../src/config/rules/networking/http-cover.ts';
import { findUnused } from '../../../../src/config/rules/networking/unreachable.ts';
import { SOMEWHERE, virtualServiceFindings } from './traffic-findings.ts';

const http = (...matches: (object[] | undefined)[]): ReturnType<typeof findUnused> =>
  findUnused({ hosts: ['a'], http: matches.map((match) => ({ match, route: SOMEWHERE })) });
const short = (found: ReturnType<typeof findUnused>): string[] =>
  found.map((one) =>
    one.kind === 'route'
      ? `route ${one.route} ${one.reason}`
      : `match ${one.route}.${one.match} ${one.reason}`,
  );

describe('routes behind one without a match', () => {
  test('are never used', () => {
    expect(short(http(undefined, undefined))).toEqual(['route 1 takes-all-before']);
    expect(short(http([], [{ port: 1 }]))).toEqual(['route 1 takes-all-before']);
    expect(short(http([{ port: 1 }], undefined))).toEqual([]);
  });

  test('are used where that one delegates', () => {
    const spec = { hosts: ['a'], http: [{ delegate: { name: 'b' } }, { route: SOMEWHERE }] };
    expect(findUnused(spec)).toEqual([]);
  });

  test('are found in TLS and TCP routes too', () => {
    expect(short(findUnused({ hosts: ['a'], tcp: [{ route: SOMEWHERE }, { route: SOMEWHERE }] }))).toEqual([
      'route 1 takes-all-before',
    ]);
    const match = [{ sniHosts: ['a'] }];
    expect(short(findUnused({ hosts: ['a'], tls: [{ match }, { match }] }))).toEqual([
      'match 1.0 duplicate',
      'route 1 matches-used-before',
    ]);
  });
});

describe('matches that stand there before', () => {
  test('are never used, whatever their names and the order of their fields', () => {
    const one = { name: 'a', port: 80, headers: { a: { exact: 'b' }, c: {} } };
    const two = { headers: { c: {}, a: { exact: 'b' } }, name: 'b', port: 80 };
    expect(short(http([one], [two, { port: 81 }]))).toEqual(['match 1.0 duplicate']);
    expect(short(http([one, two]))).toEqual(['match 0.1 duplicate']);
  });

  test('leave a route without use when it has no others', () => {
    expect(short(http([{ port: 1 }, { port: 2 }], [{ port: 2 }]))).toEqual([
      'match 1.0 duplicate',
      'route 1 matches-used-before',
    ]);
  });

  test('do not count when their route delegates', () => {
    const match = [{ uri: { prefix: '/a' } }];
    const spec = {
      hosts: ['a'],
      http: [
        { match, delegate: { name: 'b' } },
        { match, route: SOMEWHERE },
      ],
    };
    expect(findUnused(spec)).toEqual([]);
  });
});

describe('a wider prefix before', () => {
  const wide = { uri: { prefix: '/a' } };

  test.each([
    { uri: { prefix: '/ab' } },
    { uri: { prefix: '/a/b' }, method: { exact: 'POST' } },
    { uri: { prefix: '/a' }, headers: { 'x-user': { exact: 'a' } } },
  ])('takes all of %j', (narrow) => {
    expect(short(http([wide], [narrow]))).toEqual(['match 1.0 covered']);
    expect(short(http([narrow], [wide]))).toEqual([]);
  });

  test.each([
    { uri: { prefix: '/b' } },
    { uri: { exact: '/a' } },
    { uri: { regex: '/ab.*' } },
    { headers: { a: {} } },
  ])('says nothing of %j', (other) => {
    expect(short(http([wide], [other]))).toEqual([]);
  });

  test('is found among many matches', () => {
    const matches = Array.from({ length: 300 }, (_, index) => [{ uri: { prefix: `/${index}/` } }]);
    expect(short(http(...matches, [{ uri: { prefix: '/299/a' } }]))).toEqual(['match 300.0 covered']);
  });
});

describe('matchCovers', () => {
  const uri = { prefix: '/' };

  test.each([
    [{}, { port: 80 }],
    [{ port: 80 }, { port: 80 }],
    [{ method: { prefix: 'P' } }, { method: { exact: 'PUT' } }],
    [{ headers: { a: {} } }, { headers: { a: { regex: 'b' }, c: {} } }],
    [{ withoutHeaders: { a: { exact: 'bc' } } }, { withoutHeaders: { a: { prefix: 'b' } } }],
    [{ queryParams: { a: { regex: 'b' } } }, { queryParams: { a: { regex: 'b' } } }],
    [{ sourceLabels: { a: 'b' } }, { sourceLabels: { a: 'b', c: 'd' } }],
    [{ gateways: ['mesh', 'x/y'] }, {}],
    [{ uri: { prefix: '/A' }, ignoreUriCase: true }, { uri: { prefix: '/ab' } }],
    [{ authority: {} }, {}],
  ])('%j covers %j', (wide, narrow) => {
    expect(matchCovers({ uri, ...wide }, { uri, ...narrow }, ['mesh'])).toBe(true);
  });

  test.each([
    [{ port: 80 }, {}],
    [{ port: 80 }, { port: 81 }],
    [{ method: { exact: 'GET' } }, {}],
    [{ method: { exact: 'GET' } }, { method: { prefix: 'GET' } }],
    [{ method: { regex: 'G.*' } }, { method: { exact: 'GET' } }],
    [{ headers: { a: {} } }, {}],
    [{ headers: { a: {} } }, { headers: { constructor: {} } }],
    [{ withoutHeaders: { a: { prefix: 'b' } } }, { withoutHeaders: { a: { exact: 'bc' } } }],
    [{ withoutHeaders: { a: {} } }, {}],
    [{ queryParams: { a: { exact: 'b' } } }, { queryParams: { a: { exact: 'c' } } }],
    [{ sourceLabels: { a: 'b' } }, { sourceLabels: { a: 'c' } }],
    [{ sourceNamespace: 'a' }, {}],
    [{}, { gateways: ['x/y'] }],
    [{ uri: { prefix: '/A' } }, { uri: { prefix: '/ab' }, ignoreUriCase: true }],
    [{ scheme: { exact: 'http' } }, { scheme: { exact: 'https' } }],
  ])('%j does not cover %j', (wide, narrow) => {
    expect(matchCovers({ uri, ...wide }, { uri, ...narrow }, ['mesh'])).toBe(false);
  });
});

test('the warnings name the routes that are used instead', () => {
  const match = [{ uri: { prefix: '/a' }, name: 'first' }];
  const found = virtualServiceFindings({
    hosts: ['a'],
    http: [
      { name: 'one', match, route: SOMEWHERE },
      { match, route: SOMEWHERE },
      { match: [{ uri: { prefix: '/ab' } }], route: SOMEWHERE },
    ],
  });
  expect(found.map(({ check, level }) => `${level} ${check}`)).toEqual([
    'Warning IneffectiveMatch',
    'Warning UnreachableRule',
    'Warning IneffectiveMatch',
  ]);
  for (const { message } of found) expect(message).toContain('"one"');
  expect(found[0]?.message).toContain('match "first"');
});
