/** HTTP/2 as bytes: frames as a test wants them, right or wrong, and what comes back read by a parser of its own. */

import { connect } from 'node:net';

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const WITH_PRIORITY = 32;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

type Bytes = Buffer | string | readonly number[];

function bytesOf(bytes: Bytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
}

/** `length` is what the head says when it is not the truth. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Bytes = '',
  length?: number,
): Buffer {
  const body = bytesOf(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

function text(value: string): Buffer {
  const { length } = value;
  const head = [];
  if (length < 127) head.push(length);
  else {
    head.push(127);
    let rest = length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
    head.push(rest);
  }
  return Buffer.concat([Buffer.from(head), Buffer.from(value, 'latin1')]);
}

/** A field that leaves the table of the other side as it is: RFC 7541, 6.2.2. */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** A field that goes into the table: RFC 7541, 6.2.1. */
export function indexedField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

export type Fields = readonly (readonly [name: string, value: string])[];

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'raw.example'],
  [':path', '/'],
];
export const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];

export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([name, value]) => field(name, value)));
}

/** The head of a request, which is all of it unless `flags` say otherwise. */
export function request(stream: number, fields: Fields = GET, flags = END_STREAM | END_HEADERS): Buffer {
  return frame(HEADERS, flags, stream, block(fields));
}

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The whole frames in these bytes. */
export function framesIn(bytes: Buffer): SeenFrame[] {
  const frames: SeenFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

export interface Exchange {
  readonly frames: readonly SeenFrame[];
  /** How it ended: with the connection, or with the answer to a last PING and all streams over. */
  readonly closed: boolean;
}

const LAST_PING = Buffer.from('the last');

/**
 * Speaks these bytes on a connection of its own, then asks with a PING, and resolves once that is answered and the
 * streams in `awaited` are over, or the connection is.
 */
export function speak(
  port: number,
  bytes: Buffer | readonly Buffer[],
  awaited: readonly number[],
  opening: Buffer = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0)]),
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const frames: SeenFrame[] = [];
    const open = new Set(awaited);
    let rest: Buffer = Buffer.alloc(0);
    let answered = false;
    const done = (closed: boolean): void => {
      socket.destroy();
      resolve({ frames, closed });
    };
    socket.setTimeout(30_000, () => {
      socket.destroy();
      reject(new Error(`no end comes; until then: ${summary({ frames, closed: false }).join(', ')}`));
    });
    socket.on('error', () => done(true));
    socket.on('close', () => done(true));
    socket.on('end', () => done(true));
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (const seen of framesIn(rest)) {
        rest = rest.subarray(9 + seen.payload.length);
        frames.push(seen);
        const ends = (seen.type === DATA || seen.type === HEADERS) && (seen.flags & END_STREAM) !== 0;
        if (ends || seen.type === RST_STREAM) open.delete(seen.stream);
        if (seen.type === PING && seen.payload.equals(LAST_PING)) answered = true;
      }
      if (answered && open.size === 0) done(false);
    });
    socket.write(Buffer.concat([opening, ...(Array.isArray(bytes) ? bytes : [bytes])] as Buffer[]));
    socket.write(frame(PING, 0, 0, LAST_PING));
  });
}

function codeOf(payload: Buffer, at: number): string {
  const code = payload.readUInt32BE(at);
  return CODES[code] ?? String(code);
}

/**
 * What happened, without what every connection has. Data of one stream is one word however it was cut, and a connection
 * that ends is `closed` with or without a GOAWAY.
 */
export function summary({ frames, closed }: Exchange): string[] {
  const words: string[] = [];
  for (const { type, flags, stream, payload } of frames) {
    const end = (flags & END_STREAM) !== 0 ? ' end' : '';
    if (type === HEADERS) {
      words.push(`headers ${stream}${end}`);
    } else if (type === DATA) {
      if (words.at(-1) === `data ${stream}`) words.pop();
      words.push(`data ${stream}${end}`);
    } else if (type === RST_STREAM) {
      words.push(`reset ${stream} ${codeOf(payload, 0)}`);
    } else if (type === GOAWAY && !closed) {
      words.push(`goaway ${codeOf(payload, 4)}`);
    }
  }
  return closed ? [...words, 'closed'] : words;
}

/** The code of the last GOAWAY; undefined without one. */
export function goawayCode({ frames }: Exchange): string | undefined {
  const last = frames.findLast(({ type }) => type === GOAWAY);
  return last === undefined ? undefined : codeOf(last.payload, 4);
}
