import { expect, test } from 'vitest';
import { tabwriter } from '../../src/cli/output/tabwriter.ts';

test.for([
  [
    'columns are as wide as their longest cell',
    [
      ['A', 'B'],
      ['long', 'x'],
    ],
    'A        B\nlong     x\n',
  ],
  [
    'a cell before an empty last one is padded',
    [
      ['A', 'B'],
      ['x', ''],
    ],
    'A     B\nx     \n',
  ],
  [
    'characters count, not bytes',
    [
      ['é', '1'],
      ['ee', '2'],
    ],
    'é      1\nee     2\n',
  ],
  [
    'a shorter row ends a column',
    [['a', 'b', 'c'], ['wide'], ['a', 'b', 'c']],
    'a     b     c\nwide\na     b     c\n',
  ],
  ['nothing is nothing', [], ''],
] as const)('%s', ([, rows, expected]) => {
  expect(tabwriter(rows, 5)).toBe(expected);
});
