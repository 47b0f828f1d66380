/** Breaks manifests in the ways that people and attackers do. Reproducible from its seed. */

import { loadAll } from 'js-yaml';

type Change = (text: string, mutator: Mutator) => string;

const VALUES: readonly string[] = [
  '',
  '~',
  'null',
  'true',
  'yes',
  '0',
  '-1',
  '0777',
  '0x1F',
  '1e400',
  '.inf',
  '.nan',
  '99999999999999999999',

  '[]',
  '{}',
  '[[]]',
  '[~]',
  '{a: b}',
  '""',
  "'x",
  '"\\u0000"',
  '"\\ud800"',
  '&a x',
  '*a',
  '!!int x',
  '!!binary "="',

  '__proto__',
  'constructor',
  'toString',
  '"*"',
  '"**"',
  '"."',
  '".."',
  '"/"',
  '"a/b/c"',
  '"*.*.com"',
  '"-"',
  '"%zz"',

  '"10.0.0.0/33"',
  '"::1/129"',
  '"http://[::1"',
  '"1h-1s"',
  '"9999999h"',
  '"(((((("',
  '"(?i)(?:a|b)*+"',
  '"\\\\p{X}"',

  '"a == b && ("',
  '"match(request.path, \\"*\\")"',
  '"💥"',
  '"e\u0301"',
  '"\u202e"',
  `"${'a'.repeat(3000)}"`,
  `"${'(a+)+'.repeat(50)}"`,

  `"${'*.'.repeat(500)}"`,
  `[${'1,'.repeat(500)}1]`,
  `${'['.repeat(60)}${']'.repeat(60)}`,
];

const KEYS: readonly string[] = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '<<',
  '""',
  '? [a]\n',
  'spec',
  'metadata',
  '1',
  'yes',
];

const CHANGES: readonly Change[] = [
  // Replaces a value.
  (text, { pick, line }) => line(text, (one) => one.replace(/:.*$/, `: ${pick(VALUES)}`)),
  (text, { pick, line }) => line(text, (one) => one.replace(/^(\s*- ).*$/, `$1${pick(VALUES)}`)),
  // Replaces or misspells a key.
  (text, { pick, line }) => line(text, (one) => one.replace(/[A-Za-z]\w*(?=:)/, pick(KEYS))),
  (text, { pick, line }) => line(text, (one) => one.replace(/[A-Za-z](?=\w*:)/, pick(['x', '', 'E', '_a']))),
  // Removes, doubles, moves or indents a line.
  (text, { line }) => line(text, () => ''),
  (text, { line }) => line(text, (one) => `${one}\n${one}`),
  (text, { pick, line }) => line(text, (one) => `${pick([' ', '  ', '    ', '\t', '- ', '-'])}${one}`),
  (text, { line }) => line(text, (one) => one.replace(/^ {1,2}/, '')),
  (text, { pick }) => {
    const lines = text.split('\n');
    return [...lines, pick(lines)].join('\n');
  },
  // Cuts, joins, or repeats pieces.
  (text, { number }) => text.slice(0, number(text.length + 1)),
  (text, { number }) => text.slice(number(text.length + 1)),
  (text, { number, other }) => `${text.slice(0, number(text.length + 1))}${other().slice(number(200))}`,
  (text, { other }) => `${text}\n---\n${other()}`,
  (text) => `${text}\n---\n${text}`,
  (text, { number }) => {
    const start = number(text.length + 1);
    return (
      text.slice(0, start) + text.slice(start, start + number(80)).repeat(number(30)) + text.slice(start)
    );
  },
  // Changes characters.
  (text, { pick, number }) => {
    const at = number(text.length + 1);
    const characters = [
      '\0',
      '\t',
      '\r',
      '\n',
      '"',
      "'",
      ':',
      '{',
      '}',
      '[',
      ']',
      '#',
      '&',
      '*',
      '|',
      '>',
      '%',
      '@',
      '`',
      '\\',
      '\ufeff',
      '\u2028',
      '\ud83d',
      '-',
      '---\n',
      ' ',
    ];
    return text.slice(0, at) + pick(characters) + text.slice(at + number(3));
  },
  (text) => text.replaceAll('\n', '\r\n'),
  // Changes what the whole is.
  (text, { pick }) =>
    text.replace(
      /^kind: .*$/m,
      `kind: ${pick(['List', 'VirtualService', 'Gateway', 'ServiceList', '[a]', 'handler', 'ConfigMap', '""'])}`,
    ),
  (text, { pick }) =>
    text.replace(
      /^apiVersion: .*$/m,
      `apiVersion: ${pick(['v1', 'networking.istio.io/v1', 'a/b/c', '/', '{}', 'config.istio.io/v1alpha2', 'gateway.networking.k8s.io/v1'])}`,
    ),
  (text) => `apiVersion: v1\nkind: List\nitems:\n- ${text.split('\n').join('\n  ')}`,
  (text) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n    ${text.split('\n').join('\n    ')}`,
];

/** Values that a field of the right type may have, and rules must cope with. */
const ODD: Readonly<Record<string, readonly unknown[]>> = {
  string: [
    '',
    ' ',
    '*',
    '.',
    '/',
    '*.',
    '.*',
    'a.b',
    '*/*',
    './a',
    '~/b',
    '0.0.0.0',
    '::',
    '0s',
    '-1s',
    '1h',
    '0',
    '-1',
    '65536',
    'UNSET',
    'mesh',
    'x'.repeat(300),
    '%REQ(:path)%',
    '{*}',
    '/{**}/a',
    '(',
    'http://',
    'https://a:99999/',
    'toString',
    '__proto__',
    'é',
    '\u0000',
  ],
  number: [0, -1, 1, 0.5, 65_535, 65_536, 2 ** 31, 2 ** 53, -(2 ** 63), 1e300],
  boolean: [true, false],
};

/** Changes one value somewhere inside: odd values of the same type, things removed, doubled, moved or emptied. */
function changeInside(value: unknown, mutator: Mutator, depth = 0): unknown {
  const { number, pick } = mutator;
  if (typeof value !== 'object' || value === null) {
    return number(8) === 0 ? pick([null, {}, [], [null], 'text', 7]) : pick(ODD[typeof value] ?? [value]);
  }
  const stops = depth > 1 && number(6) === 0;
  if (Array.isArray(value)) {
    if (value.length === 0) return pick<unknown>([[''], [{}], [0], {}]);
    if (stops)
      return pick<unknown>([
        [],
        [...value, ...value],
        value.toReversed(),
        value.slice(1),
        value[0],
        [...value, null],
      ]);
    const at = number(value.length);
    return value.map((item: unknown, index) =>
      index === at ? changeInside(item, mutator, depth + 1) : item,
    );
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return pick<unknown>([{ a: 'b' }, { '': '' }, [], '']);
  const key = pick(keys);
  if (stops) {
    const kept = keys
      .filter((one) => one !== key)
      .map((one): [string, unknown] => [one, Reflect.get(value, one)]);
    return Object.fromEntries(
      number(2) === 0 ? kept : [...kept, [pick(['a', '', '*', `${key}s`]), Reflect.get(value, key)]],
    );
  }
  // Most of an object's meaning is in its spec.
  const chosen = depth === 0 && keys.includes('spec') && number(8) > 0 ? 'spec' : key;
  return Object.fromEntries(
    keys.map((one) => [
      one,
      one === chosen ? changeInside(Reflect.get(value, one), mutator, depth + 1) : Reflect.get(value, one),
    ]),
  );
}

/** Changes values and writes the documents as JSON; text that cannot be read stays as it is. */
function changeValues(text: string, mutator: Mutator): string {
  try {
    const documents = loadAll(text).map((document) => {
      let changed: unknown = document;
      for (let changes = 1 + mutator.number(4); changes > 0; changes--)
        changed = changeInside(changed, mutator);
      return JSON.stringify(changed);
    });
    return documents.join('\n---\n');
  } catch {
    return text;
  }
}

/** An endless row of broken manifests. */
export class Mutator {
  #state: number;
  readonly #corpus: readonly string[];

  constructor(seed: number, corpus: readonly string[]) {
    this.#state = seed >>> 0;
    this.#corpus = corpus;
  }

  /** A manifest with one to six changes, half of them to its values and half to its text. */
  next(): string {
    let text = this.other();
    if (this.number(2) === 0) return changeValues(text, this).slice(0, 200_000);
    for (let changes = 1 + this.number(6); changes > 0; changes--) text = this.pick(CHANGES)(text, this);
    return text.slice(0, 200_000);
  }

  /** From 0 to below the limit (mulberry32). */
  readonly number = (limit: number): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, limit);
  };

  readonly pick = <Item>(items: readonly Item[]): Item => items[this.number(items.length)] as Item;

  /** A manifest as it was. */
  readonly other = (): string => this.pick(this.#corpus);

  /** Changes one line that is not empty. */
  readonly line = (text: string, change: (line: string) => string): string => {
    const lines = text.split('\n');
    const at = this.number(lines.length);
    return lines.map((line, index) => (index === at ? change(line) : line)).join('\n');
  };
}
