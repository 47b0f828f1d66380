/** The definitions of the mesh's kinds, on a real API server: what they let in and what they keep out. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORE_SCHEMA, load } from 'js-yaml';
import { beforeAll, expect, test } from 'vitest';
import { findKind, kindKey, splitApiVersion } from '../../src/api/kinds.ts';
import { customResourceDefinition } from '../../src/codegen/crd.ts';
import { readSchemas } from '../../src/codegen/schema-files.ts';
import { loadPaths } from '../../src/config/sources/files.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  metadataOf,
  type NamedObject,
  placed,
  notEstablished,
} from './on-real-server.ts';
import { hasShared } from '../conformance/cases.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shared = join(root, '..', 'shared');
const suite = join(shared, 'conformance', 'validate');

interface Case {
  readonly id: string;
  readonly valid: boolean;
  readonly source: string;
  readonly file: string;
}

const definitions = readSchemas(root).files.flatMap(({ schema }) => customResourceDefinition(schema) ?? []);
const served = new Map(
  definitions.map(({ spec }) => [
    kindKey(spec.group, spec.names.kind),
    new Set(spec.versions.filter((version) => version.served).map(({ name }) => name)),
  ]),
);

/** Whether the object is of one of our kinds, in a version that its definition serves. */
function isServed({ apiVersion, kind }: Fields): boolean {
  const { group, version } = splitApiVersion(String(apiVersion));
  return served.get(kindKey(group, String(kind)))?.has(version) === true;
}

/** Names that the API server takes for an object of a custom kind. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * The object alone in a namespace of its own, so that objects of one name do not meet. Where the table tests
 * code that never looks at names, the name may be none; it is then given one, for the rest of it to be judged.
 */
function asCase(id: string, object: Fields, index: number): NamedObject {
  const { name } = metadataOf(object);
  const namespace = `case-${index}`;
  const fit = typeof name === 'string' && NAME.test(name) ? name : `case-${index}`;
  return { id, object: placed(object, namespace, fit) };
}

function isClusterWide({ apiVersion, kind }: Fields): boolean {
  return findKind(kindKey(splitApiVersion(String(apiVersion)).group, String(kind)))?.scope === 'Cluster';
}

function namespacesOf(objects: readonly NamedObject[]): readonly string[] {
  return objects.flatMap(({ object }) => {
    const { namespace } = metadataOf(object);
    return typeof namespace === 'string' ? [namespace] : [];
  });
}

/** Cluster-wide objects have no namespace to be kept apart by. */
function withoutNamespace(one: NamedObject): NamedObject {
  if (!isClusterWide(one.object)) return one;
  const { namespace: _namespace, ...metadata } = metadataOf(one.object);
  return { id: one.id, object: { ...one.object, metadata } };
}

describeOnRealServer("the definitions of the mesh's kinds", (server) => {
  beforeAll(() => {
    const objects = definitions.map((definition) => ({
      id: definition.metadata.name,
      object: definition as unknown as Fields,
    }));
    expect(apply(server(), objects)).toEqual([]);
  }, 120_000);

  test('become Established, all of them', async () => {
    expect(definitions.length).toBeGreaterThan(50);
    const names = definitions.map(({ metadata }) => metadata.name);
    expect(await notEstablished(server(), names)).toEqual([]);
  }, 120_000);

  if (existsSync(suite)) {
    const cases = (JSON.parse(readFileSync(join(suite, 'cases.json'), 'utf8')) as Case[])
      .map((one, index) => {
        const text = readFileSync(join(suite, one.file), 'utf8');
        const object = load(text, { schema: CORE_SCHEMA }) as Fields;
        return { ...one, object, named: withoutNamespace(asCase(one.id, object, index)) };
      })
      .filter(({ object }) => isServed(object));

    test('let in every valid object of the conformance suite', () => {
      const valid = cases.filter((one) => one.valid).map(({ named }) => named);
      expect(valid.length).toBeGreaterThan(100);
      makeNamespaces(server(), namespacesOf(valid));
      expect(apply(server(), valid, '--dry-run=server')).toEqual([]);
    }, 240_000);

    const wrong = cases.filter(({ valid, source }) => !valid && source === 'crd-testdata');

    test('keep out every object that is wrong by a schema or by CEL', () => {
      expect(wrong.length).toBeGreaterThan(20);
      const objects = wrong.map(({ named }) => named);
      makeNamespaces(server(), namespacesOf(objects));
      const answers = objects.map((one) => ({
        id: one.id,
        words: apply(server(), [one], '--dry-run=server').join('\n'),
      }));
      // For what they hold, that is, and not for their place.
      expect(
        answers.filter(({ words }) => !/is invalid|strict decoding error|duplicate entries/.test(words)),
      ).toEqual([]);
    }, 240_000);
  }

  const book = join(shared, 'book-policies');
  if (hasShared('book-policies')) {
    test("let in every object of the book's manifests", () => {
      const objects = loadPaths([book])
        .objects.filter(({ value }) => isServed(value))
        .map(({ value, source, meta }, index) =>
          withoutNamespace(asCase(`${source.file} ${meta.name}`, value, 10_000 + index)),
        );
      expect(objects.length).toBeGreaterThan(20);
      makeNamespaces(server(), namespacesOf(objects));
      expect(apply(server(), objects, '--dry-run=server')).toEqual([]);
      expect(apply(server(), objects)).toEqual([]);
    }, 120_000);
  }
});
