/** Header blocks of a connection: those that come, in one frame or several, and those that go. RFC 9113, section 4.3. */

import type { HeaderList } from '../http/header-list.ts';
import { ConnectionError, ErrorCode } from './errors.ts';
import type { FloodGuard } from './flood-guard.ts';
import { Flag, FrameType, MAX_STREAM_ID } from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { HpackEncoder } from './hpack/encoder.ts';
import type { MessageFields } from './message-fields.ts';

interface BlockLimits {
  readonly maxHeadBytes: number;
  readonly maxHeaderTableSize: number;
}

/** Blocks may be that many times as large as what they say may be: they are looked at whole. */
const BLOCK_FACTOR = 4;
/** What a table may hold that nobody has spoken of: RFC 9113, section 6.5.2. */
const FIRST_TABLE_SIZE = 4_096;

export class HeaderBlocks {
  readonly #most: number;
  readonly #decoder: HpackDecoder;
  readonly #fields: MessageFields;
  readonly #floods: FloodGuard;
  readonly #onWhole: (stream: number, end: boolean) => void;
  /** Whose block goes on in the next frame; 0 for nobody's. */
  #stream = 0;
  #ends = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** `onWhole` is called when the fields of a block are in `fields`. */
  constructor(
    { maxHeadBytes, maxHeaderTableSize }: BlockLimits,
    fields: MessageFields,
    floods: FloodGuard,
    onWhole: (stream: number, end: boolean) => void,
  ) {
    this.#most = maxHeadBytes * BLOCK_FACTOR;
    // The peer may go by the size that it knew before until it has heard of a smaller one.
    this.#decoder = new HpackDecoder(Math.max(FIRST_TABLE_SIZE, maxHeaderTableSize));
    this.#fields = fields;
    this.#floods = floods;
    this.#onWhole = onWhole;
  }

  /** Throws when a frame of that type may not come now: nothing stands between the parts of a block. */
  expect(type: number, stream: number): void {
    const goesOn = this.#stream !== 0;
    if (goesOn !== (type === FrameType.CONTINUATION) || (goesOn && stream !== this.#stream)) {
      throw broken('a header block is cut');
    }
  }

  headers(flags: number, stream: number, bytes: Buffer, from: number, to: number): void {
    if (stream === 0) throw broken('HEADERS without a stream');
    let start = from;
    let end = to;
    if ((flags & Flag.PADDED) !== 0) {
      end -= start < end ? (bytes[start] ?? 0) : 1;
      start++;
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      if (start + 5 <= end && (bytes.readUInt32BE(start) & MAX_STREAM_ID) === stream) {
        throw broken('a stream that depends on itself');
      }
      start += 5;
    }
    if (start > end) throw broken('HEADERS with more padding than there is room for');
    this.#stream = stream;
    this.#ends = (flags & Flag.END_STREAM) !== 0;
    this.#floods.onContent(end - start, this.#ends);
    this.#onPart(flags, bytes, start, end);
  }

  continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#floods.onContent(end - start, false);
    this.#onPart(flags, bytes, start, end);
  }

  #onPart(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes > this.#most) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header block without end');
    }
    if ((flags & Flag.END_HEADERS) === 0) {
      // The bytes are another's afterwards.
      this.#parts.push(Buffer.from(bytes.subarray(start, end)));
      return;
    }
    const stream = this.#stream;
    this.#stream = 0;
    this.#bytes = 0;
    this.#fields.begin();
    if (this.#parts.length === 0) {
      this.#decoder.decode(bytes, start, end, this.#fields);
    } else {
      const whole = Buffer.concat([...this.#parts, bytes.subarray(start, end)]);
      this.#parts = [];
      this.#decoder.decode(whole, 0, whole.length, this.#fields);
    }
    this.#onWhole(stream, this.#ends);
  }
}

/** What concerns one connection of HTTP/1.1, and has no place here: RFC 9113, section 8.2.2. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
]);

/** The block that says this; `pseudo` are names and values in turns. It is good until the next one is made. */
export function headerBlock(
  encoder: HpackEncoder,
  pseudo: readonly string[],
  list: HeaderList | undefined,
): Buffer {
  encoder.begin();
  for (let index = 0; index < pseudo.length; index += 2) {
    encoder.add(pseudo[index] ?? '', pseudo[index + 1] ?? '');
  }
  if (list === undefined) return encoder.finish();
  const { names, values, secrets } = list;
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? '';
    const value = values[index] ?? '';
    if (OF_CONNECTIONS.has(name) || (name === 'te' && value !== 'trailers')) continue;
    encoder.add(name, value, secrets?.has(name));
  }
  return encoder.finish();
}

function broken(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, what);
}
