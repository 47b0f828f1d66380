/**
 * How a peer wrote the header names of a message, for whom names are compared with regard to case. It is remembered
 * with the message, so that whoever writes that one, to wherever it goes, writes them so again: of a name that came
 * more than once the first form counts, and one that was taken away and comes back has its form still. As Envoy 1.40's
 * `preserve_case` does it.
 */

import { headerName } from './header-names.ts';
import { type NameStyle, styledName } from './name-style.ts';

const LINE_FEED = '\n';
const SPACE = 32;

/** What is remembered of each message of a connection. */
export interface KeptForm {
  /** How names are written that did not come with the message. */
  readonly ownNames: NameStyle;
  /** The words behind the status of an answer are kept, too. */
  readonly reason: boolean;
}

export class WrittenNames {
  readonly #form: KeptForm;
  readonly #names = new Map<string, string>();
  #reason = '';

  constructor(form: KeptForm) {
    this.#form = form;
  }

  /** Empty where the usual words are written. */
  get reason(): string {
    return this.#reason;
  }

  /** `line` is the first one of an answer, which has been read. */
  rememberReason(line: string): void {
    if (this.#form.reason) this.#reason = /^\S+\s+\S+[\t\r ]*(.*?)[\t\r ]*$/s.exec(line)?.[1] ?? '';
  }

  /** The text holds field lines from `from` to `end`, which have been read: their names are names. */
  remember(text: string, from: number, end: number): void {
    for (let line = from; line < end; line = text.indexOf(LINE_FEED, line) + 1) {
      // Others go on with the line before, or end the head.
      if (text.charCodeAt(line) <= SPACE) continue;
      const raw = text.slice(line, text.indexOf(':', line));
      const name = headerName(raw)?.lower ?? raw;
      if (!this.#names.has(name)) this.#names.set(name, raw);
    }
  }

  /** `name` is in lower case. */
  format(name: string): string {
    return this.#names.get(name) ?? styledName(name, this.#form.ownNames);
  }
}
