import { describe, expect, it } from 'vitest';
import type { PlacedCelRule } from '../../../src/api/placed-cel-rule.ts';
import { formatFieldPath } from '../../../src/base/field-path.ts';
import { celFindings } from '../../../src/config/checks/cel.ts';
import { parseText } from '../../../src/config/parse/parse.ts';

/** Paths that one rule refuses in `spec: …`. */
async function refused(spec: string, ...rules: readonly PlacedCelRule[]): Promise<readonly string[]> {
  const [object] = parseText(`apiVersion: a.example/v1\nkind: A\nspec: ${spec}\n`, 'f').objects;
  if (object === undefined) throw new Error('no object');
  return (await celFindings(object, rules)).map(
    ({ path, message }) => `${formatFieldPath(path)}: ${message}`,
  );
}

const message = 'no';

describe('a CEL rule', () => {
  it.each<[string, string, boolean]>(
    [
      ["duration(self) >= duration('1ms')", '1ms', true],
      ["duration(self) >= duration('1ms')", '999us', false],
      ["duration(self) > duration('1h')", '1h', false],
      ["duration(self) <= duration('1h')", '61m', false],
      ["duration(self) < duration('1h')", '59m', true],
      ["duration(self) >= duration('1ms')", 'soon', false],
      ["self.startsWith('a') && size(self) < 3", 'ab', true],
      ["self.startsWith('a') && size(self) < 3", 'abc', false],
      ["self.matches('^(a|b)+$')", 'abab', true],
      ["self.matches('^(a|b)+$')", 'abac', false],
      ['self + 1 == 8', '7', true],
      ['self > 0.5', '1', true],
      ['self == 7', '7', true],
      ['has(self.__namespace__)', '{namespace: a}', true],
      ['has(self.x.y)', '{x: {}}', false],
      ['self.x.y.z == 1', '{x: {}}', false],
      ["isURL(self) && url(self).getScheme() == 'https'", 'https://a/b', true],
      ["isURL(self) && url(self).getScheme() == 'https'", 'http://a/b', false],
      ['isURL(self)', 'not a url', false],
      ['self.all(key, int(key) > 0)', '{"1": a, "2": b}', true],
      ['self.all(a, self.exists_one(b, a == b))', '[1, 2, 1]', false],
      ['this is no rule', 'x', false],
    ].slice(0, -1) as [string, string, boolean][],
  )('%s of %s: %s', async (rule, value, expected) => {
    const found = await refused(`{v: ${value}}`, { path: ['spec', 'v'], rule, message });
    expect(found).toEqual(expected ? [] : ['spec.v: no']);
  });

  it('is asked at each place that is there, and nowhere else', async () => {
    const rule: PlacedCelRule = {
      path: ['spec', 'list', '[]', 'map', '{}', 'x'],
      rule: 'self == 1',
      message,
    };
    expect(
      await refused('{list: [{map: {a: {x: 1}, b: {x: 2}, c: {}}}, {}, {map: {d: {x: 3}}}, 7]}', rule),
    ).toEqual(['spec.list[0].map.b.x: no', 'spec.list[2].map.d.x: no']);
    expect(await refused('{list: {map: 1}}', rule)).toEqual([]);
  });

  it('may be for some versions only, about updates, or point at a field below', async () => {
    expect(await refused('{a: 1}', { path: ['spec'], rule: 'false', message, versions: ['v2'] })).toEqual([]);
    expect(await refused('{a: 1}', { path: ['spec'], rule: 'self == oldSelf', message })).toEqual([]);
    expect(await refused('{a: 1}', { path: ['spec'], rule: 'false', message, fieldPath: '.a.b' })).toEqual([
      'spec.a.b: no',
    ]);
  });

  it('may make its message of the value', async () => {
    const rule: PlacedCelRule = {
      path: ['spec', 'a'],
      rule: 'false',
      messageExpression: "'not ' + self",
      message,
    };
    expect(await refused('{a: x}', rule)).toEqual(['spec.a: not x']);
    expect(await refused('{a: [x]}', rule)).toEqual(['spec.a: no']);
  });

  it('is done quickly with hostile text, since no pattern runs on a backtracking engine', async () => {
    const rule: PlacedCelRule = {
      path: ['spec', 'a'],
      rule: "self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
      message,
    };
    expect(await refused(`{a: "${'a'.repeat(5_000)}!"}`, rule)).toEqual(['spec.a: no']);
  });

  it('is not asked of lists that are longer than any limit', async () => {
    const list = Array.from({ length: 5_000 }, (_, index) => index).join(',');
    expect(
      await refused(`{a: [${list}]}`, {
        path: ['spec', 'a'],
        rule: 'self.all(a, self.exists_one(b, a == b))',
        message,
      }),
    ).toEqual([]);
  });
});
