/**
 * Messages of the Envoy API as istioctl prints them: `camelCase` names, without what has its default. Types and
 * fields that are not known here are kept, with their names in the same style.
 */

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { REGISTRY } from '../../xds/proto/registry.ts';
import { camelCase, isObject, type JsonObject } from './fields.ts';

type Json = unknown;

/** As Envoy writes what it does not show. */
const REDACTED_BYTES = Buffer.from('[redacted]').toString('base64');

/** Types that JSON writes in a form of their own. */
const OWN_FORM = new Set(
  [
    'Struct',
    'Value',
    'ListValue',
    'Duration',
    'Timestamp',
    'FieldMask',
    'BoolValue',
    'StringValue',
    'BytesValue',
    'DoubleValue',
    'FloatValue',
    'Int32Value',
    'UInt32Value',
    'Int64Value',
    'UInt64Value',
  ].map((name) => `google.protobuf.${name}`),
);

/** Fields that hold what must not be seen, by the end of their type's name. Proxies redact them; ours may not. */
const SENSITIVE: readonly (readonly [string, readonly string[]])[] = [
  ['.TlsCertificate', ['private_key', 'password', 'private_key_provider']],
  ['.TlsSessionTicketKeys', ['keys']],
  ['.GenericSecret', ['secret', 'secrets']],
];

/** Fields of unknown messages whose own keys are free. */
const FREE = new Set([
  'filter_metadata',
  'filterMetadata',
  'typed_filter_metadata',
  'typedFilterMetadata',
  'typed_per_filter_config',
  'typedPerFilterConfig',
  'typed_extension_protocol_options',
  'typedExtensionProtocolOptions',
  'key_values',
  'keyValues',
  'metadata',
  'labels',
  'annotations',
]);

/** A message of a type of the API, such as `envoy.config.cluster.v3.Cluster`, without its `@type`. */
export function envoyJson(value: Json, typeName: string): Json {
  if (!isObject(value)) return value;
  const { '@type': _type, ...fields } = value;
  return message(fields, REGISTRY.getMessage(typeName));
}

function message(value: Json, type: DescMessage | undefined): Json {
  if (Array.isArray(value)) return value.map((one) => message(one, type));
  if (!isObject(value)) return value;
  if (typeof value['@type'] === 'string') return typed(value, value['@type']);
  if (type === undefined) return unknownMessage(value);
  if (OWN_FORM.has(type.typeName)) return value;
  return knownMessage(value, type);
}

function typed(value: JsonObject, url: string): Json {
  const { '@type': _type, ...fields } = value;
  const type = REGISTRY.getMessage(url.slice(url.lastIndexOf('/') + 1));
  if (type !== undefined && OWN_FORM.has(type.typeName)) return value;
  const converted = type === undefined ? unknownMessage(fields) : knownMessage(fields, type);
  return { '@type': url, ...converted };
}

function knownMessage(value: JsonObject, type: DescMessage): JsonObject {
  const fields = fieldsByName(type);
  const result: Record<string, Json> = {};
  const sensitive = SENSITIVE.find(([end]) => type.typeName.endsWith(end))?.[1] ?? [];
  for (const [name, one] of Object.entries(value)) {
    const field = fields.get(name);
    if (field === undefined) {
      result[camelCase(name)] = message(one, undefined);
      continue;
    }
    const converted = sensitive.includes(field.name) ? redacted(one) : fieldValue(one, field);
    if (!isDefault(converted, field)) result[field.jsonName] = converted;
  }
  return result;
}

const FIELDS = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** Fields by either of their names. */
function fieldsByName(type: DescMessage): ReadonlyMap<string, DescField> {
  let fields = FIELDS.get(type);
  if (fields === undefined) {
    fields = new Map(
      type.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]),
    );
    FIELDS.set(type, fields);
  }
  return fields;
}

function fieldValue(value: Json, field: DescField): Json {
  switch (field.fieldKind) {
    case 'message':
      return message(value, field.message);
    case 'list':
      if (field.listKind === 'message') return message(value, field.message);
      return Array.isArray(value) ? value.map((one) => scalar(one, field)) : value;
    case 'map': {
      const { message: type } = field;
      if (type === undefined || !isObject(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, message(one, type)]));
    }
    case 'scalar':
    case 'enum':
      return scalar(value, field);
  }
}

/** Words of enumerations, and texts for numbers that may be too large. */
function scalar(value: Json, field: DescField): Json {
  if (typeof value !== 'number') return value;
  if (field.enum !== undefined) return field.enum.value[value]?.name ?? value;
  return field.scalar !== undefined && LARGE.has(field.scalar) ? String(value) : value;
}

const LARGE: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
  ScalarType.SINT64,
]);

/** Whether it is what the field is without being set. */
function isDefault(value: Json, field: DescField): boolean {
  if (field.fieldKind === 'list') return Array.isArray(value) && value.length === 0;
  if (field.fieldKind === 'map') return isObject(value) && Object.keys(value).length === 0;
  if (field.oneof !== undefined || field.proto.proto3Optional) return value === null;
  if (field.fieldKind === 'message') return value === null;
  if (field.fieldKind === 'enum') return value === field.enum.values[0]?.name;
  return value === null || value === false || value === 0 || value === '' || value === '0';
}

function unknownMessage(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      camelCase(name),
      FREE.has(name) && isObject(one) ? freeKeys(one) : message(one, undefined),
    ]),
  );
}

function freeKeys(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      isObject(one) && typeof one['@type'] === 'string' ? message(one, undefined) : one,
    ]),
  );
}

/** The same shape without the content. */
function redacted(value: Json): Json {
  if (Array.isArray(value)) return value.map(redacted);
  if (!isObject(value)) return '[redacted]';
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const camel = camelCase(name);
      if (camel === 'inlineBytes') return [camel, REDACTED_BYTES];
      if (camel === 'filename' || camel === 'environmentVariable') return [camel, one];
      return [camel, redacted(one)];
    }),
  );
}
