import { expect, test } from 'vitest';
import { ageText } from '../../src/base/age-text.ts';

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

test.for([
  [0, '0s'],
  [-5 * SECOND, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [4 * MINUTE + 10 * SECOND, '4m10s'],
  [10 * MINUTE + 10 * SECOND, '10m'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [9 * HOUR, '9h'],
  [49 * HOUR, '2d'],
  [Number.NaN, '-'],
] as const)('%i ms are %s', ([age, text]) => {
  expect(ageText(age)).toBe(text);
});
