/** One compiled object for messages that say the same: in a mesh most matches and retry policies do. */

import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';

/** Different ones that are remembered at most; a mesh has a few dozen. */
const MOST = 1_000;

/**
 * As `compile`, whose result must depend on nothing but the message, and which nobody changes. What it throws is thrown
 * each time.
 */
export function sharing<Schema extends DescMessage, Part>(
  schema: Schema,
  compile: (message: MessageShape<Schema>) => Part,
): (message: MessageShape<Schema>) => Part {
  const known = new Map<string, Part>();
  return (message) => {
    const bytes = toBinary(schema, message);
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    let part = known.get(key);
    if (part === undefined) {
      part = compile(message);
      if (known.size >= MOST) known.clear();
      known.set(key, part);
    }
    return part;
  };
}
