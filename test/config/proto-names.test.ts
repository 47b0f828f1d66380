/** Fields with their protobuf names get the names of the JSON form. */

import { describe, expect, test } from 'vitest';
import { toJsonNames } from '../../src/config/proto-names.ts';

const spellings = {
  fields: {
    spec: {
      names: { light_beam: 'lightBeam', by_name: 'byName' },
      fields: {
        lightBeam: { names: { max_width: 'maxWidth' } },
        byName: { each: { names: { max_width: 'maxWidth' } } },
      },
    },
  },
};

describe('toJsonNames', () => {
  test.each([
    [{ spec: { light_beam: { max_width: 1 } } }, { spec: { lightBeam: { maxWidth: 1 } } }],
    [{ spec: { lightBeam: { max_width: 1 } } }, { spec: { lightBeam: { maxWidth: 1 } } }],
    [
      { spec: { by_name: { light_beam: { max_width: 1 } } } },
      { spec: { byName: { light_beam: { maxWidth: 1 } } } },
    ],
    [{ spec: { by_name: [{ max_width: 1 }] } }, { spec: { byName: [{ maxWidth: 1 }] } }],
    [
      { light_beam: 1, spec: 'x' },
      { light_beam: 1, spec: 'x' },
    ],
  ])('makes of %j %j', (value, expected) => {
    expect(toJsonNames(value, spellings)).toEqual(expected);
  });

  test('keeps both when a field stands in both spellings', () => {
    expect(toJsonNames({ spec: { light_beam: 1, lightBeam: 2 } }, spellings)).toEqual({
      spec: { light_beam: 1, lightBeam: 2 },
    });
  });

  test('gives the value itself when there is nothing to rename', () => {
    const value = { spec: { lightBeam: { maxWidth: 1 } } };
    expect(toJsonNames(value, spellings)).toBe(value);
    expect(toJsonNames(value, undefined)).toBe(value);
  });

  test('does not change what it is given', () => {
    const value = { spec: { light_beam: { max_width: 1 } } };
    toJsonNames(value, spellings);
    expect(value).toEqual({ spec: { light_beam: { max_width: 1 } } });
  });
});
