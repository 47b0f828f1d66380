import { describe, expect, it } from 'vitest';
import type { FieldPath } from '../../../src/base/field-path.ts';
import { parseText } from '../../../src/config/parse/parse.ts';

/** `line:column` of a path in the object of that number. */
function locate(text: string, path: FieldPath, object = 0): string {
  const position = parseText(text, 'f').objects[object]?.source.locate(path);
  return `${position?.line}:${position?.column}`;
}

const text = `# comment
apiVersion: v1
kind: Service
metadata:
  name: a
  labels: &labels
    "app.kubernetes.io/name": x
    1: one
    yes: true
spec:
  selector:
    <<: *labels
    own: 1
  shared: *labels
  ports:
  - name: http
    port: 80
  -
    name: grpc
  - {name: flow, port: 3}
  - 'text'
  list: [a, [b, c]]
`;

describe('a field is found', () => {
  it.each<[string, FieldPath, string]>([
    ['the object itself', [], '2:1'],
    ['a key at the top', ['kind'], '3:1'],
    ['a nested key', ['metadata', 'name'], '5:3'],
    ['a key in quotes', ['metadata', 'labels', 'app.kubernetes.io/name'], '7:5'],
    ['a key that is a number', ['metadata', 'labels', '1'], '8:5'],
    ['a key that is a YAML boolean', ['metadata', 'labels', 'true'], '9:5'],
    ['a list', ['spec', 'ports'], '15:3'],
    ['an item', ['spec', 'ports', 0], '16:5'],
    ['a field of an item', ['spec', 'ports', 0, 'port'], '17:5'],
    ['an item on the line after its dash', ['spec', 'ports', 1], '19:5'],
    ['an item in braces', ['spec', 'ports', 2], '20:5'],
    ['a field in braces', ['spec', 'ports', 2, 'port'], '20:18'],
    ['an item in quotes', ['spec', 'ports', 3], '21:5'],
    ['an item in brackets', ['spec', 'list', 1, 0], '22:14'],
    ['a key behind an alias', ['spec', 'shared', '1'], '8:5'],
    ['a key that a merge brought', ['spec', 'selector', '1'], '8:5'],
    ['a key beside a merge', ['spec', 'selector', 'own'], '13:5'],
    ['an absent field, at its parent', ['spec', 'ports', 1, 'port'], '19:5'],
    ['an absent item, at the list', ['spec', 'ports', 9], '15:3'],
    ['an absent branch, at what is there', ['spec', 'x', 'y', 0], '10:1'],
    ['a path that leads through text', ['metadata', 'name', 'x'], '5:3'],
  ])('%s', (_title, path, expected) => {
    expect(locate(text, path)).toBe(expected);
    expect(locate(text.replaceAll('\n', '\r\n'), path)).toBe(expected);
    expect(locate(`\uFEFF${text}`, path)).toBe(expected);
  });

  it('in a later document, counted from the start of the file', () => {
    expect(locate(`${text}---\n${text}`, ['metadata', 'name'], 1)).toBe('28:3');
  });

  it('in several documents in any order', () => {
    const { objects } = parseText(`${text}---\n${text}`, 'f');
    const lines = [1, 0, 1, 0].map((index) => objects[index]?.source.locate(['kind']).line);
    expect(lines).toEqual([26, 3, 26, 3]);
  });

  it('where a key is given twice, at the one that counts', () => {
    expect(locate('apiVersion: v1\nkind: A\nmetadata: {name: a}\nx: 1\nx: 2\n', ['x'])).toBe('5:1');
  });

  it('in JSON, also in a value that is not the first of its line', () => {
    const one = '{"apiVersion": "v1", "kind": "A", "spec": {"a": [1, 2]}}';
    expect(locate(one, ['spec', 'a', 1])).toBe('1:53');
    expect(locate(`${one} ${one}`, ['spec', 'a', 1], 1)).toBe('1:110');
    expect(locate(`${one}\n  ${one}`, ['spec'], 1)).toBe('2:37');
  });

  it('under a bracket that is closed too far to the left', () => {
    expect(locate('apiVersion: v1\nkind: A\nspec: [\n1,\n{a: 1}\n]\n', ['spec', 1, 'a'])).toBe('5:2');
  });
});

describe('a field inside the text of a ConfigMap', () => {
  const map = `apiVersion: v1
kind: ConfigMap
metadata: {name: istio}
data:
  mesh: |-

    # comment
    defaultConfig:
      concurrency: 2
    extensionProviders:
    - name: a
  folded: >
    a: 1
  quoted: "a: 1"
  broken: |
    a: b: c
  json: |
    {"a": {"b": 1}}
`;
  it.each<[string, FieldPath, string]>([
    ['is found in a block', ['data', 'mesh', 'defaultConfig', 'concurrency'], '9:7'],
    ['is found in a list in it', ['data', 'mesh', 'extensionProviders', 0, 'name'], '11:7'],
    ['is found in JSON in it', ['data', 'json', 'a', 'b'], '18:12'],
    ['when absent, is placed at its parent', ['data', 'mesh', 'defaultConfig', 'x'], '8:5'],
    ['in a folded block has the place of the block', ['data', 'folded', 'a'], '12:3'],
    ['in quotes has the place of the quotes', ['data', 'quoted', 'a'], '14:3'],
    ['in text that is broken has the place of the text', ['data', 'broken', 'a'], '15:3'],
  ])('%s', (_title, path, expected) => {
    expect(locate(map, path)).toBe(expected);
  });
});
