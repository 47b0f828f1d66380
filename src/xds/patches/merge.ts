/** Merging of messages, as patches do it: protobuf's own rules, with two exceptions. */

import { type DescMessage, type MessageShape, clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { findType } from '../proto/registry.ts';

export interface MergeOptions {
  /** Lists of the patch take the place of those that are there; else they are appended. */
  readonly replaceLists?: boolean;
}

/**
 * Messages that count as one value. The parts of two durations make no sense together; and what a merged `Any`
 * holds depends on its type.
 */
const VALUES: ReadonlySet<string> = new Set(['google.protobuf.Duration', 'google.protobuf.Any']);

/**
 * Merges `patch` into `target`: fields that are set replace those that are there, messages are merged field by
 * field, lists are appended, and entries of maps replace those of the same key. As everywhere in protobuf, a
 * number, text or flag counts as set when it is not zero, unless its field tells zero from absent.
 */
export function mergeInto<Schema extends DescMessage>(
  schema: Schema,
  target: MessageShape<Schema>,
  patch: MessageShape<Schema>,
  options: MergeOptions = {},
): void {
  // The patch is used again for other objects, which must not share parts of it.
  mergeFields(reflect(schema, target), reflect(schema, clone(schema, patch)), options);
}

function mergeFields(target: ReflectMessage, patch: ReflectMessage, options: MergeOptions): void {
  for (const field of patch.fields) {
    if (!patch.isSet(field)) continue;
    if (field.fieldKind === 'list') {
      const list = target.get(field);
      if (options.replaceLists === true) list.clear();
      for (const item of patch.get(field)) list.add(item);
    } else if (field.fieldKind === 'map') {
      const map = target.get(field);
      for (const [key, value] of patch.get(field)) map.set(key, value);
    } else if (field.fieldKind === 'message' && target.isSet(field) && !VALUES.has(field.message.typeName)) {
      // For some types this is a copy, so it is set again.
      const inner = target.get(field);
      mergeFields(inner, patch.get(field), options);
      target.set(field, inner);
    } else {
      target.set(field, patch.get(field));
    }
  }
}

/** What a packed message becomes by merging another one into it; undefined when their types differ. */
export function mergedAny(target: Any, patch: Any, options: MergeOptions = {}): Any | undefined {
  const schema = findType(target.typeUrl);
  if (schema === undefined || schema !== findType(patch.typeUrl)) return undefined;
  const message = fromBinary(schema, target.value);
  mergeInto(schema, message, fromBinary(schema, patch.value), options);
  return create(AnySchema, { typeUrl: target.typeUrl, value: toBinary(schema, message) });
}
