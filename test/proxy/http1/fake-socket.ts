/** A socket without a network: what is written to it is kept. */

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { endRound } from '../../../src/proxy/sockets/turn.ts';

export class FakeSocket extends EventEmitter {
  readonly #written: Buffer[] = [];
  destroyed = false;
  writableNeedDrain = false;
  /** Bytes that the peer has not taken. */
  writableLength = 0;
  /** This side has said all. */
  ended = false;
  #paused = false;
  #waiting: Buffer[] = [];

  write(data: string | Buffer, encoding?: BufferEncoding): boolean {
    // What is written may be another's afterwards: it has left.
    this.#written.push(typeof data === 'string' ? Buffer.from(data, encoding) : Buffer.from(data));
    return true;
  }

  /** Bytes from the peer, kept while the socket is paused. */
  receive(chunk: Buffer): void {
    if (this.#paused || this.#waiting.length > 0) this.#waiting.push(chunk);
    else this.emit('data', chunk);
  }

  pause(): this {
    this.#paused = true;
    return this;
  }

  resume(): this {
    this.#paused = false;
    while (!this.#paused && this.#waiting.length > 0) this.emit('data', this.#waiting.shift());
    return this;
  }

  isPaused(): boolean {
    return this.#paused;
  }

  cork(): void {
    // Nothing is written before it is asked for.
  }

  uncork(): void {
    // As above.
  }

  unshift(chunk: Buffer): void {
    this.#waiting.unshift(chunk);
  }

  get writable(): boolean {
    return !this.ended && !this.destroyed;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): this {
    this.destroyed = true;
    return this;
  }

  destroySoon(): void {
    this.destroyed = true;
  }

  /** What has left by the end of the round. */
  get output(): Buffer {
    endRound();
    return Buffer.concat(this.#written);
  }

  /** As the codecs take it. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }
}
