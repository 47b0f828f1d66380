/** Frames are the same however their bytes are cut. */

import { array, assert, constantFrom, integer, nat, property, record, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/proxy/http2/errors.ts';
import { FrameReader } from '../../../src/proxy/http2/frame-reader.ts';
import { DATA, PADDED, frame } from './wire.ts';

/** What a reader tells, with the pieces of a DATA frame put together. */
function read(chunks: readonly Buffer[]): string[] {
  const told: string[] = [];
  let body = '';
  let credit = 0;
  const reader = new FrameReader({
    onFrameHead: (type, flags, stream, length) => told.push(`head ${type} ${flags} ${stream} ${length}`),
    onData(stream, bytes, counted, last) {
      body += bytes.toString('hex');
      credit += counted;
      if (!last) return;
      told.push(`data ${stream} ${body} ${credit}`);
      body = '';
      credit = 0;
    },
    onFrame: (type, flags, stream, bytes, start, end) =>
      told.push(`frame ${type} ${flags} ${stream} ${bytes.toString('hex', start, end)}`),
  });
  for (const chunk of chunks) reader.read(chunk);
  return told;
}

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const length = lengths[index % lengths.length] ?? 1;
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

const someFrame = record({
  type: nat(10),
  flags: constantFrom(0, 1, 4, 5),
  stream: integer({ min: 0, max: 2 ** 31 - 1 }),
  payload: uint8Array({ maxLength: 40 }),
  padding: nat(5),
}).map(({ type, flags, stream, payload, padding }) =>
  type === DATA && padding > 0
    ? frame(
        type,
        flags | PADDED,
        stream,
        Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]),
      )
    : frame(type, flags, stream, Buffer.from(payload)),
);

describe('frames', () => {
  it('are the same wherever their bytes are cut', () => {
    const lengths = array(integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 });
    assert(
      property(array(someFrame, { minLength: 1, maxLength: 8 }), lengths, (frames, pieces) => {
        const bytes = Buffer.concat(frames);
        const whole = read([bytes]);
        expect(read(cut(bytes, pieces))).toEqual(whole);
        expect(read(cut(bytes, [1]))).toEqual(whole);
      }),
    );
  });

  it('give bodies on before they are whole', () => {
    const pieces: string[] = [];
    const reader = new FrameReader({
      onFrameHead: () => undefined,
      onData: (_, bytes, credit, last) => pieces.push(`${bytes.toString()} ${credit} ${last}`),
      onFrame: () => undefined,
    });
    for (const chunk of cut(frame(DATA, 0, 1, 'hello'), [12])) reader.read(chunk);
    expect(pieces).toEqual(['hel 3 false', 'lo 2 true']);
  });

  it.each([
    ['of more than was agreed on', frame(DATA, 0, 1, '', 16_385)],
    ['with more padding than payload', frame(DATA, PADDED, 1, [2, 0])],
    ['with padding and no payload', frame(DATA, PADDED, 1)],
  ])('%s are refused', (_, bytes) => {
    expect(() => read([bytes])).toThrow(ConnectionError);
    expect(() => read(cut(bytes, [1]))).toThrow(ConnectionError);
  });
});
