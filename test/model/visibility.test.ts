import { describe, expect, it } from 'vitest';
import { isVisibleFrom, visibilityOf } from '../../src/model/visibility.ts';

describe('exportTo', () => {
  it.each([
    [undefined, 'other', true],
    [[], 'other', true],
    [['*'], 'other', true],
    [['.'], 'other', false],
    [['.'], 'own', true],
    [['other'], 'other', true],
    [['other'], 'own', false],
    [['~'], 'own', false],
    [['.', 'other'], 'own', true],
  ])('%o of an object in namespace own shows it to %s: %s', (exportTo, viewer, expected) => {
    expect(isVisibleFrom(visibilityOf(exportTo, 'own'), viewer)).toBe(expected);
  });

  it("that is absent takes the mesh's default", () => {
    expect(isVisibleFrom(visibilityOf(undefined, 'own', ['.']), 'other')).toBe(false);
  });
});
