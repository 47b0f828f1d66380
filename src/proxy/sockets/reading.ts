/**
 * Reads from sockets into buffers that all of them share. Node.js makes a new one of 64 KiB for each read, which costs
 * more than the read does, and has V8 look through the whole configuration for what may go: it counts such buffers as
 * growth of all that is in use.
 *
 * What is read is therefore lent: it is good until the one who is given it returns. Who needs it for longer calls `keep`,
 * and who writes it calls `writeTo`.
 */

import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beginTurn, endTurn } from './turn.ts';
import { Views } from './views.ts';

/** What nearly all reads go to. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
const sharedViews = new Views(shared);

/** Up to here bytes of that buffer are lent. More of them are copied to a large one first, since not all will leave at once. */
const MOST_LENT = 16 * 1024;

/** What a socket reads into that has more to say than the shared buffer holds. */
const BULK_BYTES = 256 * 1024;
/** So many of those there are at most; further sockets go on with the shared one. */
const MAX_BULKS = 64;
/** So many stay when nobody uses them. */
const MAX_FREE = 16;

/** A large buffer, of one socket at a time. What has been written of it is not read into until it is gone. */
class Bulk {
  readonly bytes = Buffer.allocUnsafeSlow(BULK_BYTES);
  #writes = 0;
  #isRead = false;

  get isFree(): boolean {
    return this.#writes === 0 && !this.#isRead;
  }

  /** Whether it is being written. */
  get isBusy(): boolean {
    return this.#writes > 0;
  }

  take(): this {
    this.#isRead = true;
    return this;
  }

  leave(): void {
    this.#isRead = false;
    giveBack(this);
  }

  write(): void {
    this.#writes++;
  }

  /** One of the writes is over. */
  readonly written = (): void => {
    this.#writes--;
    giveBack(this);
  };
}

const free: Bulk[] = [];
let bulks = 0;

function takeBulk(): Bulk | undefined {
  const found = free.pop();
  if (found !== undefined) return found.take();
  if (bulks >= MAX_BULKS) return undefined;
  bulks++;
  return new Bulk().take();
}

function giveBack(bulk: Bulk): void {
  if (!bulk.isFree) return;
  if (free.length < MAX_FREE) free.push(bulk);
  else bulks--;
}

/** The memory that is lent at this moment, and the large buffer that it is. */
let lent: ArrayBufferLike | undefined;
let lentBulk: Bulk | undefined;

/** The bytes, to be held for as long as one likes. */
export function keep(bytes: Buffer): Buffer {
  return lent !== undefined && bytes.buffer === lent ? Buffer.from(bytes) : bytes;
}

/** Writes bytes that may be lent. False when the socket has more than it wants. */
export function writeTo(socket: Socket, bytes: Buffer): boolean {
  if (lent === undefined || bytes.buffer !== lent) return socket.write(bytes);
  if (lentBulk === undefined) return socket.write(Buffer.from(bytes));
  lentBulk.write();
  return socket.write(bytes, lentBulk.written);
}

/** Hands on what a socket reads, lent. For as long as it is open; nobody else can read from it any more. */
export function readFrom(socket: Socket, onBytes: (bytes: Buffer) => void): void {
  // What has come already, and all of it where Node.js takes no buffers of ours.
  socket.on('data', (bytes: Buffer) => {
    onOwnBuffer(bytes.length);
    inTurn(onBytes, bytes);
  });
  places ??= findPlaces();
  const handle = Reflect.get(socket, '_handle') as ReadHandle | null | undefined;
  if (places === undefined || typeof handle?.useUserBuffer !== 'function') return;
  const reader = new Reader(onBytes);
  Reflect.set(socket, places.buffer, shared);
  Reflect.set(socket, places.callback, (count: number, buffer: Buffer) => reader.onRead(count, buffer));
  Reflect.set(socket, places.next, () => reader.next());
  handle.useUserBuffer(shared);
  socket.on('close', () => reader.end());
}

function inTurn(onBytes: (bytes: Buffer) => void, bytes: Buffer): void {
  const begins = beginTurn();
  try {
    onBytes(bytes);
  } finally {
    if (begins) endTurn();
  }
}

class Reader {
  readonly #onBytes: (bytes: Buffer) => void;
  #bulk: Bulk | undefined;
  #count = 0;

  constructor(onBytes: (bytes: Buffer) => void) {
    this.#onBytes = onBytes;
  }

  /** True: more may be read. */
  onRead(count: number, buffer: Buffer): boolean {
    this.#count = count;
    const bytes = buffer === shared ? sharedViews.first(count) : buffer.subarray(0, count);
    if (this.#bulk === undefined && count > MOST_LENT) this.#lendCopy(bytes);
    else this.#lend(bytes, this.#bulk);
    return true;
  }

  #lend(bytes: Buffer, bulk: Bulk | undefined): void {
    lent = bytes.buffer;
    lentBulk = bulk;
    try {
      inTurn(this.#onBytes, bytes);
    } finally {
      lent = undefined;
      lentBulk = undefined;
    }
  }

  /** What was read into the shared buffer, from a large one. */
  #lendCopy(bytes: Buffer): void {
    const bulk = takeBulk();
    if (bulk === undefined) {
      inTurn(this.#onBytes, Buffer.from(bytes));
      return;
    }
    bytes.copy(bulk.bytes);
    try {
      this.#lend(bulk.bytes.subarray(0, bytes.length), bulk);
    } finally {
      bulk.leave();
    }
  }

  /** What the next read goes to; undefined for the same as the last one. */
  next(): Buffer | undefined {
    const bulk = this.#bulk;
    const isMuch = this.#count >= shared.length;
    if (bulk === undefined && !isMuch) return undefined;
    if (bulk !== undefined && isMuch && !bulk.isBusy) return undefined;
    this.#bulk = isMuch ? takeBulk() : undefined;
    bulk?.leave();
    return this.#bulk?.bytes ?? shared;
  }

  /** The socket is closed. */
  end(): void {
    this.#bulk?.leave();
    this.#bulk = undefined;
  }
}

interface ReadHandle {
  useUserBuffer?(bytes: Buffer): void;
}

/** Where a socket has the buffer that it was given, what it calls with it, and what it asks for the next one. */
interface Places {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

let places: Places | undefined;

/**
 * The option `onread` can be given only to sockets that one makes oneself, which those that a server accepts are not: it is
 * found out where sockets keep it. Undefined when they do so in another way than they used to.
 */
function findPlaces(): Places | undefined {
  const buffer = Buffer.alloc(1);
  const callback = () => true;
  const next = () => buffer;
  const fixed = new Socket({ onread: { buffer, callback } });
  const asked = new Socket({ onread: { buffer: next, callback } });
  const placeOf = (socket: Socket, value: unknown) =>
    Object.getOwnPropertySymbols(socket).find((symbol) => Reflect.get(socket, symbol) === value);
  const found = {
    buffer: placeOf(fixed, buffer),
    callback: placeOf(fixed, callback),
    next: placeOf(asked, next),
  };
  const isWhole = found.buffer !== undefined && found.callback !== undefined && found.next !== undefined;
  return isWhole ? (found as Places) : undefined;
}

/** Bytes in buffers of Node.js' own between two collections of young objects, which find these for little. */
const COLLECT_EVERY = 8 * 1024 * 1024;

let ownBytes = 0;
let collect: (() => void) | undefined;

function onOwnBuffer(bytes: number): void {
  ownBytes += bytes;
  if (ownBytes < COLLECT_EVERY) return;
  ownBytes = 0;
  collect ??= youngCollector();
  collect();
}

function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  setFlagsFromString('--no-expose-gc');
  return () => gc({ type: 'minor' });
}
