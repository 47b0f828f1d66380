/**
 * JSON of a protobuf message to the message's bytes, in one go and without the message: a configuration is large, and
 * most of it waits as bytes. What is wrong is told with its place: unknown fields, unknown extensions, values of the
 * wrong shape. https://protobuf.dev/programming-guides/json/
 */

import {
  type DescField,
  type DescMessage,
  type JsonValue,
  ScalarType,
  fromJson,
  toBinary,
} from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { nearestName } from '../../base/nearest.ts';
import { REGISTRY, findType } from '../../xds/proto/registry.ts';
import { type FieldPlan, type MessagePlan, planOf, tagOf } from './json-plans.ts';
import { MessageWriter, WIRE } from './message-writer.ts';
import { isSupportedType } from './supported-types.ts';

export interface JsonProblem {
  /** As `static_resources.listeners[0].address`; empty for the whole. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

export class JsonProblemError extends Error {
  readonly problem: JsonProblem;

  constructor(problem: JsonProblem) {
    super(problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`);
    this.name = 'JsonProblemError';
    this.problem = problem;
  }
}

type JsonObject = { readonly [name: string]: JsonValue };

/** Nodes that one configuration may have, aliases of YAML followed: no real one comes near, a bomb passes it. */
const MAX_NODES = 5_000_000;
/** Messages within one another; the readers of bytes go as deep. */
const MAX_DEPTH = 100;

const TYPED_STRUCTS: ReadonlySet<string> = new Set(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct']);

/**
 * The bytes of the message that `value` stands for, each `TypedStruct` as the message that it stands for. Throws a
 * `JsonProblemError` for the first thing that the message type does not have, and for all extensions that are not
 * known.
 */
export function encodeJson(schema: DescMessage, value: JsonValue): Uint8Array {
  const encoder = new JsonEncoder();
  const bytes = encoder.encode(schema, value);
  const [first, ...more] = encoder.unknown;
  if (first === undefined) return bytes;
  if (more.length === 0) return fail(first.path, `the extension ${first.name} is not supported`);
  const names = [...new Set(encoder.unknown.map(({ name }) => name))].join(', ');
  return fail(first.path, `these extensions are not supported: ${names}`);
}

class JsonEncoder {
  readonly unknown: { path: string; name: string }[] = [];
  readonly #out = new MessageWriter();
  /** Names of fields, indices of lists and keys of maps that lead to where it is. */
  readonly #path: (string | number)[] = [];
  #nodes = 0;
  #depth = 0;

  encode(schema: DescMessage, value: JsonValue): Uint8Array {
    this.#message(planOf(schema), value);
    return this.#out.bytes;
  }

  #message(plan: MessagePlan, value: JsonValue): void {
    if (++this.#nodes > MAX_NODES) fail('', `the configuration has more than ${MAX_NODES} values`);
    if (++this.#depth > MAX_DEPTH) fail(this.#place(), `there are more than ${MAX_DEPTH} levels`);
    switch (plan.kind) {
      case 'any':
        this.#any(value);
        break;
      case 'fields':
        this.#fields(plan, this.#object(value, plan.schema.typeName));
        break;
      case 'struct':
        this.#struct(this.#object(value, plan.schema.typeName));
        break;
      default:
        this.#byLibrary(plan.schema, value);
    }
    this.#depth--;
  }

  #fields(plan: MessagePlan, object: JsonObject, skipped?: string): void {
    let seen: Set<object> | undefined;
    for (const name in object) {
      if (name === skipped) continue;
      const field = plan.field(name);
      const inner = object[name];
      if (field === undefined) throw unknownField(plan.schema, name, this.#place());
      if (inner === null || inner === undefined) continue;
      const { group } = field;
      if (group !== undefined) {
        // One field in both spellings, or several of a oneof: there can be but one.
        if ((seen ??= new Set()).has(group))
          fail(this.#place(), `${field.desc.oneof?.name ?? name} is set more than once`);
        seen.add(group);
      }
      this.#path.push(name);
      this.#field(plan, field, inner);
      this.#path.pop();
    }
  }

  #field(plan: MessagePlan, field: FieldPlan, value: JsonValue): void {
    const { desc } = field;
    switch (desc.fieldKind) {
      case 'message':
        this.#nested(field, value);
        return;
      case 'list':
        if (!Array.isArray(value)) return fail(this.#place(), `must be a list, but is ${kindOf(value)}`);
        if (field.inner === undefined) {
          this.#nodes += value.length;
          if (desc.listKind === 'scalar' && desc.scalar === ScalarType.STRING && value.every(isText))
            for (const item of value) this.#text(field.tag, item as string);
          else this.#fieldByLibrary(plan, desc, desc.listKind === 'enum' ? value.map(enumName(desc)) : value);
          return;
        }
        for (let index = 0; index < value.length; index++) {
          this.#path.push(index);
          this.#nested(field, value[index] as JsonValue);
          this.#path.pop();
        }
        return;
      case 'map':
        this.#map(plan, field, this.#object(value, 'a map'));
        return;
      case 'enum':
        this.#enum(plan, field, value);
        return;
      default:
        if (typeof value === 'object') fail(this.#place(), `must be a single value, but is ${kindOf(value)}`);
        if (!this.#scalar(field, value)) this.#fieldByLibrary(plan, desc, value);
    }
  }

  #nested(field: FieldPlan, value: JsonValue): void {
    const { inner } = field;
    if (inner === undefined) return;
    const out = this.#out;
    out.varint(field.tag);
    const begin = out.begin();
    if (!this.#wrapped(inner, value)) this.#message(inner, value);
    out.end(begin);
  }

  /** Wrappers and durations as they are mostly written. False, with nothing written, for anything else. */
  #wrapped({ kind, wrapped }: MessagePlan, value: JsonValue): boolean {
    if (kind === 'wrapper' && wrapped !== undefined) return this.#scalar(wrapped, value);
    if (kind !== 'duration' || typeof value !== 'string') return false;
    const found = /^(\d{1,9})s$/.exec(value);
    if (found === null) return false;
    const seconds = Number(found[1]);
    if (seconds === 0) return true;
    this.#out.varint(tagOf(1, WIRE.varint));
    this.#out.varint(seconds);
    return true;
  }

  /** A map of single values or messages: one entry a key, each a message of key and value. */
  #map(plan: MessagePlan, field: FieldPlan, object: JsonObject): void {
    const { desc, inner } = field;
    if (desc.fieldKind !== 'map') return;
    if (inner === undefined || desc.mapKey !== ScalarType.STRING)
      return this.#fieldByLibrary(plan, desc, object);
    const out = this.#out;
    for (const key in object) {
      const value = object[key] as JsonValue;
      out.varint(field.tag);
      const entry = out.begin();
      this.#text(tagOf(1, WIRE.bytes), key);
      out.varint(tagOf(2, WIRE.bytes));
      const begin = out.begin();
      this.#path.push(`[${key}`);
      if (!this.#wrapped(inner, value)) this.#message(inner, value);
      this.#path.pop();
      out.end(begin);
      out.end(entry);
    }
  }

  #enum(plan: MessagePlan, { desc, tag, isImplicit, numbers }: FieldPlan, value: JsonValue): void {
    if (typeof value !== 'string' && typeof value !== 'number')
      fail(this.#place(), `must be a name, but is ${kindOf(value)}`);
    // Envoy takes the names of values in any case.
    const number =
      typeof value === 'string' ? (numbers?.get(value) ?? numbers?.get(value.toUpperCase())) : undefined;
    if (number === undefined || number < 0) return this.#fieldByLibrary(plan, desc, value);
    if (number === 0 && isImplicit) return;
    this.#out.varint(tag);
    this.#out.varint(number);
  }

  /** A single value as it is mostly written. False, with nothing written, for anything else. */
  #scalar({ scalar, tag, isImplicit }: FieldPlan, value: JsonValue): boolean {
    switch (scalar) {
      case ScalarType.STRING:
        if (typeof value !== 'string') return false;
        if (value !== '' || !isImplicit) this.#text(tag, value);
        return true;
      case ScalarType.BOOL:
        if (typeof value !== 'boolean') return false;
        return this.#number(tag, value ? 1 : 0, isImplicit);
      case ScalarType.UINT32:
        if (!isWhole(value, 0xffff_ffff)) return false;
        return this.#number(tag, value, isImplicit);
      case ScalarType.INT32:
        if (!isWhole(value, 0x7fff_ffff)) return false;
        return this.#number(tag, value, isImplicit);
      case ScalarType.UINT64:
      case ScalarType.INT64: {
        // JSON has them as texts, since its numbers end at 2^53.
        const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
        if (!isWhole(number, Number.MAX_SAFE_INTEGER)) return false;
        return this.#number(tag, number, isImplicit);
      }
      default:
        return false;
    }
  }

  #number(tag: number, value: number, isImplicit: boolean): true {
    if (value !== 0 || !isImplicit) {
      this.#out.varint(tag);
      this.#out.varint(value);
    }
    return true;
  }

  #text(tag: number, value: string): void {
    if (!value.isWellFormed()) fail(this.#place(), 'holds half a character');
    this.#out.varint(tag);
    this.#out.text(value);
  }

  /** What is written in one of the rarer ways, or wrong: the library reads it, and refuses it in its words. */
  #byLibrary(schema: DescMessage, value: JsonValue): void {
    let bytes: Uint8Array;
    try {
      bytes = toBinary(schema, fromJson(schema, value, { registry: REGISTRY }));
    } catch (error) {
      const reason = (error as Error).message.replace(/^cannot decode /, '');
      return fail(this.#place(), `cannot read ${reason}`);
    }
    this.#out.raw(bytes);
  }

  /** A message of one field is written as the field is. */
  #fieldByLibrary({ schema }: MessagePlan, { name }: DescField, value: JsonValue): void {
    this.#byLibrary(schema, { [name]: value });
  }

  #any(value: JsonValue): void {
    const object = this.#object(value, 'google.protobuf.Any');
    const url = object['@type'];
    if (typeof url !== 'string') return fail(this.#place(), 'has no "@type", so that its type is not known');
    const name = url.slice(url.lastIndexOf('/') + 1);
    if (TYPED_STRUCTS.has(name)) return this.#typedStruct(object);
    const schema = findType(name);
    if (schema === undefined || !isSupportedType(name)) {
      this.unknown.push({ path: this.#place(), name });
      return;
    }
    const plan = planOf(schema);
    if (plan.kind !== 'fields') {
      this.#byLibrary(AnySchema, object);
      return;
    }
    this.#text(tagOf(1, WIRE.bytes), url);
    this.#out.varint(tagOf(2, WIRE.bytes));
    const begin = this.#out.begin();
    this.#fields(plan, object, '@type');
    this.#out.end(begin);
  }

  /** A type's name beside its settings. */
  #typedStruct(object: JsonObject): void {
    const url = object.type_url ?? object.typeUrl;
    if (typeof url !== 'string')
      return fail(this.#place(), 'has no "type_url", so that its type is not known');
    this.#path.push('value');
    const settings = this.#object(object.value ?? {}, 'the value of a TypedStruct');
    this.#path.pop();
    this.#any({ ...settings, '@type': url });
  }

  /** `google.protobuf.Struct`: fields by name, each a `google.protobuf.Value`. */
  #struct(object: JsonObject): void {
    const out = this.#out;
    for (const key in object) {
      out.varint(tagOf(1, WIRE.bytes));
      const entry = out.begin();
      this.#text(tagOf(1, WIRE.bytes), key);
      out.varint(tagOf(2, WIRE.bytes));
      const begin = out.begin();
      this.#value(object[key] as JsonValue);
      out.end(begin);
      out.end(entry);
    }
  }

  /** `google.protobuf.Value`: one of the kinds of JSON. */
  #value(value: JsonValue): void {
    if (++this.#nodes > MAX_NODES) fail('', `the configuration has more than ${MAX_NODES} values`);
    if (++this.#depth > MAX_DEPTH) fail(this.#place(), `there are more than ${MAX_DEPTH} levels`);
    const out = this.#out;
    if (value === null) {
      this.#number(tagOf(1, WIRE.varint), 0, false);
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) fail(this.#place(), 'must be a number that JSON has');
      out.varint(tagOf(2, WIRE.bit64));
      out.double(value);
    } else if (typeof value === 'string') {
      this.#text(tagOf(3, WIRE.bytes), value);
    } else if (typeof value === 'boolean') {
      this.#number(tagOf(4, WIRE.varint), value ? 1 : 0, false);
    } else {
      out.varint(tagOf(Array.isArray(value) ? 6 : 5, WIRE.bytes));
      const begin = out.begin();
      if (Array.isArray(value)) this.#listValue(value);
      else this.#struct(value as JsonObject);
      out.end(begin);
    }
    this.#depth--;
  }

  #listValue(values: readonly JsonValue[]): void {
    for (const value of values) {
      this.#out.varint(tagOf(1, WIRE.bytes));
      const begin = this.#out.begin();
      this.#value(value);
      this.#out.end(begin);
    }
  }

  /** `what`: whose fields it should have. */
  #object(value: JsonValue, what: string): JsonObject {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    return fail(this.#place(), `must be a map with the fields of ${what}, but is ${kindOf(value)}`);
  }

  /** Where it is, as `static_resources.listeners[0].address`. */
  #place(): string {
    let place = '';
    for (const part of this.#path) {
      if (typeof part === 'number') place += `[${part}]`;
      else if (part.startsWith('[')) place += `${part.slice(0, 101)}]`;
      else place = join(place, part);
    }
    return place;
  }
}

function isText(value: JsonValue): boolean {
  return typeof value === 'string';
}

function isWhole(value: JsonValue, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

/** Envoy takes the names of values in any case. */
function enumName({ enum: type }: DescField): (value: JsonValue) => JsonValue {
  return (value) => {
    if (typeof value !== 'string') return value;
    const upper = value.toUpperCase();
    return type?.values.some(({ name }) => name === upper) === true ? upper : value;
  };
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

function kindOf(value: JsonValue): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}

function join(path: string, name: string): string {
  const shown = name.slice(0, 100);
  return path === '' ? shown : `${path}.${shown}`;
}
