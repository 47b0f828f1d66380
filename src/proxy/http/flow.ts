/** Slows each side of a stream down to what the other takes. */

import type { RequestWriter } from './codec.ts';
import type { HttpStream } from './stream.ts';

export class Flow {
  readonly #stream: HttpStream;
  #requestStopped = false;
  #responseStopped = false;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  /** The destination takes no more for now. */
  stopRequest(): void {
    if (this.#requestStopped) return;
    this.#requestStopped = true;
    this.#stream.pauseClient();
  }

  resumeRequest(): void {
    if (!this.#requestStopped) return;
    this.#requestStopped = false;
    this.#stream.resumeClient();
  }

  /** The client takes no more for now. */
  stopResponse(writer: RequestWriter | undefined): void {
    if (this.#responseStopped) return;
    this.#responseStopped = true;
    writer?.pause();
  }

  resumeResponse(writer: RequestWriter | undefined): void {
    if (!this.#responseStopped) return;
    this.#responseStopped = false;
    writer?.resume();
  }
}
