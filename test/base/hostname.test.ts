import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  domainProblem,
  HostIndex,
  isWildcardDnsLabel,
  overlappingHosts,
  wildcardDomainProblem,
} from '../../src/base/hostname.ts';

describe('domainProblem', () => {
  test.each(['a', 'a.b', 'A-1.example.com', 'example.com.', `${'a'.repeat(63)}.b`])(
    'accepts %s',
    (domain) => {
      expect(domainProblem(domain)).toBeUndefined();
    },
  );

  test.each([
    ['', 'empty'],
    ['a..b', 'label ""'],
    ['.a', 'label ""'],
    ['a_b.c', 'label "a_b"'],
    ['-a.b', 'label "-a"'],
    ['*.b', 'label "*"'],
    ['1.2.3.4', 'digits'],
    [`${'a'.repeat(64)}.b`, 'label'],
    [`${'a.'.repeat(127)}ab`, '255'],
  ])('refuses %j', (domain, part) => {
    expect(domainProblem(domain)).toContain(part);
  });
});

describe('wildcardDomainProblem', () => {
  test.each(['*', '*.b', '*-a.b', '*a.b', 'a', '123', 'a.b.'])('accepts %s', (domain) => {
    expect(wildcardDomainProblem(domain)).toBeUndefined();
  });

  test.each(['', 'a.*', '**', '*.*.b', 'a*.b', '*--.b', '*.1', '1.2.3.4', '::1'])('refuses %j', (domain) => {
    expect(wildcardDomainProblem(domain)).toBeDefined();
  });

  test('takes a wildcard in a label only at its start', () => {
    expect(['*', '*a', '*-a', 'a'].map(isWildcardDnsLabel)).toEqual([true, true, true, true]);
    expect(['', '*-', 'a*', '**', 'a'.repeat(64)].map(isWildcardDnsLabel)).toEqual(Array(5).fill(false));
  });
});

describe('overlappingHosts', () => {
  test.each([
    [['a.com', 'b.com'], []],
    [['a.com', 'a.com'], [[0, 1]]],
    [['*.com', 'a.com'], [[0, 1]]],
    [['a.com', '*.com'], [[0, 1]]],
    [['*.a.com', '*.com'], [[0, 1]]],
    [['*.a.com', 'a.com'], []],
    [['*a.com', 'ba.com'], [[0, 1]]],
    [['*', 'x'], [[0, 1]]],
    [['*.a.com', '*.b.com'], []],
  ])('finds in %j the pairs %j', (hosts, pairs) => {
    expect(overlappingHosts(hosts)).toEqual(pairs);
  });

  test('finds a pair exactly when a comparison of all with all does', () => {
    const host = fc
      .tuple(
        fc.constantFrom('', '*', '*.', '*-'),
        fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 }),
      )
      .map(([start, labels]) => `${start}${labels.join('.')}`);
    const covers = (wide: string, narrow: string): boolean =>
      wide === narrow ||
      (wide.startsWith('*') &&
        (narrow.startsWith('*')
          ? narrow.length >= wide.length && narrow.endsWith(wide.slice(1))
          : narrow.endsWith(wide.slice(1))));
    fc.assert(
      fc.property(fc.array(host, { maxLength: 5 }), (hosts) => {
        const some = hosts.some((a, i) => hosts.some((b, j) => i < j && (covers(a, b) || covers(b, a))));
        expect(overlappingHosts(hosts).length > 0).toBe(some);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('HostIndex', () => {
  const index = new HostIndex(['a.com', '*.b.com', '*.b.com']);

  test.each([
    ['a.com', 0],
    ['x.b.com', 1],
    ['*.b.com', 1],
    ['*.x.b.com', 1],
    ['b.com', undefined],
    ['*.com', undefined],
    ['*.a.com', undefined],
  ])('covers %s by host %s', (host, at) => {
    expect(index.covering(host)).toBe(at);
  });
});
