import { describe, expect, test } from 'vitest';
import { Deframer, FRAME_HEAD, framed } from '../../../src/controller/grpc/framing.ts';
import { statusMessage } from '../../../src/controller/grpc/status.ts';

const LIMITS = { message: 50_000, total: 100_000 };

function messagesIn(
  bytes: Buffer,
  partLength: number,
  scratch?: Buffer,
): { messages: Buffer[]; left: number } {
  const received = { bytes: 0 };
  const deframer = new Deframer(LIMITS, received, scratch);
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += partLength) {
    expect(
      deframer.take(bytes.subarray(at, at + partLength), (one) => messages.push(Buffer.from(one))),
    ).toBeUndefined();
  }
  return { messages, left: received.bytes };
}

function message(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => index % 251));
}

describe('messages on a stream', () => {
  const sent = [0, 1, 5, 8190, 8193, 40_000].map(message);
  const bytes = Buffer.concat(sent.flatMap((one) => framed([one.subarray(0, 3), one.subarray(3)])));

  test.each([1, 2, 5, 6, 1000, bytes.length])('arrive whole in parts of %d bytes', (partLength) => {
    // Some messages fit into what is shared, and some do not.
    for (const scratch of [undefined, Buffer.alloc(9000)]) {
      const { messages, left } = messagesIn(bytes, partLength, scratch);
      expect(messages.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
      expect(messages.every((one, index) => one.equals(sent[index] ?? Buffer.alloc(0)))).toBe(true);
      expect(left).toBe(0);
    }
  });

  test('share large pieces and copy small ones', () => {
    const [large, small] = [message(9000), message(10)];
    expect(framed([small, large])[2]).toBe(large);
    expect(framed([small, small])).toHaveLength(1);
  });

  test('that are too large end the stream before they are read', () => {
    const received = { bytes: 0 };
    const head = Buffer.alloc(FRAME_HEAD);
    head.writeUInt32BE(LIMITS.message + 1, 1);
    const fault = new Deframer(LIMITS, received).take(head, () => {});
    expect(fault).toEqual({
      status: 'resourceExhausted',
      message: 'a message has 50001 bytes; at most 50000 are read',
    });
  });

  test('that are compressed end the stream', () => {
    const fault = new Deframer(LIMITS, { bytes: 0 }).take(Buffer.from([1, 0, 0, 0, 0]), () => {});
    expect(fault?.status).toBe('unimplemented');
  });

  test('that are unfinished count together over all streams', () => {
    const received = { bytes: 0 };
    const begun = framed([message(49_000)])[0]?.subarray(0, 8000) ?? Buffer.alloc(0);
    const head = Buffer.alloc(FRAME_HEAD);
    head.writeUInt32BE(49_000, 1);
    const streams = Array.from({ length: 3 }, () => new Deframer(LIMITS, received));
    const faults = streams.map((one) => one.take(Buffer.concat([head, message(40_000), begun]), () => {}));
    expect(faults.map((fault) => fault?.status)).toEqual([undefined, undefined, 'resourceExhausted']);
    for (const one of streams) one.clear();
    expect(received.bytes).toBe(0);
  });
});

test('status messages are percent-encoded', () => {
  expect(statusMessage('100% ä\n~')).toBe('100%25 %C3%A4%0A~');
});
