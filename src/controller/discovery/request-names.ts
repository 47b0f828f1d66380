/**
 * Names in requests. Thousands of proxies send the same names, half a hundred kilobytes of them: they are read
 * once, and whoever sends the same bytes gets the same list.
 */

/** In `DiscoveryRequest` as in `DeltaDiscoveryRequest` the names that are asked for are this field. */
const NAMES_FIELD = 3;

/** Below this many bytes reading is cheaper than looking. */
const MIN_BYTES = 512;

/** Bytes of names that are remembered, the latest used. */
const MAX_REMEMBERED = 32 << 20;

/** Bytes at both ends by which candidates are found; whether they are the same is decided by all bytes. */
const SAMPLE = 48;

/** Where the names stand in a request; undefined when they are few or scattered. */
export interface NamesPart {
  /** The field, as often as it is there, as it came. */
  readonly bytes: Buffer;
  /** The request without it. */
  readonly rest: Buffer;
}

/** Cuts the names out of a request. What cannot be a request is left to the one who reads it whole. */
export function cutNames(request: Buffer): NamesPart | undefined {
  if (request.length < MIN_BYTES) return undefined;
  let at = 0;
  let start = -1;
  let end = -1;
  while (at < request.length) {
    const tag = request[at] ?? 0;
    // All fields of both requests have a number below 16 and a length.
    if ((tag & 0x87) !== 2) return undefined;
    const length = readLength(request, at + 1);
    if (length === undefined) return undefined;
    const next = length.end + length.value;
    if (next > request.length) return undefined;
    if (tag >> 3 === NAMES_FIELD) {
      if (start < 0) start = at;
      else if (end !== at) return undefined;
      end = next;
    }
    at = next;
  }
  if (end - start < MIN_BYTES) return undefined;
  return {
    bytes: request.subarray(start, end),
    rest: Buffer.concat([request.subarray(0, start), request.subarray(end)]),
  };
}

function readLength(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = from; at < from + 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) << (7 * (at - from));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

interface Remembered {
  readonly bytes: Buffer;
  readonly names: readonly string[];
}

/** Lists of names by the bytes in which they came. */
export class RequestNames {
  /** The latest used last. */
  readonly #lists = new Map<string, Remembered>();
  #held = 0;

  /** The list for these bytes; `read` makes it when they have not come before. */
  of(bytes: Buffer, read: (bytes: Buffer) => readonly string[]): readonly string[] {
    const ends = bytes.toString('latin1', 0, SAMPLE) + bytes.toString('latin1', bytes.length - SAMPLE);
    const key = `${bytes.length} ${ends}`;
    const known = this.#lists.get(key);
    if (known !== undefined && known.bytes.equals(bytes)) {
      this.#lists.delete(key);
      this.#lists.set(key, known);
      return known.names;
    }
    const names = read(bytes);
    if (known !== undefined) this.#forget(key, known);
    // The bytes are part of what came in one go, which must not be kept as a whole.
    this.#lists.set(key, { bytes: Buffer.from(bytes), names });
    this.#held += bytes.length;
    for (const [oldest, list] of this.#lists) {
      if (this.#held <= MAX_REMEMBERED) break;
      this.#forget(oldest, list);
    }
    return names;
  }

  #forget(key: string, { bytes }: Remembered): void {
    this.#lists.delete(key);
    this.#held -= bytes.length;
  }
}
