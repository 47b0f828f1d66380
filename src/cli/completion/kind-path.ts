/** Candidates for `KIND.path.of.fields`, as `mesh explain` takes it. */

import { KINDS, kindsByWord } from '../../api/kinds.ts';
import { type KindSchema, resolveNode, type SchemaNode } from '../../api/schema.ts';
import { readSchema } from '../schema-store.ts';
import type { Candidate } from './candidates.ts';

/** Kinds while there is no dot, then the fields under what stands before the last dot. */
export async function completeKindPath(word: string): Promise<readonly Candidate[]> {
  const [first = '', ...fields] = word.split('.');
  if (fields.length === 0) return KINDS.map(({ kind, summary }) => ({ value: kind, description: summary }));
  const candidates: Candidate[] = [];
  for (const info of kindsByWord(first)) {
    const schema = await readSchema(info);
    const parent = walk(schema, fields.slice(0, -1));
    const prefix = [first, ...fields.slice(0, -1)].join('.');
    for (const [name, node] of Object.entries(parent?.properties ?? {})) {
      candidates.push({
        value: `${prefix}.${name}`,
        description: resolveNode(schema, node).description ?? '',
      });
    }
  }
  return candidates;
}

function walk(schema: KindSchema, path: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const name of path) {
    const properties: Readonly<Record<string, SchemaNode>> = node?.properties ?? {};
    const child: SchemaNode | undefined = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (child === undefined) return undefined;
    node = elements(schema, child);
  }
  return node;
}

/** The object behind references, lists and maps. */
function elements(schema: KindSchema, start: SchemaNode): SchemaNode {
  let node = resolveNode(schema, start);
  for (let depth = 0; depth < 8; depth++) {
    const inner = node.items ?? node.additionalProperties;
    if (inner === undefined) return node;
    node = resolveNode(schema, inner);
  }
  return node;
}
