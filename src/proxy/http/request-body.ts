/** The body of a request for as long as it may have to be sent, or sent again. */

import type { OutgoingRequest, RequestWriter } from './codec.ts';
import type { HeaderList } from './header-list.ts';
import { HeldBody } from './held-body.ts';

export interface Replay {
  readonly chunks: readonly Buffer[];
  readonly trailers: HeaderList | undefined;
  readonly done: boolean;
}

const EMPTY: readonly Buffer[] = [Buffer.alloc(0)];

export class RequestBody {
  /** It is kept after it was sent. */
  readonly #keeps: boolean;
  readonly #limit: number;
  #held = new HeldBody();
  /** A body has come, though it may be empty: the request does not end with its head. */
  #begun = false;
  #trailers: HeaderList | undefined;
  #done = false;
  /** More came than may be kept. */
  tooLong = false;

  constructor(keeps: boolean, limit: number) {
    this.#keeps = keeps;
    this.#limit = limit;
  }

  /** Bytes that are kept. */
  get waiting(): number {
    return this.#held.bytes;
  }

  /** `sent`: it goes on at once. */
  add(chunk: Buffer, done: boolean, sent: boolean): void {
    this.#done = done;
    if (sent && (!this.#keeps || this.tooLong)) return;
    if (sent && this.#held.bytes + chunk.length > this.#limit) {
      this.tooLong = true;
      this.#held = new HeldBody();
      return;
    }
    this.#begun = true;
    this.#held.push(chunk);
  }

  end(trailers: HeaderList): void {
    this.#done = true;
    this.#trailers = trailers;
  }

  /** What has to be sent before what comes next. */
  replay(): Replay {
    const { pieces } = this.#held;
    const chunks = pieces.length === 0 && this.#begun ? EMPTY : pieces;
    if (!this.#keeps || this.tooLong) {
      this.#held = new HeldBody();
      this.#begun = false;
    }
    return { chunks, trailers: this.#trailers, done: this.#done };
  }
}

/** Sends a request with what there is of its body. `done`: all of it has come. */
export function writeRequest(
  writer: RequestWriter,
  request: OutgoingRequest,
  replay: Replay | undefined,
  done: boolean,
): void {
  const trailers = replay?.trailers;
  const end = done && (replay === undefined || (replay.chunks.length === 0 && trailers === undefined));
  writer.head(request, end);
  if (replay === undefined || end) return;
  const last = replay.chunks.length - 1;
  for (const [index, chunk] of replay.chunks.entries()) {
    writer.data(chunk, index === last && replay.done && trailers === undefined);
  }
  if (trailers !== undefined) writer.trailers(trailers);
}
