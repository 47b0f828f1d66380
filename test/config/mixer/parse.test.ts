import { describe, expect, it } from 'vitest';
import type { Expression } from '../../../src/config/mixer/expression.ts';
import { MAX_EXPRESSION, parseExpression } from '../../../src/config/mixer/parse.ts';

/** The tree as a text in which operators are functions. */
function show(tree: Expression): string {
  switch (tree.kind) {
    case 'literal':
      return `${tree.literal.type.toLowerCase()}:${String(tree.literal.value)}`;
    case 'attribute':
      return tree.name;
    case 'operation':
      return `(${show(tree.left)} ${tree.operator} ${show(tree.right)})`;
    case 'index':
      return `${show(tree.map)}[${show(tree.key)}]`;
    case 'call':
      return `${tree.target === undefined ? '' : `${show(tree.target)}.`}${tree.name}(${tree.args.map(show).join(', ')})`;
  }
}

describe('an expression parses into a tree', () => {
  it.each([
    ['a.b.c == 2', '(a.b.c == int64:2)'],
    ['a || b || "c" || ( a && b )', '(((a || b) || string:c) || (a && b))'],
    ['a|b|c', '((a | b) | c)'],
    ['a | b == c | d', '((a | b) == (c | d))'],
    ['a == b && c != d || e < f', '(((a == b) && (c != d)) || (e < f))'],
    ['a + b | c', '((a + b) | c)'],
    ['true == FALSE', '(bool:true == bool:false)'],
    ['3.14', 'double:3.14'],
    ['.5', 'double:0.5'],
    ['1e3', 'double:1000'],
    ['007', 'int64:7'],
    ['9223372036854775807', 'int64:9223372036854775807'],
    ['"истио"', 'string:истио'],
    [String.raw`"a\"b\\c\n\x41\u00e9\101"`, 'string:a"b\\c\nAéA'],
    ['`a\\b"c`', 'string:a\\b"c'],
    [`'a'`, 'string:a'],
    ['"5s"', 'duration:5000000000'],
    ['"0"', 'duration:0'],
    ['request.headers["X-A"] == "b"', '(request.headers[string:X-A] == string:b)'],
    ['source.ip | ip("0.0.0.0")', '(source.ip | ip(string:0.0.0.0))'],
    ['a()', 'a()'],
    ['a.b.c(q, z)', 'a.b.c(q, z)'],
    ['a.b().c().d() == 23', '(a.b().c().d() == int64:23)'],
    ['"abc".matches("foo")', 'string:abc.matches(string:foo)'],
    ['(a | b).startsWith("c")', '(a | b).startsWith(string:c)'],
    ['request.headers["a"].endsWith("b")', 'request.headers[string:a].endsWith(string:b)'],
    ['f(a, b,)', 'f(a, b)'],
    ['a /* why */ == // because\n b', '(a == b)'],
    ['a &&\n b\n', '(a && b)'],
    ['$out.source_ip | a', '($out.source_ip | a)'],
  ])('%s', (source, tree) => {
    const { expression } = parseExpression(source);
    expect(expression === undefined ? undefined : show(expression)).toBe(tree);
  });
});

describe('an expression that does not parse is refused with the place', () => {
  it.each([
    ['', 1, 'is empty'],
    ['  ', 3, 'is empty'],
    ['a = b', 3, '"=" is no operator'],
    ['a ==', 5, 'ends where a value is missing'],
    ['stringmap | ', 13, 'ends where a value is missing'],
    ['(a == b', 1, '"(" is never closed'],
    ['a["b"', 2, '"[" is never closed'],
    ['a b', 3, '"b" does not belong here'],
    ['a == b)', 7, '")" does not belong here'],
    ['*a != b', 1, '"*" cannot stand before a value'],
    ['!a', 1, '"!" cannot stand before a value'],
    ['-1', 1, '"-" cannot stand before a value'],
    ['a % 5', 3, '"%" is no operator of the language'],
    ['a/b', 2, '"/" is no operator of the language'],
    ['a & b', 3, '"&" is no operator of the language'],
    ['(a.c()).d == 300', 9, 'only attributes have parts after a dot'],
    ['a().b', 5, 'only attributes have parts after a dot'],
    ["atr == 'aaa'", 8, 'single quotes hold one character only'],
    ['a == "b', 6, 'the text has no closing double quote'],
    ['a == `b', 6, 'the text has no closing backquote'],
    [String.raw`"a\qb"`, 3, String.raw`\q is no escape of a character`],
    [String.raw`"\ud800"`, 2, String.raw`\u is no escape of a character`],
    ['5s', 1, '5s is no number'],
    ['0x1F', 1, '0x1F is no number'],
    ['9223372036854775808', 1, '9223372036854775808 does not fit into 64 bits'],
    ['foo{}', 4, '"{" does not belong here'],
    ['a == b\n&& c', 7, 'a line break ends the expression here'],
    ['a == €', 6, '"€" has no meaning here'],
  ])('%s', (source, place, message) => {
    const { problem } = parseExpression(source);
    expect(problem).toMatchObject({ level: 'Error', message, span: { start: place - 1 } });
  });

  it('because it is longer than the bound', () => {
    expect(parseExpression('a'.repeat(MAX_EXPRESSION + 1)).problem?.message).toMatch(/is longer than/);
  });

  it.each([
    ['parentheses', '('.repeat(5000)],
    ['indexes', 'a['.repeat(5000)],
    ['calls', 'f('.repeat(5000)],
    ['operators', 'a|'.repeat(5000) + 'a'],
    ['methods', `"a"${'.f()'.repeat(5000)}`],
  ])('because %s nest too deep', (_what, source) => {
    expect(parseExpression(source).problem?.message).toMatch(/nested too deep|too many parts/);
  });
});

it('every part knows its place in the text', () => {
  const { expression } = parseExpression(' a.b | match(c, "d") ');
  expect(expression).toMatchObject({
    span: { start: 1, end: 20 },
    at: { start: 5, end: 6 },
    left: { span: { start: 1, end: 4 } },
    right: {
      span: { start: 7, end: 20 },
      at: { start: 7, end: 12 },
      args: [{ span: { start: 13, end: 14 } }, {}],
    },
  });
});
