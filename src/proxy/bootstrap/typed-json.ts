/**
 * JSON of a protobuf message, looked through before it is decoded, so that what is wrong is told with its place:
 * unknown fields, unknown extensions, values of the wrong shape.
 */

import type { DescEnum, DescField, DescMessage, JsonValue } from '@bufbuild/protobuf';
import { nearestName } from '../../base/nearest.ts';
import { findType } from '../../xds/proto/registry.ts';
import { isSupportedType } from './supported-types.ts';

export interface JsonProblem {
  /** As `static_resources.listeners[0].address`; empty for the whole. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

type JsonObject = { readonly [name: string]: JsonValue };

/** Nodes that one configuration may have, aliases of YAML followed: no real one comes near, a bomb passes it. */
const MAX_NODES = 5_000_000;

/** Types whose JSON is not that of their fields. */
const WELL_KNOWN = /^google\.protobuf\.(?!Any$|Empty$)/;
const TYPED_STRUCTS: ReadonlySet<string> = new Set(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct']);

export class JsonProblemError extends Error {
  readonly problem: JsonProblem;

  constructor(problem: JsonProblem) {
    super(problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`);
    this.name = 'JsonProblemError';
    this.problem = problem;
  }
}

/**
 * The value with each `TypedStruct` as the message that it stands for. Throws a `JsonProblemError` for the first
 * thing that the message type does not have, and for all extensions that are not known.
 */
export function checkedJson(schema: DescMessage, value: JsonValue): JsonValue {
  const walker = new Walker();
  const checked = walker.message(schema, value, '');
  const [first, ...more] = walker.unknown;
  if (first === undefined) return checked;
  if (more.length === 0) return fail(first.path, `the extension ${first.name} is not supported`);
  const names = [...new Set(walker.unknown.map(({ name }) => name))].join(', ');
  return fail(first.path, `these extensions are not supported: ${names}`);
}

class Walker {
  readonly unknown: { path: string; name: string }[] = [];
  #nodes = 0;

  message(schema: DescMessage, value: JsonValue, path: string): JsonValue {
    if (++this.#nodes > MAX_NODES) fail('', `the configuration has more than ${MAX_NODES} values`);
    if (schema.typeName === 'google.protobuf.Any') return this.#any(value, path);
    if (WELL_KNOWN.test(schema.typeName)) return value;
    const object = asObject(value, path, schema.typeName);
    const result: Record<string, JsonValue> = {};
    for (const [name, inner] of Object.entries(object)) {
      const field = fieldsOf(schema).get(name);
      if (field === undefined) throw unknownField(schema, name, path);
      if (inner !== null) result[name] = this.#field(field, inner, join(path, name));
    }
    return result;
  }

  #field(field: DescField, value: JsonValue, path: string): JsonValue {
    const { message } = field;
    switch (field.fieldKind) {
      case 'message':
        return field.message === undefined ? value : this.message(field.message, value, path);
      case 'list': {
        if (!Array.isArray(value)) return fail(path, `must be a list, but is ${kindOf(value)}`);
        if (message === undefined) return this.#scalars(value);
        return value.map((item, index) => this.message(message, item, `${path}[${index}]`));
      }
      case 'map': {
        const object = asObject(value, path, 'a map');
        if (message === undefined) return object;
        return Object.fromEntries(
          Object.entries(object).map(([key, item]) => [key, this.message(message, item, `${path}[${key}]`)]),
        );
      }
      case 'enum':
        if (typeof value === 'string') return enumName(field.enum, value);
        return typeof value === 'number' ? value : fail(path, `must be a name, but is ${kindOf(value)}`);
      default:
        if (typeof value === 'object') return fail(path, `must be a single value, but is ${kindOf(value)}`);
        return value;
    }
  }

  #scalars(values: JsonValue[]): JsonValue[] {
    this.#nodes += values.length;
    return values;
  }

  #any(value: JsonValue, path: string): JsonValue {
    const object = asObject(value, path, 'google.protobuf.Any');
    const url = object['@type'];
    if (typeof url !== 'string') return fail(path, 'has no "@type", so that its type is not known');
    const name = url.slice(url.lastIndexOf('/') + 1);
    if (TYPED_STRUCTS.has(name)) return this.#typedStruct(object, path);
    const schema = findType(name);
    if (schema === undefined || !isSupportedType(name)) {
      this.unknown.push({ path, name });
      return {};
    }
    const { '@type': _, ...fields } = object;
    if (WELL_KNOWN.test(name)) return object;
    return { '@type': url, ...asObject(this.message(schema, fields, path), path, name) };
  }

  /** A type's name beside its settings. */
  #typedStruct(object: JsonObject, path: string): JsonValue {
    const url = object.type_url ?? object.typeUrl;
    if (typeof url !== 'string') return fail(path, 'has no "type_url", so that its type is not known');
    const settings = asObject(object.value ?? {}, join(path, 'value'), 'the value of a TypedStruct');
    return this.#any({ ...settings, '@type': url }, path);
  }
}

const fieldsByName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** The fields of a message in both spellings of their names. */
function fieldsOf(schema: DescMessage): ReadonlyMap<string, DescField> {
  let fields = fieldsByName.get(schema);
  if (fields === undefined) {
    fields = new Map(
      schema.fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field] as const]),
    );
    fieldsByName.set(schema, fields);
  }
  return fields;
}

/** Envoy takes the names of values in any case. */
function enumName(type: DescEnum, value: string): string {
  const upper = value.toUpperCase();
  return type.values.some(({ name }) => name === upper) ? upper : value;
}

function fail(path: string, message: string, hint?: string): never {
  throw new JsonProblemError(hint === undefined ? { path, message } : { path, message, hint });
}

function unknownField(schema: DescMessage, name: string, path: string): JsonProblemError {
  const names = schema.fields.map((field) => field.name);
  const near = nearestName(name, names);
  return new JsonProblemError({
    path: join(path, name),
    message: `${schema.typeName} has no field ${JSON.stringify(name.slice(0, 100))}`,
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  });
}

function asObject(value: JsonValue, path: string, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  return fail(path, `must be a map with the fields of ${what}, but is ${kindOf(value)}`);
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}

function join(path: string, name: string): string {
  const shown = name.slice(0, 100);
  return path === '' ? shown : `${path}.${shown}`;
}
