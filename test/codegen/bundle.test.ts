/** What the bundles are after they have been written. */

import { expect, test } from 'vitest';
import { escapeNonAscii } from '../../src/codegen/bundle.ts';

test.each([
  ['a string', '"a … b"'],
  ['a template', '`a … ${1 + 1} µ`'],
  ['a character that is escaped without need', '"\\… \\\\…"'],
  ['a character of two code units', '"🛵"'],
  ['a name of a field', '({ μs: 1 })'],
])('%s means the same in ASCII', (_, code) => {
  const escaped = escapeNonAscii(code);
  expect(escaped).toMatch(/^[\0-\x7f]*$/);
  expect(evaluate(escaped)).toEqual(evaluate(code));
});

test('a pattern takes the same texts in ASCII', () => {
  const pattern = evaluate(escapeNonAscii('/^[µμ]s|[^\\x00-ÿ…]$|🛵/u')) as RegExp;
  expect(['μs', 'é', '…', '你', '🛵'].map((text) => pattern.test(text))).toEqual([
    true,
    false,
    false,
    true,
    true,
  ]);
});

function evaluate(code: string): unknown {
  return new Function(`return ${code};`)();
}
