/** Objects in the envelope in which they are served, and out of it: nothing of an object's meaning is lost. */

import { create, fromBinary, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import {
  type Any,
  anyIs,
  anyPack,
  StructSchema,
  timestampDate,
  timestampFromDate,
} from '@bufbuild/protobuf/wkt';
import { MeshError } from '../../base/mesh-error.ts';
import type { MeshObject } from '../../config/object.ts';
import { readObjects } from '../../config/parse/objects.ts';
import { type Resource, ResourceSchema } from '../../xds/proto/generated/istio/mcp/v1alpha1/resource_pb.js';
import { TYPE_PREFIX } from '../../xds/proto/registry.ts';

export const ENVELOPE_TYPE = `${TYPE_PREFIX}${ResourceSchema.typeName}`;

/** The body is a `google.protobuf.Struct` of what the object says beside its metadata: see docs/decisions. */
export function toEnvelope(object: MeshObject, namespace: string): Resource {
  const { apiVersion: _version, kind: _kind, metadata, ...body } = object.value;
  const { creationTimestamp, resourceVersion } = fieldsOf(metadata);
  const created = typeof creationTimestamp === 'string' ? new Date(creationTimestamp) : undefined;
  const isDate = created !== undefined && !Number.isNaN(created.getTime());
  return create(ResourceSchema, {
    metadata: {
      name: envelopeName(object, namespace),
      ...(isDate && { createTime: timestampFromDate(created) }),
      version: typeof resourceVersion === 'string' ? resourceVersion : '',
      labels: { ...object.meta.labels },
      annotations: { ...object.meta.annotations },
    },
    body: anyPack(StructSchema, fromJson(StructSchema, plain(body))),
  });
}

/** `namespace/name`; of cluster scope `/name`. */
export function envelopeName(object: MeshObject, namespace: string): string {
  return `${namespace}/${object.meta.name}`;
}

/**
 * The object in an envelope of a type. `place` is what errors name as its file. Throws a `MeshError` when there
 * is none in it.
 */
export function fromEnvelope(any: Any, typeUrl: string, place: string): MeshObject {
  if (!anyIs(any, ResourceSchema)) {
    throw new MeshError('BadConfigResource', `it is a ${any.typeUrl}, and no ${ENVELOPE_TYPE}`);
  }
  const { metadata, body } = readEnvelope(any);
  const [namespace, name, ...more] = (metadata?.name ?? '').split('/');
  if (namespace === undefined || name === undefined || name === '' || more.length > 0) {
    throw new MeshError('BadConfigResource', `its name "${metadata?.name ?? ''}" is not namespace/name`);
  }
  const [group = '', version = '', kind = ''] = typeUrl.split('/');
  const created = metadata?.createTime;
  const value = {
    ...readBody(body),
    apiVersion: group === 'core' ? version : `${group}/${version}`,
    kind,
    metadata: {
      name,
      ...(namespace !== '' && { namespace }),
      ...(created !== undefined && { creationTimestamp: isoSeconds(timestampDate(created)) }),
      ...(metadata?.version !== undefined &&
        metadata.version !== '' && { resourceVersion: metadata.version }),
      labels: metadata?.labels ?? {},
      annotations: metadata?.annotations ?? {},
    },
  };
  const source = { file: place, line: 1, locate: () => ({ line: 1, column: 1 }) };
  const reading = readObjects(value, true, () => source);
  const object = reading.is === 'objects' ? reading.objects[0] : undefined;
  if (object === undefined) throw new MeshError('BadConfigResource', `it is no object of ${typeUrl}`);
  return object;
}

function readEnvelope(any: Any): Resource {
  try {
    return fromBinary(ResourceSchema, any.value);
  } catch (error) {
    throw new MeshError('BadConfigResource', `it cannot be read: ${(error as Error).message}`);
  }
}

function readBody(body: Any | undefined): JsonObject {
  if (body === undefined) return {};
  if (!anyIs(body, StructSchema)) {
    throw new MeshError('BadConfigResource', `its body is a ${body.typeUrl}, which cannot be read`, {
      hint: 'Bodies must be google.protobuf.Struct, as another mesh-controller sends them.',
    });
  }
  try {
    return toJson(StructSchema, fromBinary(StructSchema, body.value)) as JsonObject;
  } catch (error) {
    throw new MeshError('BadConfigResource', `its body cannot be read: ${(error as Error).message}`);
  }
}

/** Kubernetes' way to write a time. */
function isoSeconds(date: Date): string {
  return date.toISOString().replace(/\.000Z$/, 'Z');
}

/** A value of JSON. Whole numbers that a double cannot hold become texts, which protobuf's JSON takes as well. */
function plain(value: unknown): JsonValue {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [[name, plain(one)]])),
    );
  }
  return value as JsonValue;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
