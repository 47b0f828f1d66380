import { expect, it } from 'vitest';
import { quantityOf } from '../../src/base/quantity.ts';

it.each([
  ['500m', 0.5],
  ['1', 1],
  [1.5, 1.5],
  ['.5', 0.5],
  ['2.', 2],
  ['+1k', 1000],
  ['-1Ki', -1024],
  ['1e3', 1000],
  ['5E', 5e18],
  ['', undefined],
  ['m', undefined],
  ['1 m', undefined],
  ['1mm', undefined],
  ['0x1', undefined],
  ['1'.repeat(100), undefined],
  [true, undefined],
  [null, undefined],
])('the quantity %j is %j', (text, value) => {
  expect(quantityOf(text)).toBe(value);
});
