/** Makes the CustomResourceDefinition of a kind: a structural schema that the Kubernetes API server takes. */

import type { CustomResourceDefinition, CustomResourceVersion } from '../api/custom-resource.ts';
import { resolveNode, versionSchema } from '../api/schema.ts';
import type { CelRule, KindSchema, SchemaNode, SchemaVersion } from '../api/schema.ts';
import { FORMATS } from './ajv-keywords.ts';
import { celRulesAt } from './cel-rules.ts';
import { numberLimits } from './number-ranges.ts';
import { fieldRules } from './spellings.ts';

/** A schema as `apiextensions.k8s.io/v1` spells it. */
export interface CrdSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  format?: string;
  nullable?: boolean;
  properties?: Record<string, CrdSchema>;
  required?: string[];
  additionalProperties?: CrdSchema;
  items?: CrdSchema;
  allOf?: CrdSchema[];
  anyOf?: CrdSchema[];
  oneOf?: CrdSchema[];
  not?: CrdSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-validations'?: CelRule[];
}

/** Traits of groups whose upstream definitions differ from the rest. */
const GROUPS: Readonly<Record<string, { readonly defaults: boolean; readonly approval: string }>> = {
  // The API server fills in defaults for these kinds. Groups below k8s.io must say where they were approved.
  'gateway.networking.k8s.io': {
    defaults: true,
    approval: 'https://github.com/kubernetes-sigs/gateway-api/pull/4530',
  },
};
const COPIED = [
  ...([
    'nullable',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
    'minProperties',
    'maxProperties',
  ] as const),
  ...(['multipleOf', 'pattern', 'x-kubernetes-map-type'] as const),
];
const SERVER_FORMATS = new Set(['int32', 'int64', 'float', 'double', 'date-time', 'byte']);

/** Whether the API server fills in the defaults of a kind, rather than those who read it. */
function serverDefaults(schema: KindSchema): boolean {
  return GROUPS[schema['x-mesh'].group]?.defaults === true;
}

/** The definition of a kind; undefined for kinds that are files or defined by others. */
export function customResourceDefinition(schema: KindSchema): CustomResourceDefinition | undefined {
  const header = schema['x-mesh'];
  if (header.scope === 'File' || header.external === true) return undefined;
  const approval = GROUPS[header.group]?.approval;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${header.plural}.${header.group}`,
      ...(approval === undefined ? {} : { annotations: { 'api-approved.kubernetes.io': approval } }),
    },
    spec: {
      group: header.group,
      names: {
        kind: header.kind,
        listKind: `${header.kind}List`,
        plural: header.plural,
        singular: header.singular,
        ...(header.shortNames === undefined ? {} : { shortNames: header.shortNames }),
        ...(header.categories === undefined ? {} : { categories: header.categories }),
      },
      scope: header.scope,
      versions: header.versions.map((version) => crdVersion(schema, version)),
    },
  };
}

function crdVersion(schema: KindSchema, version: SchemaVersion): CustomResourceVersion {
  const { printerColumns, subresources } = schema['x-mesh'];
  return {
    name: version.name,
    served: version.served,
    storage: version.storage,
    ...(version.deprecated === undefined ? {} : { deprecated: true, deprecationWarning: version.deprecated }),
    ...(subresources === undefined ? {} : { subresources }),
    ...(printerColumns === undefined
      ? {}
      : { additionalPrinterColumns: printerColumns.map((column) => ({ ...column })) }),
    schema: { openAPIV3Schema: { ...rootSchema(schema, version.name) } },
  };
}

function rootSchema(schema: KindSchema, version: string): CrdSchema {
  const { properties, ...root } = structural(schema, versionSchema(schema, version));
  return {
    ...root,
    properties: {
      apiVersion: { type: 'string', description: 'The version of the API that the object is written in.' },
      kind: { type: 'string', description: 'The kind of the object.' },
      metadata: { type: 'object' },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      ...properties,
    },
  };
}

/** A schema with its references written out, in the words that structural schemas have. */
function structural(schema: KindSchema, place: SchemaNode): CrdSchema {
  const node = resolveNode(schema, place);
  const result: CrdSchema = {};
  if (node.type !== undefined) result.type = node.type;
  const description = describe(node);
  if (description !== undefined) result.description = description;
  if (node.default !== undefined && serverDefaults(schema)) result.default = node.default;
  if (node.enum !== undefined) result.enum = [...node.enum];
  for (const word of COPIED) if (node[word] !== undefined) Object.assign(result, { [word]: node[word] });
  addNumberWords(node, result);
  if (node['x-kubernetes-int-or-string'] === true) {
    result['x-kubernetes-int-or-string'] = true;
    result.anyOf = [{ type: 'integer' }, { type: 'string' }];
  }
  if (node['x-kubernetes-preserve-unknown-fields'] === true)
    result['x-kubernetes-preserve-unknown-fields'] = true;
  if (node.items !== undefined) result.items = structural(schema, node.items);
  addListWords(schema, node, result);
  if (node.additionalProperties !== undefined) {
    result.additionalProperties = structural(schema, node.additionalProperties);
  }
  if (node.properties !== undefined) addFields(schema, node, result);
  const rules = celRulesAt(schema, place);
  if (rules.length > 0) result['x-kubernetes-validations'] = [...rules];
  return result;
}

function describe(node: SchemaNode): string | undefined {
  if (node.deprecated !== true) return node.description;
  return [node.description, 'Deprecated.', node['x-mesh-deprecated']]
    .filter((part) => part !== undefined)
    .join(' ');
}

function addNumberWords(node: SchemaNode, result: CrdSchema): void {
  const { format } = node;
  Object.assign(result, numberLimits(node));
  if (node.exclusiveMinimum !== undefined) {
    result.minimum = node.exclusiveMinimum;
    result.exclusiveMinimum = true;
  }
  if (node.exclusiveMaximum !== undefined) {
    result.maximum = node.exclusiveMaximum;
    result.exclusiveMaximum = true;
  }
  if (format === undefined) return;
  if (SERVER_FORMATS.has(format) && !(node.type === 'string' && format.startsWith('int'))) {
    result.format = format;
  } else if (node.type === 'string' && FORMATS[format] !== undefined) {
    // The server's own check of durations is laxer, and makes them another type in CEL.
    result.pattern ??= FORMATS[format].source;
  }
}

function addListWords(schema: KindSchema, node: SchemaNode, result: CrdSchema): void {
  const listType = node['x-kubernetes-list-type'];
  if (listType !== undefined) result['x-kubernetes-list-type'] = listType;
  const keys = node['x-kubernetes-list-map-keys'];
  if (keys !== undefined) result['x-kubernetes-list-map-keys'] = [...keys];
  // The server knows no uniqueItems; a list of scalars can be a set instead.
  if (node.uniqueItems !== true || listType !== undefined || node.items === undefined) return;
  const { type } = resolveNode(schema, node.items);
  if (type !== 'object' && type !== 'array') result['x-kubernetes-list-type'] = 'set';
}

function addFields(schema: KindSchema, node: SchemaNode, result: CrdSchema): void {
  const fields = fieldRules(node, schema['x-mesh'].protoNames === true);
  result.properties = Object.fromEntries(
    Object.entries(fields.properties).map(([name, field]) => [name, structural(schema, field)]),
  );
  const required = fields.required.flatMap((spellings) => (spellings.length === 1 ? spellings : []));
  if (required.length > 0) result.required = required;
  const conditions: CrdSchema[] = [
    ...fields.required
      .filter((spellings) => spellings.length > 1)
      .map((names) => ({ anyOf: eachRequired(names) })),
    ...fields.exclusive.map(atMostOne),
    ...fields.oneOf.map((names) => ({ oneOf: eachRequired(names) })),
  ];
  if (conditions.length === 1) Object.assign(result, conditions[0]);
  else if (conditions.length > 1) result.allOf = conditions;
}

function eachRequired(names: readonly string[]): CrdSchema[] {
  return names.map((name) => ({ required: [name] }));
}

function atMostOne(names: readonly string[]): CrdSchema {
  if (names.length === 2) return { not: { required: [...names] } };
  return { oneOf: [{ not: { anyOf: eachRequired(names) } }, ...eachRequired(names)] };
}

/** Where the definition of a kind is kept below `dist/`: `crds/<group>_<plural>.json`. */
export function crdPath(schema: KindSchema): string {
  return `crds/${schema['x-mesh'].group}_${schema['x-mesh'].plural}.json`;
}
