/**
 * Whether the fields of a message are written in the way of their types. The decoder does not ask: it reads a text from where
 * a number stands, and with it some of what follows.
 */

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { type LeftOut, WireFields } from './wire-fields.ts';

const VARINT = 0;
const BITS64 = 1;
const BYTES = 2;
const BITS32 = 5;

const FIXED: ReadonlyMap<ScalarType, number> = new Map([
  [ScalarType.STRING, BYTES],
  [ScalarType.BYTES, BYTES],
  [ScalarType.DOUBLE, BITS64],
  [ScalarType.FIXED64, BITS64],
  [ScalarType.SFIXED64, BITS64],
  [ScalarType.FLOAT, BITS32],
  [ScalarType.FIXED32, BITS32],
  [ScalarType.SFIXED32, BITS32],
]);

/**
 * Throws for a field that is not written as its type is: of the message, and of those in it that parts are left out of. So
 * all messages of one shape are read alike, or none of them is taken.
 */
export function checkWireTypes(
  schema: DescMessage,
  bytes: Uint8Array,
  leftOut: LeftOut,
  from = 0,
  to = bytes.length,
): void {
  for (const fields = new WireFields(bytes, from, to); fields.next();) {
    const { number, wire } = fields;
    const field = schema.fields.find((one) => one.number === number);
    if (field === undefined) continue;
    const isPacked = field.fieldKind === 'list' && wire === BYTES;
    if (wire !== wireOf(field) && !isPacked)
      throw new Error(`it cannot be decoded: ${field.name} is written with wire type ${wire}`);
    const inner = leftOut.get(number);
    if (field.message !== undefined && typeof inner === 'object')
      checkWireTypes(field.message, bytes, inner, fields.from, fields.to);
  }
}

function wireOf(field: DescField): number {
  if (field.fieldKind === 'map' || field.message !== undefined) return BYTES;
  return field.scalar === undefined ? VARINT : (FIXED.get(field.scalar) ?? VARINT);
}
