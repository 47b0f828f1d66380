/**
 * The field lines of the last messages of a kind, in their order. Mostly the next message has the same ones: a line that is where
 * it was is known by one comparison, and of one with another value the name needs no look into the table.
 */

import { SECRET_HEADERS } from '../http/secret-headers.ts';
import { type HeaderName, copied } from './header-names.ts';

// oxlint-disable no-control-regex -- these are what is looked for
/** What no line holds that needs no second look. */
export const INVALID_OR_LONE_CR = /[\0-\x08\v\f\x0e-\x1f\x7f]|\r(?!\n)/;

const MAX_LINES = 100;
const MAX_LENGTH = 256;
const TAB = 9;
const SPACE = 32;

/** What was in a place. */
export interface KnownLine {
  readonly name: HeaderName;
  /** With its end; empty where only the name is known. */
  line: string;
  /** Of the line. */
  value: string;
  /** How often another value has been there since this one was last. */
  misses: number;
}

export class KnownLines {
  readonly #lines: KnownLine[] = [];
  /** All lines of the message that is read were known so far; known ones are valid. */
  areAll = true;

  /** The line that was last in that place, when the same begins at `from`, and goes on in no further one. */
  find(place: number, text: string, from: number): KnownLine | undefined {
    const known = this.#lines[place];
    if (known === undefined || known.line === '' || !text.startsWith(known.line, from)) return undefined;
    const begins = text.charCodeAt(from + known.line.length);
    if (begins === SPACE || begins === TAB) return undefined;
    known.misses = 0;
    return known;
  }

  /** The name that was last in that place. */
  nameAt(place: number): HeaderName | undefined {
    return this.#lines[place]?.name;
  }

  /** Takes note of a line, from its start to the next one's, that was none of the known ones and is not folded. */
  remember(place: number, name: HeaderName, text: string, from: number, to: number, value: string): void {
    if (name.raw === '' || place >= MAX_LINES) return;
    const known = this.#lines[place];
    if (known === undefined || known.name !== name) {
      // Few come a second time: the value has to have done so.
      this.#lines[place] = { name, line: '', value: '', misses: 0 };
      return;
    }
    known.misses++;
    // Where each message has a value of its own it would cost more than it brings: the longer that is so, the rarer.
    const isTurn = (known.misses & (known.misses - 1)) === 0;
    if (!isTurn || to - from > MAX_LENGTH || SECRET_HEADERS.has(name.lower)) return;
    const line = text.slice(from, to);
    if (INVALID_OR_LONE_CR.test(line)) return;
    known.line = copied(line);
    known.value = copied(value);
  }
}
