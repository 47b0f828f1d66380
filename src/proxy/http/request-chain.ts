/** A request on its way through the filters: each sees what the one before it lets go on. */

import type { FilterStream, HttpFilter } from '../http-filters/filter.ts';
import { keep } from '../sockets/reading.ts';
import type { HeaderList } from './header-list.ts';

/** What stands behind the last filter. */
export interface RequestSink {
  start(end: boolean): void;
  data(chunk: Buffer, end: boolean): void;
  trailers(trailers: HeaderList): void;
}

/** The stream that the filters work for. */
export interface RequestChainOwner extends FilterStream {
  /** It has been answered, or is over: nothing goes on. */
  readonly requestEnded: boolean;
  /** So many bytes wait for a filter. */
  onRequestHeld(bytes: number): void;
}

interface Held {
  readonly chunk: Buffer;
  readonly end: boolean;
}

export class RequestChain implements RequestSink {
  readonly #filters: readonly HttpFilter[];
  readonly #owner: RequestChainOwner;
  readonly #sink: RequestSink;
  #end = false;
  /** The filter that has stopped the request; data stop behind it. */
  #at = -1;
  #stopped = false;
  #held: Held[] = [];
  #heldBytes = 0;
  #heldTrailers: HeaderList | undefined;

  constructor(filters: readonly HttpFilter[], owner: RequestChainOwner, sink: RequestSink) {
    this.#filters = filters;
    this.#owner = owner;
    this.#sink = sink;
  }

  start(end: boolean): void {
    this.#end = end;
    this.#run(0);
  }

  data(chunk: Buffer, end: boolean): void {
    this.#deliver(chunk, end, 0);
  }

  trailers(trailers: HeaderList): void {
    this.#deliverTrailers(trailers, 0);
  }

  /** The filter that stopped the request lets it go on. */
  resume(): void {
    if (!this.#stopped || this.#owner.requestEnded) return;
    const behind = this.#at + 1;
    this.#stopped = false;
    const held = this.#held;
    const trailers = this.#heldTrailers;
    this.#held = [];
    this.#heldTrailers = undefined;
    this.#heldBytes = 0;
    this.#owner.onRequestHeld(0);
    this.#run(behind);
    for (const { chunk, end } of held) this.#deliver(chunk, end, behind);
    if (trailers !== undefined) this.#deliverTrailers(trailers, behind);
  }

  #run(from: number): void {
    for (let index = from; index < this.#filters.length; index++) {
      const filter = this.#filters[index];
      if (filter?.onRequestHeaders === undefined) continue;
      this.#at = index;
      this.#stopped = true;
      const verdict = filter.onRequestHeaders(this.#owner, this.#end);
      // A filter that let it go on meanwhile has had the rest run already.
      if (this.#owner.requestEnded || (verdict === 'stop' && this.#stopped)) return;
      if (!this.#stopped) return;
      this.#stopped = false;
    }
    this.#at = -1;
    this.#sink.start(this.#end);
  }

  #deliver(bytes: Buffer, end: boolean, from: number): void {
    let chunk = bytes;
    for (let index = from; index < this.#filters.length; index++) {
      const filter = this.#filters[index];
      if (filter?.onRequestData !== undefined) chunk = filter.onRequestData(this.#owner, chunk, end);
      if (this.#owner.requestEnded) return;
      if (this.#stopped && this.#at === index) {
        this.#held.push({ chunk: keep(chunk), end });
        this.#heldBytes += chunk.length;
        // One that looks at the data decides itself how much it takes.
        this.#owner.onRequestHeld(filter?.onRequestData === undefined ? this.#heldBytes : 0);
        return;
      }
    }
    if (this.#owner.requestEnded) return;
    this.#sink.data(chunk, end);
  }

  #deliverTrailers(trailers: HeaderList, from: number): void {
    for (let index = from; index < this.#filters.length; index++) {
      this.#filters[index]?.onRequestTrailers?.(this.#owner, trailers);
      if (this.#owner.requestEnded) return;
      if (this.#stopped && this.#at === index) {
        this.#heldTrailers = trailers;
        return;
      }
    }
    if (this.#owner.requestEnded) return;
    this.#sink.trailers(trailers);
  }
}
