import { describe, expect, test } from 'vitest';
import { formatSteps, parseSettingPath, setAt, valueAt } from '../../src/install/setting-path.ts';

describe('a path', () => {
  test.each([
    ['a', ['a']],
    ['a.b-c.d', ['a', 'b-c', 'd']],
    [String.raw`annotations.a\.b/c`, ['annotations', 'a.b/c']],
    ['a[0].b', ['a', 0, 'b']],
    ['a.[0].b', ['a', 0, 'b']],
    ['a[name:x.y].b', ['a', { key: 'name', value: 'x.y' }, 'b']],
    ['args.[--domain]', ['args', { key: '', value: '--domain' }]],
  ])('%s has its steps, and is written again as it can be read', (text, steps) => {
    expect(parseSettingPath(text)).toEqual(steps);
    expect(parseSettingPath(formatSteps(parseSettingPath(text)))).toEqual(steps);
  });

  test.each(['', '.', 'a.', 'a..b', '.a.', 'a[', 'a]b', 'a[0', '__proto__.x', 'a.constructor'])(
    '%j is refused',
    (text) => {
      expect(() => parseSettingPath(text)).toThrow('is not the path of a setting');
    },
  );
});

describe('setting a value', () => {
  test('makes maps and lists on the way', () => {
    const root = {};
    setAt(root, parseSettingPath('a.b[0].c'), 1);
    setAt(root, parseSettingPath('list[name:x].on'), true);
    expect(root).toEqual({ a: { b: [{ c: 1 }] }, list: [{ name: 'x', on: true }] });
    expect(valueAt(root, parseSettingPath('list[name:x].on'))).toBe(true);
  });

  test('changes the list item of a name or index, and the item that is a text', () => {
    const root = { list: [{ name: 'x' }, { name: 'y' }], args: ['a', 'b'] };
    setAt(root, parseSettingPath('list[name:y].on'), true);
    setAt(root, parseSettingPath('list[0].on'), false);
    setAt(root, parseSettingPath('args.[b]'), 'c');
    expect(root).toEqual({
      list: [
        { name: 'x', on: false },
        { name: 'y', on: true },
      ],
      args: ['a', 'c'],
    });
  });

  test('takes a value away, and does not mind that it is not there', () => {
    const root = { a: { b: 1 }, list: ['x', 'y'] };
    setAt(root, parseSettingPath('a.b'), undefined);
    setAt(root, parseSettingPath('list[0]'), undefined);
    setAt(root, parseSettingPath('none.at.all'), undefined);
    expect(root).toEqual({ a: {}, list: ['y'] });
  });

  test.each([
    ['list[5]', 'would leave a gap'],
    ['list.[z]', 'the list has no item "z"'],
    ['text.a', 'is no map'],
    ['map[0]', 'is no list'],
  ])('refuses %s', (path, message) => {
    expect(() => setAt({ list: ['x'], text: 'x', map: {} }, parseSettingPath(path), 1)).toThrow(message);
  });
});
