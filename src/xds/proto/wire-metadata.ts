/** Metadata looked through without being decoded: most of it is never asked for. */

import { fromBinary } from '@bufbuild/protobuf';
import { MetadataSchema } from './generated/envoy/config/core/v3/base_pb.js';
import { WireFields, isAscii } from './wire-fields.ts';

/** Numbers of fields in `envoy/config/core/v3/base.proto` and `google/protobuf/struct.proto`. */
const FILTER_METADATA = 1;
const KEY = 1;
const VALUE = 2;
const STRUCT_FIELDS = 1;
/** Kinds of values; numbers and nulls are rare. */
const IN_VALUE = { text: 3, bool: 4, struct: 5, list: 6 } as const;
const LIST_VALUES = 1;

/** Structures within one another that are looked through here. */
const MAX_DEPTH = 20;

/** Throws for bytes that are no `envoy.config.core.v3.Metadata`. */
export function checkMetadata(bytes: Uint8Array, from = 0, to = bytes.length): void {
  if (isPlain(bytes, from, to)) return;
  // Written in another way, typed, or no metadata at all.
  fromBinary(MetadataSchema, bytes.subarray(from, to));
}

function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (const fields = new WireFields(bytes, from, to); fields.next();) {
    if (fields.number !== FILTER_METADATA || !fields.isBytes) return false;
    if (!isEntry(bytes, fields.from, fields.to, isStruct, 0)) return false;
  }
  return true;
}

type Check = (bytes: Uint8Array, from: number, to: number, depth: number) => boolean;

/** One entry of a map by texts. */
function isEntry(bytes: Uint8Array, from: number, to: number, isValue: Check, depth: number): boolean {
  for (const fields = new WireFields(bytes, from, to); fields.next();) {
    if (!fields.isBytes) return false;
    if (fields.number === KEY) {
      if (!isAscii(bytes, fields.from, fields.to)) return false;
      continue;
    }
    if (fields.number !== VALUE || !isValue(bytes, fields.from, fields.to, depth)) return false;
  }
  return true;
}

const isStruct: Check = (bytes, from, to, depth) => {
  if (depth > MAX_DEPTH) return false;
  for (const fields = new WireFields(bytes, from, to); fields.next();) {
    if (fields.number !== STRUCT_FIELDS || !fields.isBytes) return false;
    if (!isEntry(bytes, fields.from, fields.to, isValue, depth + 1)) return false;
  }
  return true;
};

const isValue: Check = (bytes, from, to, depth) => {
  for (const fields = new WireFields(bytes, from, to); fields.next();) {
    switch (fields.number) {
      case IN_VALUE.text:
        if (!fields.isBytes || !isAscii(bytes, fields.from, fields.to)) return false;
        break;
      case IN_VALUE.bool:
        if (fields.isBytes || fields.to - fields.from !== 1) return false;
        break;
      case IN_VALUE.struct:
        if (!fields.isBytes || !isStruct(bytes, fields.from, fields.to, depth)) return false;
        break;
      case IN_VALUE.list:
        if (!fields.isBytes || !isList(bytes, fields.from, fields.to, depth)) return false;
        break;
      default:
        return false;
    }
  }
  return true;
};

const isList: Check = (bytes, from, to, depth) => {
  if (depth > MAX_DEPTH) return false;
  for (const fields = new WireFields(bytes, from, to); fields.next();) {
    if (fields.number !== LIST_VALUES || !fields.isBytes) return false;
    if (!isValue(bytes, fields.from, fields.to, depth + 1)) return false;
  }
  return true;
};
