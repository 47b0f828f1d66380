/** The protobuf types of the Envoy API by name: packing into `Any`, and JSON as Envoy shows it. */

import { create, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue, Message, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { LazyRegistry } from './lazy-registry.ts';

/** What stands before a message's name in a type URL. */
export const TYPE_PREFIX = 'type.googleapis.com/';

/** All types that were generated; resolves `@type` in JSON. */
export const REGISTRY = new LazyRegistry();

/** The type URL of a message: `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
export function typeUrlOf(schema: DescMessage): string {
  return TYPE_PREFIX + schema.typeName;
}

/** A message of the given type inside an `Any`, as Envoy's extensions take their configuration. */
export function pack<Schema extends DescMessage>(schema: Schema, init: MessageInitShape<Schema>): Any {
  const message = create(schema, init);
  return create(AnySchema, { typeUrl: typeUrlOf(schema), value: toBinary(schema, message) });
}

/** The type of that name or type URL; undefined when it is not among the generated ones. */
export function findType(name: string): DescMessage | undefined {
  return REGISTRY.getMessage(name.slice(name.lastIndexOf('/') + 1));
}

/** A message in JSON with `snake_case` names, as Envoy's own dumps have them, without its type. */
export function messageToJson(message: Message): JsonValue {
  const schema = findType(message.$typeName);
  if (schema === undefined) throw new Error(`no type ${message.$typeName} was generated`);
  return toJson(schema, message, { registry: REGISTRY, useProtoFieldName: true });
}

/** A message with its `@type`, as an `Any` is written in JSON. */
export function typedJson(message: Message): JsonValue {
  const value = messageToJson(message);
  const type = { '@type': TYPE_PREFIX + message.$typeName };
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? { ...type, ...value } : { ...type, value };
}

/** A message from JSON in either spelling of its names. Throws an `Error` that names the field that is wrong. */
export function messageFromJson<Schema extends DescMessage>(
  schema: Schema,
  json: JsonValue,
): MessageShape<Schema> {
  return fromJson(schema, json, { registry: REGISTRY });
}
