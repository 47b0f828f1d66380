import { describe, expect, it } from 'vitest';
import {
  KUBERNETES_BINDINGS,
  STANDARD_ATTRIBUTES,
  scopeOf,
  scopeWithOutputs,
} from '../../../src/config/mixer/attributes.ts';
import { checkExpression } from '../../../src/config/mixer/check.ts';
import { VALUE_TYPES } from '../../../src/config/mixer/expression.ts';

/** An attribute of each type, called as the type is. */
const SCOPE = scopeOf(new Map(VALUE_TYPES.map((type) => [type.toLowerCase(), type])));

describe('an expression has the type', () => {
  it.each<readonly [source: string, type: string]>([
    ...VALUE_TYPES.map((type) => [type.toLowerCase(), type] as const),
    ['int64 == 2', 'BOOL'],
    ['double == 2.0', 'BOOL'],
    ['int64 == 2 || int64 == 5', 'BOOL'],
    ['string | "foobar"', 'STRING'],
    ['int64 | int64 | 5', 'INT64'],
    ['duration | "0ms"', 'DURATION'],
    ['ip_address | ip("0.0.0.0")', 'IP_ADDRESS'],
    ['timestamp | timestamp("2015-01-02T15:04:05Z")', 'TIMESTAMP'],
    ['dns_name | dnsName("a.example")', 'DNS_NAME'],
    ['email_address | email("a@example.org")', 'EMAIL_ADDRESS'],
    ['uri | uri("https://example.org/a")', 'URI'],
    ['string_map | emptyStringMap()', 'STRING_MAP'],
    ['string_map["a"]', 'STRING'],
    ['emptyStringMap()["a"] | "b"', 'STRING'],
    ['match(string, "a*")', 'BOOL'],
    ['conditional(bool, 1, int64)', 'INT64'],
    ['conditional((string | "a") == "b", "c", conditional(bool | false, "d", "e"))', 'STRING'],
    ['string.startsWith("a") && string.endsWith("b")', 'BOOL'],
    ['"a.*".matches(string)', 'BOOL'],
    ['toLower(string) + reverse(string) + string.reverse()', 'STRING'],
    ['size(string) + 1 > int64', 'BOOL'],
    ['timestamp < timestamp("2015-01-02T15:04:05.1+02:00")', 'BOOL'],
  ])('%s: %s', (source, type) => {
    expect(checkExpression(source, SCOPE)).toMatchObject({ type, problems: [] });
  });
});

describe('an expression whose types do not fit is refused with the place', () => {
  it.each([
    ['int64 | bool', 9, 'the default has type BOOL, the value INT64'],
    ['int64 | "5"', 9, 'the default has type STRING, the value INT64'],
    ['bool == 2', 6, '== stands between BOOL and INT64'],
    ['string == "0"', 8, '== stands between STRING and DURATION'],
    ['string == "a" && int64', 18, '&& joins conditions: this must be BOOL and is INT64'],
    ['string["a"]', 1, 'only a map has keys: this must be STRING_MAP and is STRING'],
    ['string_map[5]', 12, 'the key of a map is a text: this must be STRING and is INT64'],
    ['string_map == string_map', 12, '== is not defined for STRING_MAP'],
    ['bool < bool', 6, '< is not defined for BOOL'],
    ['bool + bool', 6, '+ is not defined for BOOL'],
    ['match(string)', 1, 'match takes 2 arguments, not 1'],
    ['toLower(string, string)', 1, 'toLower takes 1 argument, not 2'],
    ['match(int64, "a")', 7, 'argument 1 of match: this must be STRING and is INT64'],
    ['conditional(bool, "a", 5)', 24, 'argument 3 of conditional: this must be STRING and is INT64'],
    ['startsWith(string)', 1, 'startsWith needs a text before it'],
    ['string.match("a")', 8, 'match stands alone'],
    ['int64.startsWith("a")', 1, 'startsWith works on STRING: this must be STRING and is INT64'],
    ['mach(string, "a")', 1, 'there is no function mach'],
    ['ip("300.0.0.1")', 4, 'the text in ip is no IP address'],
    [
      'timestamp("2015-02-30T00:00:00Z")',
      11,
      'the text in timestamp is no time of RFC 3339, such as "2015-01-02T15:04:05Z"',
    ],
    ['dnsName("a b")', 9, 'the text in dnsName is no DNS name'],
    ['email("a b@c")', 7, 'the text in email is no e-mail address'],
    ['uri("")', 5, 'the text in uri is no URI'],
    [
      '"a(".matches(string)',
      1,
      'the text in matches is no regular expression of RE2: missing closing ): `a(`',
    ],
    ['$out.source_ip', 1, 'there is no attribute $out.source_ip here'],
  ])('%s', (source, place, message) => {
    expect(checkExpression(source, SCOPE).problems).toEqual([
      expect.objectContaining({
        level: 'Error',
        message,
        span: expect.objectContaining({ start: place - 1 }) as unknown,
      }),
    ]);
  });
});

describe('an attribute that nobody declared is a warning, with what was likely meant', () => {
  it.each([
    ['destination.service.name | unknown', 'If it is meant as text, write "unknown" with the quotes.'],
    ['requst.path', 'Did you mean request.path?'],
    ['request.headers.cookie', 'Write request.headers["cookie"].'],
    ['my.own.attribute', 'Declare it in an attributemanifest, or correct the name.'],
  ])('%s', (source, hint) => {
    expect(checkExpression(source, STANDARD_ATTRIBUTES).problems).toEqual([
      expect.objectContaining({ level: 'Warning', hint }),
    ]);
  });

  it('and its type fits everywhere', () => {
    const { problems, type } = checkExpression(
      'my.a == 5 && my.a == "b" && match(my.b, "c") && my.c',
      STANDARD_ATTRIBUTES,
    );
    expect(problems.map(({ level }) => level)).toEqual(['Warning', 'Warning', 'Warning']);
    expect(type).toBe('BOOL');
  });
});

it('the output of an adapter is known in its bindings only', () => {
  expect(checkExpression('$out.source_labels | emptyStringMap()', KUBERNETES_BINDINGS)).toMatchObject({
    type: 'STRING_MAP',
    problems: [],
  });
  expect(checkExpression('x.output.value', scopeWithOutputs(['x.output.'])).problems).toEqual([]);
  expect(checkExpression('y.output.value', scopeWithOutputs(['x.output.'])).problems).toHaveLength(1);
});

it('hints say how a literal gets the type that is wanted', () => {
  const hintOf = (source: string): string | undefined => checkExpression(source, SCOPE).problems[0]?.hint;
  expect(hintOf('string == 5')).toBe('Put the value in double quotes.');
  expect(hintOf('int64 == "5"')).toBe('Write the value without quotes.');
  expect(hintOf('ip_address == "10.0.0.1"')).toBe('Write ip("…").');
  expect(hintOf('double == 1')).toBe('Write the number with a point, as 1.0.');
  expect(hintOf('mach(string, "a")')).toBe('Did you mean match?');
});
