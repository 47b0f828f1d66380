/** Compiles schemas to validators: plain ES modules that need nothing but a small runtime beside them. */

import { Ajv } from 'ajv';
import standaloneModule from 'ajv/dist/standalone/index.js';
import { transformSync } from 'esbuild';
import { refName, versionSchema } from '../api/schema.ts';
import type { KindSchema, SchemaNode } from '../api/schema.ts';
import type { Spellings } from '../api/spellings.ts';
import { FORMATS, KEYWORDS } from './ajv-keywords.ts';
import { fieldRules, spellingsOf } from './spellings.ts';
import { GENERATED_NOTE } from './kind-table.ts';
import { numberLimits } from './number-ranges.ts';
import type { SchemaFile } from './schema-files.ts';

const standaloneCode = standaloneModule.default;

type AjvSchema = Record<string, unknown>;

const KEPT_WORDS = [
  'type',
  'nullable',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  '$ref',
] as const satisfies readonly (keyof SchemaNode)[];
const strings = { type: 'object', additionalProperties: { type: 'string' } };
const METADATA: AjvSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    generateName: { type: 'string' },
    namespace: { type: 'string' },
    labels: strings,
    annotations: strings,
    finalizers: { type: 'array', items: { type: 'string' } },
    ownerReferences: { type: 'array', items: { type: 'object' } },
  },
};

/** The JavaScript of `generated/validators/<group>/<Kind>.js`. */
export function printValidator(schema: KindSchema): string {
  const variants = schemaVariants(schema);
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    messages: false,
    inlineRefs: false,
    meta: false,
    validateSchema: false,
    logger: false,
    formats: FORMATS,
    code: { esm: true, source: true, lines: false, optimize: 1 },
  });
  ajv.removeKeyword('deprecated');
  for (const keyword of KEYWORDS) ajv.addKeyword(keyword);
  const exported: Record<string, string> = {};
  for (const [index, { node }] of variants.entries()) {
    ajv.addSchema(wholeObject(schema, node), `s${index}`);
    exported[`validate_${index}`] = `s${index}`;
  }
  const table = (value: (index: number) => string): string =>
    variants
      .flatMap(({ versions }, index) =>
        versions.map((version) => `${JSON.stringify(version)}: ${value(index)}`),
      )
      .join(', ');
  const fallback = Math.max(
    0,
    variants.findIndex(({ storage }) => storage),
  );
  const spelt = schema['x-mesh'].protoNames === true;
  const spellings = spelt ? variants.map(({ node }): Spellings => spellingsOf(schema, node) ?? {}) : [];
  const code = `import * as rt from '../runtime.js';
${selfContained(standaloneCode(ajv, exported))}
const byVersion = {${table((index) => `validate_${index}`)}};
export function validatorFor(version) { return Object.hasOwn(byVersion, version) ? byVersion[version] : validate_${fallback}; }
const spellings = ${JSON.stringify(spellings)};
export function spellingsFor(version) { return spellings[{${table(String)}}[version] ?? ${fallback}]; }
`;
  const { code: small } = transformSync(code.replaceAll('export const validate_', 'const validate_'), {
    format: 'esm',
    minify: true,
    treeShaking: true,
    target: 'node22',
    charset: 'utf8',
  });
  return GENERATED_NOTE + small;
}

/** The schemas that the versions of a kind use, each with its versions; one for all, for most kinds. */
function schemaVariants(schema: KindSchema): { node: SchemaNode; versions: string[]; storage: boolean }[] {
  const variants = new Map<string, { node: SchemaNode; versions: string[]; storage: boolean }>();
  for (const version of schema['x-mesh'].versions) {
    const name = version.schema ?? '';
    const variant = variants.get(name) ?? {
      node: versionSchema(schema, version.name),
      versions: [],
      storage: false,
    };
    variant.versions.push(version.name);
    if (version.storage) variant.storage = true;
    variants.set(name, variant);
  }
  if (variants.size === 0) return [{ node: schema, versions: [], storage: true }];
  return [...variants.values()];
}

/** The schema of a whole object, with the fields that every object has. */
function wholeObject(schema: KindSchema, node: SchemaNode): AjvSchema {
  const header = schema['x-mesh'];
  const root = { ...node, $defs: undefined, $schema: undefined };
  const result = convert(root, schema);
  if (header.scope !== 'File') {
    const properties = result['properties'] as AjvSchema;
    result['properties'] = {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: METADATA,
      ...properties,
    };
    const closed = result['x-mesh-closed'] as { names: string[]; accepted?: string[] } | undefined;
    if (closed !== undefined) {
      const added = [
        'apiVersion',
        'kind',
        'metadata',
        ...(closed.names.includes('status') ? [] : ['status']),
      ];
      closed.names.unshift(...added);
      closed.accepted?.unshift(...added);
    }
  }
  result['$defs'] = Object.fromEntries(
    [...reachable(schema, node)].map((name) => [name, convert(schema.$defs?.[name] ?? {}, schema)]),
  );
  return result;
}

/** Only what is checked: names and values in the form that ajv and our keywords take. */
function convert(node: SchemaNode, schema: KindSchema): AjvSchema {
  const result: AjvSchema = {};
  for (const word of KEPT_WORDS) if (node[word] !== undefined) result[word] = node[word];
  if (node.enum !== undefined)
    result['x-mesh-enum'] = node.nullable === true ? [...node.enum, null] : node.enum;
  if (node['x-kubernetes-int-or-string'] === true) result['x-mesh-int-or-string'] = true;
  if (node.deprecated === true) result['deprecated'] = node['x-mesh-deprecated'] ?? '';
  if (node.format !== undefined && node.type === 'string') result['format'] = node.format;
  Object.assign(result, numberLimits(node));
  if (node.uniqueItems === true || node['x-kubernetes-list-type'] === 'set') result['x-mesh-unique'] = [];
  if (node['x-kubernetes-list-type'] === 'map')
    result['x-mesh-unique'] = node['x-kubernetes-list-map-keys'] ?? [];
  if (node.items !== undefined) result['items'] = convert(node.items, schema);
  if (node.additionalProperties !== undefined) {
    result['additionalProperties'] = convert(node.additionalProperties, schema);
  }
  if (node.properties !== undefined || node.required !== undefined) convertFields(node, schema, result);
  return result;
}

function convertFields(node: SchemaNode, schema: KindSchema, result: AjvSchema): void {
  const header = schema['x-mesh'];
  const fields = fieldRules(node, header.protoNames === true);
  const properties: AjvSchema = {};
  for (const [name, field] of Object.entries(fields.properties)) properties[name] = convert(field, schema);
  result['properties'] = properties;
  if (node['x-kubernetes-preserve-unknown-fields'] !== true && header.external !== true) {
    const accepted = Object.keys(fields.properties);
    const names = Object.keys(node.properties ?? {});
    result['x-mesh-closed'] = accepted.length > names.length ? { names, accepted } : { names };
  }
  const required = fields.required.flatMap((spellings) => (spellings.length === 1 ? spellings : []));
  const requiredSpelled = fields.required.filter((spellings) => spellings.length > 1);
  if (required.length > 0) result['required'] = required;
  if (requiredSpelled.length > 0) result['x-mesh-required'] = requiredSpelled;
  if (fields.exclusive.length > 0) result['x-mesh-exclusive'] = fields.exclusive;
  if (fields.oneOf.length > 0) result['x-mesh-one-of'] = fields.oneOf;
}

/** The definitions that a schema uses, also by way of others. */
function reachable(schema: KindSchema, node: SchemaNode): Set<string> {
  const names = new Set<string>();
  const visit = (part: SchemaNode): void => {
    const name = part.$ref === undefined ? undefined : refName(part.$ref);
    const def = name === undefined ? undefined : schema.$defs?.[name];
    if (name !== undefined && def !== undefined && !names.has(name)) {
      names.add(name);
      visit(def);
    }
    for (const child of Object.values(part.properties ?? {})) visit(child);
    if (part.items !== undefined) visit(part.items);
    if (part.additionalProperties !== undefined) visit(part.additionalProperties);
  };
  visit(node);
  return names;
}

/** Ajv's code with its runtime replaced by ours, smaller, and with a bound on the errors that it collects. */
function selfContained(code: string): string {
  const result = code
    .replace('"use strict";', '')
    .replaceAll('require("ajv/dist/runtime/ucs2length").default', 'rt.lengthOf')
    // A function gets the value and its path; the rest of what ajv passes along is for keywords not used here.
    .replaceAll('{instancePath="", parentData, parentDataProperty, rootData=data}={}', 'instancePath=""')
    .replaceAll(
      /\{instancePath:([^{}]+),parentData:\w+,parentDataProperty:(?:\w+|"(?:[^"\\]|\\.)*"),rootData\}/g,
      '$1',
    )
    .replaceAll(/schemaPath:"(?:[^"\\]|\\.)*",/g, '')
    .replaceAll(
      /const (err\d+) = \{instancePath(?::(.+?))?,keyword:("[^"]+"),params:(.*?)\};if\(vErrors === null\)\{vErrors = \[\1\];\}else \{vErrors\.push\(\1\);\}/g,
      (_all, _name, path: string | undefined, keyword: string, params: string) => {
        const type = /^\{type: ?("\w+")\}$/.exec(params)?.[1];
        if (type !== undefined) return `vErrors = rt.notA(vErrors,${path ?? 'instancePath'},${type});`;
        return `vErrors = rt.fail(vErrors,${path ?? 'instancePath'},${keyword},${params});`;
      },
    )
    .replaceAll(
      /vErrors === null \? (validate\d+)\.errors : vErrors\.concat\(validate\d+\.errors\)/g,
      'rt.join(vErrors, $1.errors)',
    );
  for (const left of ['require(', 'schemaPath', 'parentData', 'vErrors.push', 'vErrors.concat']) {
    const at = result.indexOf(left);
    if (at >= 0)
      throw new Error(`ajv printed code of another form: ${result.slice(Math.max(0, at - 200), at + 80)}`);
  }
  return result;
}

/** The types beside a validator. */
export function printValidatorTypes(): string {
  return `${GENERATED_NOTE}
import type { Spellings } from '../../../../api/spellings.ts';
import type { SchemaValidator } from '../../../generated-contract.ts';

export declare function validatorFor(version: string): SchemaValidator;
export declare function spellingsFor(version: string): Spellings | undefined;
`;
}

/** The text of `generated/validators.ts`. */
export function printValidatorTable(files: readonly SchemaFile[]): string {
  const rows = files.map(({ folder, key, schema }) => {
    return `  ${JSON.stringify(key)}: () => import('./validators/${folder}/${schema['x-mesh'].kind}.js'),\n`;
  });
  return `${GENERATED_NOTE}
import type { ValidatorTable } from '../generated-contract.ts';

/** The validator of each kind, loaded when asked for. */
export const VALIDATORS: ValidatorTable = {
${rows.join('')}};
`;
}
