import { describe, expect, it } from 'vitest';
import { linesOf } from '../findings-of.ts';

const object = (metadata: string, kind = 'security.istio.io/v1\nkind: PeerAuthentication'): string =>
  `apiVersion: ${kind}\n${metadata === '' ? '' : `metadata: ${metadata}\n`}spec: {}\n`;

describe('metadata', () => {
  it.each([
    '{name: a}',
    '{name: a.b-c.3, namespace: ns-1}',
    '{generateName: a-}',
    `{name: ${'a'.repeat(253)}}`.replace('aaaa', 'a.aa'),
    '{name: a, labels: {a: b, x.y/Z_1.z: "", n: "1"}, annotations: {"Some.Domain/Key": "any thing"}}',
    '{name: a, finalizers: [a/b], ownerReferences: [], uid: x, resourceVersion: "1", generation: 1, managedFields: [], creationTimestamp: x}',
  ])('is sound: %s', async (metadata) => {
    expect(await linesOf(object(metadata))).toEqual([]);
  });

  it.each([
    ['', 'Error BadMetadata metadata: the object has no metadata, so it has no name'],
    ['{}', 'Error BadMetadata metadata.name: the object has no name'],
    ['{name: ""}', 'Error BadMetadata metadata.name: the object has no name'],
    ['{name: A}', 'Error BadMetadata metadata.name: the name "A" may have only lower-case letters'],
    ['{name: a_b}', 'Error BadMetadata metadata.name: the name "a_b" may have only'],
    ['{name: -a}', 'Error BadMetadata metadata.name: the name "-a" may have only'],
    ['{name: a..b}', 'Error BadMetadata metadata.name: the name "a..b" may have only'],
    [
      `{name: ${'a'.repeat(254)}}`,
      `Error BadMetadata metadata.name: the name "${'a'.repeat(254)}" is longer than 253`,
    ],
    [
      '{generateName: A-}',
      'Error BadMetadata metadata.generateName: the name\'s beginning "A-" may have only',
    ],
    ['{name: a, namespace: a.b}', 'Error BadMetadata metadata.namespace: the namespace "a.b" may have only'],
    [
      `{name: a, namespace: ${'a'.repeat(64)}}`,
      `Error BadMetadata metadata.namespace: the namespace "${'a'.repeat(64)}" is longer`,
    ],
    [
      '{name: a, labels: {a/b/c: d}}',
      'Error BadMetadata metadata.labels["a/b/c"]: the label\'s key "a/b/c" may have',
    ],
    [
      '{name: a, labels: {/b: d}}',
      'Error BadMetadata metadata.labels["/b"]: the label\'s key "/b" has nothing before',
    ],
    [
      '{name: a, labels: {A.b/c: d}}',
      'Error BadMetadata metadata.labels["A.b/c"]: the label\'s key "A.b/c" has a part before the "/"',
    ],
    [
      '{name: a, labels: {a: "b c"}}',
      'Error BadMetadata metadata.labels.a: the label\'s value "b c" may have only',
    ],
    [
      `{name: a, labels: {a: ${'b'.repeat(64)}}}`,
      `Error BadMetadata metadata.labels.a: the label's value "${'b'.repeat(64)}" is longer than 63`,
    ],
    [
      '{name: a, annotations: {"a b": c}}',
      'Error BadMetadata metadata.annotations["a b"]: the annotation\'s key "a b" may have only',
    ],
    [
      `{name: a, annotations: {a: "${'b'.repeat(262_144)}"}}`,
      'Error BadMetadata metadata.annotations: the annotations have 262145 characters',
    ],
    ['{name: a, lables: {}}', 'Error UnknownField metadata.lables: unknown field "lables"'],
    ['{name: 3}', 'Error WrongType metadata.name: must be text, but is the number 3'],
    ['{name: a, labels: {a: 1}}', 'Error WrongType metadata.labels.a: must be text, but is the number 1'],
    ['[a]', 'Error WrongType metadata: must be a map, but is a list'],
  ])('is refused: %s', async (metadata, expected) => {
    const lines = await linesOf(object(metadata));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.startsWith(expected) ? expected : lines[0]).toBe(expected);
  });

  it('of a namespace has a label as name', async () => {
    expect(await linesOf(object('{name: a.b}', 'v1\nkind: Namespace'))).toHaveLength(1);
  });

  it("of Kubernetes' own kinds may have names of their own syntax", async () => {
    expect(
      await linesOf(object('{name: "system:a"}', 'rbac.authorization.k8s.io/v1\nkind: ClusterRole')),
    ).toEqual([]);
  });
});
