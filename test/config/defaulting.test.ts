/** Defaults are filled in as the API server fills them in. */

import { describe, expect, test } from 'vitest';
import { withDefaults } from '../../src/config/defaulting.ts';

const path = { value: { type: 'Prefix' }, fields: { type: { value: 'Prefix' }, value: { value: '/' } } };
const tree = {
  fields: {
    spec: {
      fields: {
        mode: { value: 'Off' },
        rules: { each: { fields: { path } } },
        byName: { each: { fields: { path } } },
      },
    },
  },
};
const full = { path: { type: 'Prefix', value: '/' } };

describe('withDefaults', () => {
  test.each([
    [{}, {}],
    [{ spec: {} }, { spec: { mode: 'Off' } }],
    [{ spec: { mode: '' } }, { spec: { mode: '' } }],
    [
      { spec: { rules: [{}, { path: { type: 'Exact' } }] } },
      { spec: { mode: 'Off', rules: [full, { path: { type: 'Exact', value: '/' } }] } },
    ],
    [{ spec: { mode: 'On', byName: { a: {} } } }, { spec: { mode: 'On', byName: { a: full } } }],
    [{ spec: 'x' }, { spec: 'x' }],
    [{ spec: { rules: 'x' } }, { spec: { mode: 'Off', rules: 'x' } }],
  ])('makes of %j %j', (value, expected) => {
    expect(withDefaults(value, tree)).toEqual(expected);
  });

  test('gives the value itself when nothing is absent, and never changes it', () => {
    const whole = { spec: { mode: 'On', rules: [full] } };
    expect(withDefaults(whole, tree)).toBe(whole);
    const part = { spec: { rules: [{}] } };
    withDefaults(part, tree);
    expect(part).toEqual({ spec: { rules: [{}] } });
  });
});
