import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { STANDARD_ATTRIBUTES } from '../../../src/config/mixer/attributes.ts';
import { checkExpression } from '../../../src/config/mixer/check.ts';
import { parseExpression } from '../../../src/config/mixer/parse.ts';
import type { Expression } from '../../../src/config/mixer/expression.ts';

const PIECES = [
  'a',
  'request.headers',
  'source.ip',
  'true',
  '5',
  '1.5',
  '"text"',
  '"5s"',
  '`raw`',
  "'c'",
  '==',
  '!=',
  '<',
  '&&',
  '||',
  '|',
  '+',
  '!',
  '-',
  '%',
  '=',
  '.',
  ',',
  '(',
  ')',
  '[',
  ']',
  '{',
  ';',
  'match(',
  'ip("1.2.3.4")',
  '.startsWith(',
  'conditional(',
  ' ',
  '\n',
  '/*',
  '*/',
  '//',
  '"',
  '\\',
  '$out',
  '🦊',
  '\0',
];

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join('')),
);

it('no text makes the parser or the checker throw, and each problem lies in the text', () => {
  fc.assert(
    fc.property(texts, (source) => {
      for (const { span } of checkExpression(source, STANDARD_ATTRIBUTES).problems) {
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.start).toBeLessThanOrEqual(span.end);
        expect(span.end).toBeLessThanOrEqual(source.length);
      }
    }),
    { numRuns: 5_000 },
  );
});

const attributes = fc.constantFrom('request.path', 'source.labels', 'response.code', 'a_b.c');
const operators = fc.constantFrom('==', '!=', '<', '<=', '>', '>=', '&&', '||', '|', '+');
const { tree: sources } = fc.letrec<{ tree: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    attributes,
    fc.maxSafeNat().map(String),
    fc
      .string({ unit: 'grapheme', maxLength: 10 })
      .filter((text) => !/["\\\n]/.test(text))
      .map((text) => `"${text}"`),
  ),
  tree: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc
      .tuple(tie('tree'), operators, tie('tree'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(attributes, tie('tree')).map(([map, key]) => `${map}[${key}]`),
    fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `match(${left}, ${right})`),
    fc.tuple(tie('tree'), tie('tree')).map(([target, arg]) => `(${target}).startsWith(${arg})`),
  ),
}));

it('every text of the grammar parses, into parts that stand where they say', () => {
  fc.assert(
    fc.property(sources, (source) => {
      const { expression } = parseExpression(source);
      if (expression === undefined) throw new Error(`does not parse: ${source}`);
      expect(
        partsOf(expression).every(({ span }) => span.start < span.end && span.end <= source.length),
      ).toBe(true);
      expect(expression.span).toEqual({ start: 0, end: source.length });
    }),
  );
});

function partsOf(tree: Expression): Expression[] {
  switch (tree.kind) {
    case 'operation':
      return [tree, ...partsOf(tree.left), ...partsOf(tree.right)];
    case 'index':
      return [tree, ...partsOf(tree.map), ...partsOf(tree.key)];
    case 'call':
      return [tree, ...[...(tree.target === undefined ? [] : [tree.target]), ...tree.args].flatMap(partsOf)];
    default:
      return [tree];
  }
}
