/** Says how far a long run has come: on standard error, only on terminals, and only after a second. */

import type { Context } from './context.ts';

const FIRST_MS = 1000;
const BETWEEN_MS = 250;
/** Moves to the start of the line and clears it. */
const CLEAR = '\r\u001b[2K';

export class Progress {
  readonly #context: Pick<Context, 'stderr' | 'now'>;
  readonly #start: number;
  #last: number | undefined;

  constructor(context: Pick<Context, 'stderr' | 'now'>) {
    this.#context = context;
    this.#start = context.now();
  }

  /** To be called often: the clock is asked first, `text` only when there is something to say. */
  step(text: () => string): void {
    const { stderr } = this.#context;
    if (!stderr.isTTY) return;
    const now = this.#context.now();
    if (now - this.#start < FIRST_MS || (this.#last !== undefined && now - this.#last < BETWEEN_MS)) return;
    this.#last = now;
    stderr.write(`${CLEAR}${text()} …`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#last !== undefined) this.#context.stderr.write(CLEAR);
    this.#last = undefined;
  }
}
