/** One stream: its two halves, their windows, and what waits in them. RFC 9113, sections 5 and 6.9. */

import type { HeaderList } from '../http/header-list.ts';
import { HeldBody } from '../http/held-body.ts';
import { keep } from '../sockets/reading.ts';
import { ErrorCode } from './errors.ts';
import { MAX_FRAME_SIZE, MAX_WINDOW } from './frames.ts';
import type { Output } from './output.ts';
import type { Numbered } from './stream-table.ts';

/** The connection, as its streams see it. */
export interface StreamHost {
  readonly output: Output;
  /** Octets of bodies that the peer takes on the connection. */
  sendWindow: number;
  readonly initialReceiveWindow: number;
  /** Writes a header block for the stream. */
  sendFields(stream: number, pseudo: readonly string[], list: HeaderList | undefined, end: boolean): void;
  /** The stream has bytes that wait for room. */
  queue(stream: Http2Stream): void;
  /** The stream wants to be told when its bytes have gone. */
  awaitRoom(stream: Http2Stream): void;
  /** Octets have been taken, or thrown away: the peer may send as many again. */
  consumed(octets: number): void;
  /** Both halves are over. */
  remove(stream: Http2Stream): void;
  countReset(): void;
}

const NO_BYTES = Buffer.alloc(0);
const NO_PSEUDO: readonly string[] = [];

export abstract class Http2Stream implements Numbered<Http2Stream> {
  /** 0 until it has begun. */
  id: number;
  protected readonly host: StreamHost;
  sendWindow: number;
  #receiveWindow: number;
  /** Octets that were taken since the last update of the window. */
  #taken = 0;
  #chunks: Buffer[] | undefined;
  /** Octets of the first chunk that have been sent. */
  #sentOfFirst = 0;
  #endQueued = false;
  #trailersQueued: HeaderList | undefined;
  #paused = false;
  #held: HeldBody | undefined;
  #heldTrailers: HeaderList | undefined;
  /** What `content-length` says; -1 without one. */
  protected expectedBody = -1;
  #bodyBytes = 0;
  /** All has been sent, or nothing more will be. */
  localDone = false;
  /** All has come, though it may wait to be read. */
  remoteDone = false;
  /** The connection has forgotten it. */
  removed = false;
  nextInTable: Http2Stream | undefined;

  constructor(id: number, host: StreamHost, sendWindow: number) {
    this.id = id;
    this.host = host;
    this.sendWindow = sendWindow;
    this.#receiveWindow = host.initialReceiveWindow;
  }

  /** A piece of the body that has come. */
  protected abstract onBody(chunk: Buffer, end: boolean): void;
  protected abstract onTrailers(trailers: HeaderList): void;
  abstract onWritable(): void;
  /** It is over before its end: the peer has reset it with that code, or this side had to. */
  abstract onReset(code: number, byPeer: boolean): void;
  abstract onConnectionGone(): void;
  /** The last of this side is written. */
  protected abstract onSent(): void;

  // === what is sent ===

  /** False when the caller should wait for `onWritable`. */
  data(chunk: Buffer, end: boolean): boolean {
    if (this.localDone || this.#endQueued) return true;
    const { host } = this;
    const { length } = chunk;
    if (length === 0 && !end) return true;
    if (this.#chunks === undefined && this.#fits(length)) {
      this.sendWindow -= length;
      host.sendWindow -= length;
      host.output.data(this.id, chunk, 0, length, end);
      if (end) this.#finishSending();
      if (end || !host.output.full) return true;
    } else {
      if (end) this.#endQueued = true;
      if (length > 0) (this.#chunks ??= []).push(keep(chunk));
      host.queue(this);
      if (this.#chunks === undefined) return true;
    }
    host.awaitRoom(this);
    return false;
  }

  trailers(trailers: HeaderList): void {
    if (this.localDone || this.#endQueued) return;
    if (trailers.size === 0) {
      this.data(NO_BYTES, true);
    } else if (this.#chunks === undefined) {
      this.#sendTrailers(trailers);
    } else {
      this.#endQueued = true;
      this.#trailersQueued = trailers;
    }
  }

  get hasQueued(): boolean {
    return this.#chunks !== undefined;
  }

  /** Sends one frame of what waits; false when no more can be sent now. */
  sendQueued(): boolean {
    const chunks = this.#chunks;
    const first = chunks?.[0];
    if (chunks === undefined || first === undefined) return false;
    const from = this.#sentOfFirst;
    const { host } = this;
    const octets = Math.min(first.length - from, this.sendWindow, host.sendWindow, MAX_FRAME_SIZE);
    if (octets <= 0) return false;
    const to = from + octets;
    if (to === first.length) {
      chunks.shift();
      this.#sentOfFirst = 0;
    } else {
      this.#sentOfFirst = to;
    }
    const done = chunks.length === 0;
    if (done) this.#chunks = undefined;
    const trailers = this.#trailersQueued;
    const end = done && this.#endQueued && trailers === undefined;
    this.sendWindow -= octets;
    host.sendWindow -= octets;
    host.output.data(this.id, first, from, to, end);
    if (end) this.#finishSending();
    else if (done && trailers !== undefined) this.#sendTrailers(trailers);
    return !done && this.sendWindow > 0;
  }

  /** The head that ends what this side says, or the one before its body. */
  protected sendHead(pseudo: readonly string[], list: HeaderList, end: boolean): void {
    this.host.sendFields(this.id, pseudo, list, end);
    if (end) this.#finishSending();
  }

  #fits(octets: number): boolean {
    if (octets === 0) return true;
    const { host } = this;
    return (
      octets <= MAX_FRAME_SIZE && octets <= this.sendWindow && octets <= host.sendWindow && !host.output.full
    );
  }

  #sendTrailers(trailers: HeaderList): void {
    this.host.sendFields(this.id, NO_PSEUDO, trailers, true);
    this.#finishSending();
  }

  #finishSending(): void {
    this.localDone = true;
    this.onSent();
    if (this.remoteDone) this.host.remove(this);
  }

  // === what comes ===

  /** A piece of a DATA frame; `credit` is what counts in the windows. */
  receive(chunk: Buffer, credit: number, end: boolean): void {
    this.#receiveWindow -= credit;
    this.#bodyBytes += chunk.length;
    if (this.#receiveWindow < 0) {
      this.host.consumed(credit);
      this.fail(ErrorCode.FLOW_CONTROL_ERROR);
      return;
    }
    if (this.#bodyMismatches(end)) {
      this.host.consumed(credit);
      this.fail(ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (end) this.#onRemoteDone();
    if (this.#paused || this.#held !== undefined) {
      (this.#held ??= new HeldBody()).push(chunk);
      this.#onTaken(credit - chunk.length);
      return;
    }
    this.#onTaken(credit);
    if (chunk.length > 0 || end) this.onBody(chunk, end);
  }

  receiveTrailers(trailers: HeaderList): void {
    this.#onRemoteDone();
    if (this.#paused || this.#held !== undefined) {
      this.#held ??= new HeldBody();
      this.#heldTrailers = trailers;
    } else {
      this.#endBody(trailers);
    }
  }

  /** Whether trailers may come now: the body is as long as it was said to be. */
  get bodyIsWhole(): boolean {
    return !this.#bodyMismatches(true);
  }

  /** Nothing more is handed on until `resume`; the peer sends no more than its window. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held !== undefined) process.nextTick(handOn, this);
  }

  /** The peer's half ended with its head. */
  protected endWithHead(): void {
    this.#onRemoteDone();
  }

  handOn(): void {
    for (let held = this.#held; held !== undefined && !this.#paused; held = this.#held) {
      const chunk = held.shift() ?? NO_BYTES;
      const isLast = held.bytes === 0;
      if (isLast) this.#held = undefined;
      this.#onTaken(chunk.length);
      const trailers = this.#heldTrailers;
      const end = isLast && this.remoteDone && trailers === undefined;
      if (chunk.length > 0 || end) this.onBody(chunk, end);
      if (isLast && trailers !== undefined) {
        this.#heldTrailers = undefined;
        this.#endBody(trailers);
      }
    }
  }

  #endBody(trailers: HeaderList): void {
    if (trailers.size > 0) this.onTrailers(trailers);
    else this.onBody(NO_BYTES, true);
  }

  #bodyMismatches(end: boolean): boolean {
    const { expectedBody } = this;
    return expectedBody >= 0 && (this.#bodyBytes > expectedBody || (end && this.#bodyBytes < expectedBody));
  }

  #onRemoteDone(): void {
    this.remoteDone = true;
    if (this.localDone) this.host.remove(this);
  }

  #onTaken(octets: number): void {
    if (octets === 0) return;
    const { host } = this;
    host.consumed(octets);
    if (this.remoteDone) return;
    this.#taken += octets;
    if (this.#taken * 2 < host.initialReceiveWindow) return;
    this.#receiveWindow += this.#taken;
    host.output.windowUpdate(this.id, this.#taken);
    this.#taken = 0;
  }

  // === windows and ends ===

  /** False when the window would be larger than one may be. */
  widen(octets: number): boolean {
    this.sendWindow += octets;
    return this.sendWindow <= MAX_WINDOW;
  }

  /** This side gives up: nothing more is sent or wanted. Nobody is told but the peer. */
  close(code: number): void {
    if (this.removed) return;
    this.host.countReset();
    this.host.output.reset(this.id, code);
    this.end();
  }

  /** The peer has broken the rules of this stream. */
  fail(code: number): void {
    if (this.removed) return;
    this.close(code);
    this.onReset(code, false);
  }

  /** Lets go of everything. */
  end(): void {
    this.localDone = true;
    this.remoteDone = true;
    this.#chunks = undefined;
    this.#trailersQueued = undefined;
    this.#heldTrailers = undefined;
    const held = this.#held?.bytes ?? 0;
    this.#held = undefined;
    if (held > 0) this.host.consumed(held);
    if (!this.removed) this.host.remove(this);
  }
}

function handOn(stream: Http2Stream): void {
  stream.handOn();
}
