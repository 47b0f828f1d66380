import { expect, test } from 'vitest';
import { isAuthorityHeader, isHeaderName, isPseudoHeader, isRegisteredStatus } from '../../src/base/http.ts';

test.each(['x', 'X-Request-Id', 'a_b', "!#$%&'*+-.^`|~"])('%s can be the name of a header', (name) => {
  expect(isHeaderName(name)).toBe(true);
});

test.each(['', ':path', 'a b', 'a:b', 'a,b', 'a"b', 'ä', 'a\n'])(
  '%j cannot be the name of a header',
  (name) => {
    expect(isHeaderName(name)).toBe(false);
  },
);

test('pseudo headers are those of HTTP/2, in small letters', () => {
  expect([':method', ':path', ':status'].every(isPseudoHeader)).toBe(true);
  expect([':Path', ':x', 'path'].some(isPseudoHeader)).toBe(false);
});

test('the authority is in :authority or Host', () => {
  expect([':authority', 'host', 'HOST'].every(isAuthorityHeader)).toBe(true);
  expect(['authority', ':path', 'hosts'].some(isAuthorityHeader)).toBe(false);
});

test('statuses are those that are registered', () => {
  expect([100, 200, 226, 308, 418, 426, 511].every(isRegisteredStatus)).toBe(true);
  expect([0, 99, 209, 306, 419, 427, 430, 509, 512, 600, 200.5].some(isRegisteredStatus)).toBe(false);
});
