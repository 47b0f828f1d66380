import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { celProblem } from '../../../../src/config/rules/telemetry/cel-syntax.ts';

describe('a CEL expression', () => {
  test.each([
    'response.code >= 400 && response.code < 500',
    "!has(request.useragent) || !(request.useragent.startsWith('probe'))",
    'a ? b : c ? d : e',
    '(a ? b : c).d',
    '-1 + - 2 - -3',
    '!!a',
    '!-1',
    '-9223372036854775808',
    '18446744073709551615u',
    '0x1Fu + 1.5e-3 + .5 + 2E3',
    '.a.b.c(d)[0].e',
    'a.`b-c/d`.e()',
    'a.B{}',
    'a.B{c: 1, `d`: [2,],}.c',
    "{'a': 1, b: {},}",
    '[,] + [1, 2,]',
    '"a\\n\\x41\\u00e9\\U0001F600\\101\\"" + \'b"\'',
    '"""a\nb""" + r"\\d" + b"\\xff" + rb.c',
    'true && false || null == a.as',
    'x in [1] in y',
    'xs.all(x, x > 0) && xs.map(x, x > 0, x + 1).exists_one(y, true)',
    'has(a.b.c) && has((a.b))',
    'all(1, 2) && xs.all(1)',
    'a // with a remark\n== b',
    'some-name',
  ])('%s is sound', (expression) => {
    expect(celProblem(expression)).toBeUndefined();
  });

  test.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['a +', 'ends too early'],
    ['a b', '"b" is out of place'],
    ['(a', '")" should stand'],
    ['a)', '")" is out of place'],
    ['f(a,)', '")" is out of place'],
    ['[a,,]', '"," is out of place'],
    ['{a}', '":" should stand'],
    ['{a: 1', 'ends too early'],
    ['B{1: 2}', '"1" is out of place'],
    ['a ? b', '":" should stand'],
    ['a = b', 'compared with "=="'],
    ['a & b', 'has no meaning'],
    ['-!a', '"!" is out of place'],
    ['!-a', '"a" is out of place'],
    ['a.1', 'out of place'],
    ['a.true', '"true" is out of place'],
    ['a.', 'ends too early'],
    ['1..2', 'out of place'],
    ['a.?b', '"?" is out of place'],
    ['`a`', '"`a`" is out of place'],
    ['in', '"in" is out of place'],
    ['if', 'reserved word'],
    ['while(a)', 'reserved word'],
    ['"abc', 'has no end'],
    ['"a\nb"', 'has no end'],
    ['"\\q"', 'no escape sequence'],
    ['"\\ud800"', 'no escape sequence'],
    ['b"\\u0041"', 'no escape sequence'],
    ['9223372036854775808', '64 bits'],
    ['18446744073709551616u', '64 bits'],
    ['has(a)', 'has() asks for a field'],
    ['has(a[0])', 'has() asks for a field'],
    ['xs.exists(a.b, true)', 'name of a variable'],
    ['"a" === "b"', 'has no meaning'],
    ['('.repeat(150) + ')'.repeat(150), 'nested'],
    ['a'.repeat(20_000), 'longer'],
  ])('%j is refused: %s', (expression, problem) => {
    expect(celProblem(expression)).toContain(problem);
  });

  test('of any text at all gives an answer and no exception', () => {
    const parts = [...'abin01."\'`()[]{}?:,&|!=<>+-*/%\\\n ', 'has(', 'true', '0x', '&&', '"""'];
    const text = array(constantFrom(...parts), { maxLength: 40 }).map((list) => list.join(''));
    assert(
      property(oneof(text, string()), (expression) => {
        const problem = celProblem(expression);
        expect(problem === undefined || problem.length > 0).toBe(true);
      }),
    );
  });
});
