/** Whether a cluster that comes is the one that there is. */

import { type DescMessage, equals, fromBinary } from '@bufbuild/protobuf';

/** Whether two encoded messages say the same. */
export function isSameMessage(schema: DescMessage, one: Uint8Array, other: Uint8Array): boolean {
  // Equal messages may be written in several ways, but mostly are not.
  if (Buffer.compare(one, other) === 0) return true;
  return equals(schema, fromBinary(schema, one), fromBinary(schema, other));
}
