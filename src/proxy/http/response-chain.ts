/** A response on its way back through the filters, the last one first. */

import type { FilterStream, HttpFilter } from '../http-filters/filter.ts';
import { keep } from '../sockets/reading.ts';
import type { HeaderList } from './header-list.ts';

/** What stands before the first filter: the client. */
export interface ResponseSink {
  responseHead(status: number, headers: HeaderList, end: boolean): void;
  responseData(chunk: Buffer, end: boolean): void;
  responseTrailers(trailers: HeaderList): void;
}

export interface ResponseChainOwner extends FilterStream {
  readonly ended: boolean;
  onResponseHeld(bytes: number): void;
}

interface Held {
  readonly chunk: Buffer;
  readonly end: boolean;
}

export class ResponseChain implements ResponseSink {
  readonly #filters: readonly HttpFilter[];
  readonly #owner: ResponseChainOwner;
  readonly #sink: ResponseSink;
  status = 0;
  #headers: HeaderList | undefined;
  #end = false;
  #at = -1;
  #stopped = false;
  #held: Held[] = [];
  #heldBytes = 0;
  #heldTrailers: HeaderList | undefined;

  constructor(filters: readonly HttpFilter[], owner: ResponseChainOwner, sink: ResponseSink) {
    this.#filters = filters;
    this.#owner = owner;
    this.#sink = sink;
  }

  responseHead(status: number, headers: HeaderList, end: boolean): void {
    this.status = status;
    this.#headers = headers;
    this.#end = end;
    // What an abandoned response had left behind does not belong to this one.
    this.#stopped = false;
    this.#held = [];
    this.#heldTrailers = undefined;
    this.#run(this.#filters.length - 1);
  }

  responseData(chunk: Buffer, end: boolean): void {
    this.#deliver(chunk, end, this.#filters.length - 1);
  }

  responseTrailers(trailers: HeaderList): void {
    this.#deliverTrailers(trailers, this.#filters.length - 1);
  }

  resume(): void {
    if (!this.#stopped || this.#owner.ended) return;
    const behind = this.#at - 1;
    this.#stopped = false;
    const held = this.#held;
    const trailers = this.#heldTrailers;
    this.#held = [];
    this.#heldTrailers = undefined;
    this.#heldBytes = 0;
    this.#owner.onResponseHeld(0);
    this.#run(behind);
    for (const { chunk, end } of held) this.#deliver(chunk, end, behind);
    if (trailers !== undefined) this.#deliverTrailers(trailers, behind);
  }

  #run(from: number): void {
    const headers = this.#headers;
    if (headers === undefined) return;
    for (let index = from; index >= 0; index--) {
      const filter = this.#filters[index];
      if (filter?.onResponseHeaders === undefined) continue;
      this.#at = index;
      this.#stopped = true;
      const verdict = filter.onResponseHeaders(this.#owner, this.status, headers, this.#end);
      if (this.#owner.ended || this.#headers !== headers) return;
      if (verdict === 'stop' && this.#stopped) return;
      if (!this.#stopped) return;
      this.#stopped = false;
    }
    this.#at = -1;
    this.#sink.responseHead(this.status, headers, this.#end);
  }

  #deliver(bytes: Buffer, end: boolean, from: number): void {
    let chunk = bytes;
    for (let index = from; index >= 0; index--) {
      const filter = this.#filters[index];
      if (filter?.onResponseData !== undefined) chunk = filter.onResponseData(this.#owner, chunk, end);
      if (this.#owner.ended) return;
      if (this.#stopped && this.#at === index) {
        this.#held.push({ chunk: keep(chunk), end });
        this.#heldBytes += chunk.length;
        this.#owner.onResponseHeld(filter?.onResponseData === undefined ? this.#heldBytes : 0);
        return;
      }
    }
    this.#sink.responseData(chunk, end);
  }

  #deliverTrailers(trailers: HeaderList, from: number): void {
    for (let index = from; index >= 0; index--) {
      const last = this.#filters[index]?.onResponseTrailers?.(this.#owner, trailers);
      if (this.#owner.ended) return;
      if (last !== undefined && last.length > 0) this.#deliver(last, false, index - 1);
      if (this.#stopped && this.#at === index) {
        this.#heldTrailers = trailers;
        return;
      }
    }
    if (trailers.size === 0) this.#sink.responseData(Buffer.alloc(0), true);
    else this.#sink.responseTrailers(trailers);
  }
}
