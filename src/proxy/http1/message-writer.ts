/** Writes one message to a connection: its head, its body in chunks where asked, and trailers. */

import type { Outbox } from '../sockets/outbox.ts';
import type { Counter } from '../stats/stats.ts';

const LINE_END = '\r\n';
const LAST_CHUNK = '0\r\n';

export class MessageWriter {
  readonly #outbox: Outbox;
  readonly #sent: Counter;
  chunked = false;
  /** The body is not written: the message cannot have one. */
  bodiless = false;

  constructor(outbox: Outbox, sent: Counter) {
    this.#outbox = outbox;
    this.#sent = sent;
  }

  head(text: string): void {
    this.#sent.value += text.length;
    this.#outbox.text(text);
  }

  /** False when the socket has more than it wants already. */
  data(chunk: Buffer, end: boolean): boolean {
    const { length } = chunk;
    const empty = this.bodiless || length === 0;
    let before = '';
    let after = '';
    if (this.chunked) {
      if (!empty) {
        before = length.toString(16) + LINE_END;
        after = LINE_END;
      }
      if (end) after += LAST_CHUNK + LINE_END;
    }
    this.#sent.value += before.length + (empty ? 0 : length) + after.length;
    return empty ? this.#outbox.text(after) : this.#outbox.join(before, chunk, after);
  }

  /** The end of a body in chunks. `lines` are trailers as field lines. */
  trailers(lines: string): void {
    if (!this.chunked || this.bodiless) return;
    const text = LAST_CHUNK + lines + LINE_END;
    this.#sent.value += text.length;
    this.#outbox.text(text);
  }
}
