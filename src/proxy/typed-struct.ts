/** Settings of extensions that say their type beside their fields: `TypedStruct`, as Istio's examples of EnvoyFilter write them. */

import { create, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { TypedStructSchema as UdpaTypedStructSchema } from '../xds/proto/generated/udpa/type/v1/typed_struct_pb.js';
import { TypedStructSchema } from '../xds/proto/generated/xds/type/v3/typed_struct_pb.js';
import { REGISTRY, findType } from '../xds/proto/registry.ts';
import { InvalidConfigError, typeNameOf } from './config-error.ts';

const SCHEMAS = new Map(
  [TypedStructSchema, UdpaTypedStructSchema].map((schema) => [schema.typeName as string, schema]),
);

/**
 * The settings as a message of the type that they name; all others as they are. Those of a type that nobody knows come
 * without their fields. Throws an `InvalidConfigError` for fields that the type does not have.
 */
export function withoutTypedStruct(settings: Any): Any {
  const schema = SCHEMAS.get(typeNameOf(settings));
  if (schema === undefined) return settings;
  const { typeUrl, value = {} } = fromBinary(schema, settings.value);
  const type = findType(typeUrl);
  if (type === undefined) return create(AnySchema, { typeUrl });
  try {
    return create(AnySchema, {
      typeUrl,
      value: toBinary(type, fromJson(type, value, { registry: REGISTRY })),
    });
  } catch (error) {
    throw new InvalidConfigError(type.typeName, (error as Error).message);
  }
}
