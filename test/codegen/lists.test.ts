/** The lists of files that plug in by standing in a folder. */

import { describe, expect, test } from 'vitest';
import { printAnalyzers, printRules } from '../../src/codegen/lists.ts';

const rules = (kinds: string): string =>
  `export const kinds = ${kinds} as const;\nexport const rules = () => {};\n`;

describe('printRules', () => {
  test('loads the file of each kind when asked, in the order of the kinds', () => {
    const units = [
      { path: 'src/config/rules/light/lamp.ts', text: rules(`[\n  'b/Lamp',\n  "a/Lamp",\n]`) },
      { path: 'src/config/rules/light/beam.ts', text: 'export const width = 1;\n' },
    ];
    const { text, problems } = printRules(units, new Set(['a/Lamp', 'b/Lamp']));
    expect(problems).toEqual([]);
    expect(text).toContain(
      `  "a/Lamp": () => import('../rules/light/lamp.ts'),\n  "b/Lamp": () => import('../rules/light/lamp.ts'),\n};`,
    );
  });

  test.each([
    [`['c/Lamp']`, /no schema for c\/Lamp/],
    ['KINDS', /literal list/],
  ])('says what is wrong with kinds = %s', (kinds, message) => {
    const { problems } = printRules(
      [{ path: 'src/config/rules/x/y.ts', text: rules(kinds) }],
      new Set(['a/Lamp']),
    );
    expect(problems).toEqual([expect.stringMatching(message)]);
  });

  test('refuses two files for one kind, and kinds without rules', () => {
    const units = [
      { path: 'src/config/rules/x/a.ts', text: rules(`['a/Lamp']`) },
      { path: 'src/config/rules/x/b.ts', text: `export const kinds = ['a/Lamp'] as const;` },
    ];
    const { problems } = printRules(units, new Set(['a/Lamp']));
    expect(problems).toEqual([
      'src/config/rules/x/b.ts: exports kinds and no "rules"',
      'src/config/rules/x/b.ts: a/Lamp has its rules in src/config/rules/x/a.ts already',
    ]);
  });
});

describe('printAnalyzers', () => {
  test('lists the files that export an analyzer, and no others', () => {
    const text = printAnalyzers([
      { path: 'src/analysis/analyzers/lamp/beam.ts', text: 'export const analyzer: Analyzer = {};' },
      { path: 'src/analysis/analyzers/lamp/colour.ts', text: '// analyzer\nexport const colour = 1;' },
    ]);
    expect(text).toContain(`import { analyzer as a0 } from '../analyzers/lamp/beam.ts';`);
    expect(text).toContain('= [\n  a0,\n];');
    expect(text).not.toContain('colour');
  });
});
