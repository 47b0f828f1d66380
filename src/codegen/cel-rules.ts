/** Lists the CEL rules of a kind with the places that they are about. */

import { resolveNode, versionSchema } from '../api/schema.ts';
import type { KindSchema, SchemaNode } from '../api/schema.ts';
import type { PlacedCelRule } from '../api/placed-cel-rule.ts';
import { GENERATED_NOTE } from './kind-table.ts';
import type { SchemaFile } from './schema-files.ts';

/** The rules of a kind in the order of its fields, outer ones first. */
export function celRules(schema: KindSchema): PlacedCelRule[] {
  const { versions } = schema['x-mesh'];
  const own = new Map<string | undefined, string[]>();
  for (const version of versions) own.set(version.schema, [...(own.get(version.schema) ?? []), version.name]);
  if (own.size <= 1) return collect(schema, versionSchema(schema, versions[0]?.name ?? ''), []);
  return [...own.values()].flatMap((names) =>
    collect(schema, versionSchema(schema, names[0] ?? ''), []).map((rule) => ({ ...rule, versions: names })),
  );
}

function collect(schema: KindSchema, place: SchemaNode, path: readonly string[]): PlacedCelRule[] {
  const node = resolveNode(schema, place);
  const rules = celRulesAt(schema, place).map(({ optionalOldSelf: _old, ...rule }) => ({ path, ...rule }));
  for (const [name, field] of Object.entries(node.properties ?? {}))
    rules.push(...collect(schema, field, [...path, name]));
  if (node.items !== undefined) rules.push(...collect(schema, node.items, [...path, '[]']));
  if (node.additionalProperties !== undefined) {
    rules.push(...collect(schema, node.additionalProperties, [...path, '{}']));
  }
  return rules;
}

/** The rules at a place: those beside a reference hold as well as those of the definition. */
export function celRulesAt(
  schema: KindSchema,
  place: SchemaNode,
): NonNullable<SchemaNode['x-kubernetes-validations']> {
  const { 'x-kubernetes-validations': own = [], $ref } = place;
  if ($ref === undefined) return own;
  return [...own, ...celRulesAt(schema, resolveOnce(schema, $ref))];
}

function resolveOnce(schema: KindSchema, ref: string): SchemaNode {
  return schema.$defs?.[ref.slice('#/$defs/'.length)] ?? {};
}

/** The text of `generated/cel/<group>/<Kind>.ts`. */
export function printCelRules(rules: readonly PlacedCelRule[]): string {
  return `${GENERATED_NOTE}
import type { PlacedCelRule } from '../../../../api/placed-cel-rule.ts';

export const celRules: readonly PlacedCelRule[] = [
${rules.map((rule) => `  ${JSON.stringify(rule)},\n`).join('')}];
`;
}

/** The text of `generated/cel-rules.ts`, for the kinds that have rules. */
export function printCelTable(files: readonly SchemaFile[]): string {
  const rows = files.map(({ folder, key, schema }) => {
    const path = `./cel/${folder}/${schema['x-mesh'].kind}.ts`;
    return `  ${JSON.stringify(key)}: async () => (await import('${path}')).celRules,\n`;
  });
  return `${GENERATED_NOTE}
import type { CelRuleTable } from '../generated-contract.ts';

/** The CEL rules of each kind that has some, loaded when asked for. */
export const CEL_RULES: CelRuleTable = {
${rows.join('')}};
`;
}
