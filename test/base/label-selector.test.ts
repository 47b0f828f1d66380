import { describe, expect, it } from 'vitest';
import { matchesLabels, matchesSelector } from '../../src/base/label-selector.ts';

const labels = { app: 'fruits', version: 'v1' };

describe('a label selector', () => {
  it('matches when every pair stands in the labels', () => {
    expect(matchesLabels({ app: 'fruits' }, labels)).toBe(true);
    expect(matchesLabels({ app: 'fruits', version: 'v2' }, labels)).toBe(false);
    expect(matchesLabels({}, labels)).toBe(true);
  });

  it('does not take inherited properties for labels', () => {
    expect(matchesLabels({ toString: 'x' }, labels)).toBe(false);
    const exists = { matchExpressions: [{ key: 'toString', operator: 'Exists' }] };
    expect(matchesSelector(exists, labels)).toBe(false);
  });

  it.each([
    [{ key: 'app', operator: 'In', values: ['fruits', 'juice'] }, true],
    [{ key: 'app', operator: 'In', values: ['juice'] }, false],
    [{ key: 'app', operator: 'NotIn', values: ['juice'] }, true],
    [{ key: 'team', operator: 'NotIn', values: ['juice'] }, true],
    [{ key: 'version', operator: 'Exists' }, true],
    [{ key: 'team', operator: 'Exists' }, false],
    [{ key: 'team', operator: 'DoesNotExist' }, true],
    [{ key: 'app', operator: 'Like', values: ['fruits'] }, false],
  ])('with expression %o matches: %s', (expression, expected) => {
    expect(matchesSelector({ matchExpressions: [expression] }, labels)).toBe(expected);
  });

  it('asks for labels and expressions together', () => {
    const selector = {
      matchLabels: { app: 'fruits' },
      matchExpressions: [{ key: 'version', operator: 'DoesNotExist' }],
    };
    expect(matchesSelector(selector, labels)).toBe(false);
  });
});
