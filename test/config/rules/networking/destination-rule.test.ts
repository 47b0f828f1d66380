import { describe, expect, test } from 'vitest';
import { destinationRuleFindings, places } from './traffic-findings.ts';

const check = (spec: Record<string, unknown>, meta = {}): string[] =>
  places(destinationRuleFindings({ host: 'a.example.com', ...spec }, meta));

test.each(['a', 'a.b', '*.b', '*', '*-a.b'])('the host of a DestinationRule may be %s', (host) => {
  expect(check({ host })).toEqual([]);
});

test.each(['', 'a_b', 'a..b', '10.0.0.1'])('the host of a DestinationRule may not be %j', (host) => {
  expect(check({ host })).toEqual(['Error host']);
});

test('an object without a spec is left to the schema', () => {
  expect(destinationRuleFindings(undefined as never)).toEqual([]);
});

describe('subsets', () => {
  test.each([
    [{ name: 'v1' }],
    [{ name: 'V-1', labels: { 'example.com/version': 'v1', empty: '' } }],
    [{ name: 'v1', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }],
  ])('may be %j', (subset) => {
    expect(check({ subsets: [subset] })).toEqual([]);
  });

  test.each([
    [[{ name: '' }], 'Error subsets[0].name'],
    [[{ name: 'v.1' }], 'Error subsets[0].name'],
    [[{ name: 'v1' }, { name: 'v1' }], 'Error subsets[1].name'],
    [[{ name: 'v1', labels: { 'a/b/c': 'x' } }], 'Error subsets[0].labels["a/b/c"]'],
    [[{ name: 'v1', labels: { a: '@' } }], 'Error subsets[0].labels.a'],
    [[{ name: 'v1', trafficPolicy: {} }], 'Error subsets[0].trafficPolicy'],
    [
      [{ name: 'v1', trafficPolicy: { connectionPool: {} } }],
      'Error subsets[0].trafficPolicy.connectionPool',
    ],
  ])('may not be %j', (subsets, place) => {
    expect(check({ subsets })).toEqual([place]);
  });
});

describe('exportTo', () => {
  const exported = (exportTo: string[], selected: boolean): string[] =>
    check(
      { exportTo, ...(selected ? { workloadSelector: { matchLabels: { app: 'a' } } } : {}) },
      { namespace: 'own' },
    );

  test.each([['.'], ['own']])('with a workload selector may be %s', (entry) => {
    expect(exported([entry], true)).toEqual([]);
    expect(exported([], true)).toEqual([]);
  });

  test.each([[['*']], [['other']], [['.', 'other']]])('with a workload selector may not be %j', (list) => {
    expect(exported(list, true)).toEqual(['Error exportTo']);
    expect(exported(list, false)).toEqual([]);
  });
});

test('a workload selector without labels is questionable', () => {
  expect(check({ workloadSelector: {} })).toEqual(['Warning workloadSelector']);
  expect(check({ workloadSelector: { matchLabels: { app: 'a' } } })).toEqual([]);
});
