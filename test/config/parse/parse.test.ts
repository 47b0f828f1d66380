import { describe, expect, it } from 'vitest';
import { MAX_ALIAS_NODES, MAX_DEPTH, MAX_DOCUMENTS, MAX_PROBLEMS } from '../../../src/config/parse/bounds.ts';
import { parseText } from '../../../src/config/parse/parse.ts';
import type { Parsed } from '../../../src/config/parse/parse.ts';

const service = (name: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n`;

function names(parsed: Parsed): string[] {
  return parsed.objects.map((object) => `${object.kind} ${object.meta.name}`);
}

function places(parsed: Parsed): string[] {
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('documents', () => {
  it.each([
    ['with marks between them', `${service('a')}---\n${service('b')}`],
    ['with a mark at the start and one at the end', `---\n${service('a')}---\n${service('b')}---\n`],
    ['with an end mark', `${service('a')}...\n---\n${service('b')}`],
    ['with a comment on the mark', `${service('a')}--- # next\n${service('b')}`],
    ['with directives', `%YAML 1.1\n---\n${service('a')}...\n# more\n%YAML 1.1\n---\n${service('b')}`],
    ['with CR LF', `${service('a')}---\n${service('b')}`.replaceAll('\n', '\r\n')],
    ['with CR alone', `${service('a')}---\n${service('b')}`.replaceAll('\n', '\r')],
    ['with a byte order mark', `\uFEFF${service('a')}---\n${service('b')}`],
    [
      'with empty ones and comments',
      `# one\n---\n---\n${service('a')}---\n# nothing\n---\n~\n---\n${service('b')}`,
    ],
    [
      'as JSON values one after another',
      `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}\n{"apiVersion":"v1","kind":"Service","metadata":{"name":"b}{"}}`.replace(
        'b}{',
        'b',
      ),
    ],
  ])('%s are read one by one', (_title, text) => {
    const parsed = parseText(text, 'f.yaml');
    expect(parsed.problems).toEqual([]);
    expect(names(parsed)).toEqual(['Service a', 'Service b']);
    expect(parsed.documents).toBe(2);
  });

  it('that begin with three dashes inside a block of text do not split it', () => {
    const parsed = parseText(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    b\n',
      'f',
    );
    expect(parsed.objects[0]?.value).toMatchObject({ data: { x: '---\nb\n' } });
  });

  it('know the first line of their content', () => {
    const parsed = parseText(`# comment\n\n${service('a')}---\n# comment\n${service('b')}`, 'f');
    expect(parsed.objects.map((object) => object.source.line)).toEqual([3, 8]);
  });

  it('that are broken do not stop the others', () => {
    const parsed = parseText(
      `${service('a')}---\na: b: c\n---\n${service('b')}---\n  x\n y: [\n---\n${service('c')}`,
      'f',
    );
    expect(names(parsed)).toEqual(['Service a', 'Service b', 'Service c']);
    expect(parsed.problems.map(({ line }) => line)).toEqual([5, expect.any(Number)]);
    expect(parsed.problems[0]).toMatchObject({ check: 'Syntax', level: 'Error', file: 'f', column: 5 });
    expect(parsed.documents).toBe(5);
  });

  it('that are no Kubernetes objects are skipped and counted', () => {
    const text = `apiVersion: v2\nname: a-chart\n---\n- a\n- b\n---\njust text\n---\nreplicas: 3\n`;
    const parsed = parseText(text, 'f');
    expect([parsed.objects.length, parsed.problems.length, parsed.skipped]).toEqual([0, 0, 4]);
    const strict = parseText(text, 'f', { strictFiles: true });
    expect(strict.problems.map(({ check, line }) => [check, line])).toEqual([
      ['NotAnObject', 1],
      ['NotAnObject', 4],
      ['NotAnObject', 7],
      ['NotAnObject', 9],
    ]);
  });

  it('that are objects in all but kind or apiVersion are errors', () => {
    const parsed = parseText(
      'apiVersion: v1\nmetadata: {name: a}\n---\nkind: Service\nspec: {}\n---\napiVersion: v1\nkind: 3\n',
      'f',
    );
    expect(parsed.problems.map(({ check, message }) => [check, message])).toEqual([
      ['NotAnObject', 'the object has no kind'],
      ['NotAnObject', 'the object has no apiVersion'],
      ['NotAnObject', 'kind must be text'],
    ]);
    expect(parsed.problems[2]).toMatchObject({ line: 8, column: 1 });
  });
});

describe('a list of objects', () => {
  it('is opened up, and each item knows its place', () => {
    const text = [
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- apiVersion: v1',
      '  kind: Service',
      '  metadata: {name: a}',
      '- apiVersion: v1',
      '  kind: List',
      '  items:',
      '  - apiVersion: v1',
      '    kind: Service',
      '    metadata:',
      '      name: b',
    ].join('\n');
    const parsed = parseText(text, 'f');
    expect(names(parsed)).toEqual(['Service a', 'Service b']);
    expect(parsed.objects.map(({ source }) => source.line)).toEqual([4, 10]);
    expect(parsed.objects[1]?.source.locate(['metadata', 'name'])).toEqual({ line: 13, column: 7 });
  });

  it('gives its kind to items that leave theirs out', () => {
    const parsed = parseText(
      'apiVersion: networking.istio.io/v1\nkind: SidecarList\nitems: [{metadata: {name: a}}]',
      'f',
    );
    expect(parsed.objects[0]).toMatchObject({
      kind: 'Sidecar',
      apiVersion: 'networking.istio.io/v1',
      key: 'networking.istio.io/Sidecar',
    });
  });

  it('may be empty, and must hold objects', () => {
    expect(parseText('apiVersion: v1\nkind: List\n', 'f')).toMatchObject({ objects: [], problems: [] });
    const parsed = parseText('apiVersion: v1\nkind: List\nitems:\n- 3\n- {apiVersion: v1}\n', 'f');
    expect(places(parsed)).toEqual(['4:3 an item of a List must be an object', '5:3 the object has no kind']);
  });
});

describe('values', () => {
  it('lose the entries of maps that are null, as with kubectl apply', () => {
    const parsed = parseText(
      'apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: null}\nspec:\n  ports: [null, {name: ~}]\n',
      'f',
    );
    expect(parsed.objects[0]?.value).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { ports: [null, {}] },
    });
  });

  it('keep null inside the patches of an EnvoyFilter', () => {
    const parsed = parseText(
      'apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: a, labels: ~}\nspec:\n  priority: ~\n  configPatches:\n  - match: ~\n    patch: {operation: ~, value: {a: ~, b: [{c: ~}]}}\n',
      'f',
    );
    expect(parsed.objects[0]?.value).toMatchObject({
      metadata: { name: 'a' },
      spec: { configPatches: [{ patch: { value: { a: null, b: [{ c: null }] } } }] },
    });
    expect(JSON.stringify(parsed.objects[0]?.value)).not.toMatch(/priority|match|operation|labels/);
  });

  it('named like parts of a JavaScript object are ordinary entries', () => {
    const parsed = parseText(
      `${service('a')}__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n`,
      'f',
    );
    expect(parsed.problems).toEqual([]);
    const value = parsed.objects[0]?.value ?? {};
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect('polluted' in {}).toBe(false);
  });

  it('in metadata may have any type and do no harm', () => {
    const parsed = parseText(
      'apiVersion: v1\nkind: Service\nmetadata: {name: [1], namespace: {}, labels: [a], annotations: {a: b, c: 1}}\n',
      'f',
    );
    expect(parsed.objects[0]?.meta).toEqual({
      name: '',
      namespace: undefined,
      labels: {},
      annotations: { a: 'b' },
    });
    expect(parseText('apiVersion: v1\nkind: Service\nmetadata: text\n', 'f').objects[0]?.meta.name).toBe('');
  });
});

describe('faults', () => {
  it('that leave a value usable are told, and the object is kept', () => {
    const parsed = parseText(`${service('a')}spec:\n  a: 1\n  a: 2\n  b: .inf\n  c: !!int x\n`, 'f');
    expect(names(parsed)).toEqual(['Service a']);
    expect(places(parsed)).toEqual([
      '6:3 the key "a" is given twice in one map',
      '7:6 the number .inf cannot be written as JSON, which is how the API server is given it',
      '8:6 "x" is not of the type !!int',
    ]);
  });

  it.each([
    ['a template', 'a: {{ .Values.x }}\nb: }\n', /render/],
    ['a tab', 'a:\n\tb: 1\n', /spaces/],
  ])('in %s come with a hint', (_title, text, hint) => {
    expect(parseText(text, 'f').problems[0]?.hint).toMatch(hint);
  });

  it('in JSON values one after another have their place in the file', () => {
    const parsed = parseText(
      '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}} {"a":1,"a":2}\n  {"b":1,\n "b":2}',
      'f.json',
    );
    expect(places(parsed)).toEqual([
      '1:69 the key "a" is given twice in one map',
      '3:2 the key "b" is given twice in one map',
    ]);
  });
});

describe('bounds', () => {
  const bomb = (levels: number): string => {
    const lines = [
      'apiVersion: v1',
      'kind: Service',
      'metadata: {name: a}',
      'l0: &l0 [x, x, x, x, x, x, x, x, x, x]',
    ];
    for (let level = 1; level <= levels; level++) {
      lines.push(`l${level}: &l${level} [${Array.from({ length: 10 }, () => `*l${level - 1}`).join(', ')}]`);
    }
    return lines.join('\n');
  };

  it('let aliases be shared within reason', () => {
    expect(parseText(bomb(3), 'f').problems).toEqual([]);
  });

  it.each([5, 9, 60])('refuse an alias bomb of %i levels', (levels) => {
    const parsed = parseText(`${bomb(levels)}\n---\n${service('b')}`, 'f');
    expect(parsed.problems[0]?.message).toContain(String(MAX_ALIAS_NODES));
    expect(names(parsed)).toEqual(['Service b']);
  });

  it('refuse a bomb made of merges', () => {
    const lines = ['l0: &l0 {a: 1, b: 2, c: 3}'];
    for (let level = 1; level <= 40; level++)
      lines.push(`l${level}: &l${level} {<<: *l${level - 1}, x${level}: *l${level - 1}}`);
    expect(parseText(lines.join('\n'), 'f').problems[0]?.message).toContain(String(MAX_ALIAS_NODES));
  });

  it.each([
    ['lists', '['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1)],
    ['lists without end', '['.repeat(100_000)],
    ['dashes', '- '.repeat(50_000)],
    ['maps', Array.from({ length: MAX_DEPTH + 1 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['aliases', `a: &a ${'['.repeat(150)}${']'.repeat(150)}\nb: ${'['.repeat(100)}*a${']'.repeat(100)}`],
  ])('refuse %s nested too deep', (_title, text) => {
    const parsed = parseText(`${text}\n---\n${service('b')}`, 'f');
    expect(parsed.problems[0]?.message).toContain(`deeper than ${MAX_DEPTH} levels`);
    expect(names(parsed)).toEqual(['Service b']);
  });

  it('refuse more documents than they name', () => {
    const parsed = parseText('---\na\n'.repeat(MAX_DOCUMENTS + 5), 'f');
    expect(parsed.problems).toHaveLength(1);
    expect(parsed.problems[0]?.message).toContain(String(MAX_DOCUMENTS));
    expect(parsed.skipped).toBe(MAX_DOCUMENTS);
  });

  it('keep the list of problems short', () => {
    const parsed = parseText('--- a: b: c\n'.repeat(MAX_PROBLEMS + 10), 'f');
    expect(parsed.problems).toHaveLength(MAX_PROBLEMS + 1);
    expect(parsed.problems.at(-1)?.message).toBe('10 more problems of this file are not listed');
  });

  it('keep the list short for the faults of one document, too', () => {
    const parsed = parseText(`${service('a')}${'a: 1\n'.repeat(40_000)}`, 'f');
    expect(parsed.problems).toHaveLength(MAX_PROBLEMS + 1);
    expect(parsed.problems.at(-2)).toMatchObject({ line: MAX_PROBLEMS + 4, column: 1 });
  });

  it('refuse an alias that stands inside its own anchor, or has none', () => {
    expect(parseText('a: &x [*x]', 'f').problems[0]?.message).toContain('inside what it refers to');
    expect(parseText('a: *x', 'f').problems[0]).toMatchObject({
      line: 1,
      column: 5,
      message: expect.stringContaining('no anchor'),
    });
  });
});
