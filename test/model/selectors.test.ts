import { expect, it } from 'vitest';
import { formatLabels } from '../../src/model/selectors.ts';

it('labels are written sorted by key', () => {
  expect(formatLabels({ version: 'v1', app: 'fruits' })).toBe('app=fruits,version=v1');
});
