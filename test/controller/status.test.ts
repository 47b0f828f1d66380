import { describe, expect, test } from 'vitest';
import {
  conditionsWith,
  says,
  verdictOf,
  verdictOfRejection,
} from '../../src/controller/status/condition.ts';
import { joinProblems } from '../../src/controller/status/reports.ts';

const NOW = '2030-01-01T00:00:00.000Z';
const REFUSED = {
  message: 'no such field\n',
  type_url: 'listener',
  resource: '0.0.0.0_80',
  proxies: ['b.shop', 'a.shop'],
};

describe('what a status says', () => {
  test.each([
    ['nothing is wrong', [], 'True', 'InForce', 'In force; no proxy refuses it.'],
    [
      'the mesh leaves it out',
      [{ message: 'Not enforced yet.' }],
      'False',
      'NotInForce',
      'Not enforced yet.',
    ],
    [
      'a proxy refuses it, in the words of the proxy',
      [{ message: 'Also this.' }, REFUSED],
      'False',
      'RefusedByProxies',
      'Also this. | a.shop, b.shop: 0.0.0.0_80 is refused: no such field',
    ],
    [
      'many proxies refuse it',
      [{ ...REFUSED, proxies: ['5', '4', '3', '2', '1'] }],
      'False',
      'RefusedByProxies',
      '1, 2, 3 and 2 more: 0.0.0.0_80 is refused: no such field',
    ],
  ])('when %s', (_when, problems, status, reason, message) => {
    expect(verdictOf(problems)).toEqual({ status, reason, message });
  });

  test('is bounded and without control characters', () => {
    const { message } = verdictOf([{ message: `${'x'.repeat(10_000)}\u001b[31m` }]);
    expect(message.length).toBeLessThan(2_100);
    expect(verdictOf([{ message: 'a\u001b[31m' }]).message).toBe('a\\u{1b}[31m');
  });

  test('of an object that is set aside are its errors', () => {
    expect(verdictOfRejection({ errors: ['two', 'one'] })).toEqual({
      status: 'False',
      reason: 'Invalid',
      message: 'one | two',
    });
  });
});

describe('conditions', () => {
  const verdict = verdictOf([]);
  const others = { type: 'Other', status: 'True', lastTransitionTime: '2020' };

  test('of others stay, and time counts from when the status became another', () => {
    const first = conditionsWith({ conditions: [others] }, verdict, 3, NOW);
    expect(first).toEqual([
      others,
      { type: 'Reconciled', ...verdict, observedGeneration: 3, lastTransitionTime: NOW },
    ]);
    const same = conditionsWith({ conditions: first }, verdict, 4, '2031');
    expect(same).toContainEqual(expect.objectContaining({ observedGeneration: 4, lastTransitionTime: NOW }));
    const worse = conditionsWith({ conditions: first }, verdictOf([{ message: 'no' }]), 4, '2031');
    expect(worse).toContainEqual(expect.objectContaining({ status: 'False', lastTransitionTime: '2031' }));
    expect(worse).toHaveLength(2);
  });

  test.each([
    ['the same', 3, verdict, true],
    ['an older generation', 4, verdict, false],
    ['another verdict', 3, verdictOf([{ message: 'no' }]), false],
  ])('say already: %s', (_what, generation, wanted, expected) => {
    expect(says({ conditions: conditionsWith(undefined, verdict, 3, NOW) }, wanted, generation)).toBe(
      expected,
    );
  });

  test.each([[undefined], [null], ['text'], [{ conditions: 'text' }], [{ conditions: [1, null] }]])(
    'are made where there is something else: %j',
    (status) => {
      expect(says(status, verdict, 1)).toBe(false);
      expect(conditionsWith(status, verdict, 1, NOW)).toHaveLength(1);
    },
  );
});

test('problems that several controllers know are one, with the proxies of all', () => {
  const joined = joinProblems([
    new Map([['a', [REFUSED, { message: 'here' }]]]),
    new Map([
      ['a', [{ ...REFUSED, proxies: ['c.shop'] }, { message: 'here' }]],
      ['b', [{ message: 'there' }]],
    ]),
  ]);
  expect(joined.get('a')).toEqual([
    { ...REFUSED, proxies: ['b.shop', 'a.shop', 'c.shop'] },
    { message: 'here' },
  ]);
  expect(joined.get('b')).toEqual([{ message: 'there' }]);
});
