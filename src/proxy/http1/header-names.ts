/** Header names in lower case: each is looked at once, and is the same string from then on. */

import { markOf } from '../http/single-headers.ts';

export interface HeaderName {
  /** As written on the wire; empty where that is not kept. */
  readonly raw: string;
  /** In lower case. */
  readonly lower: string;
  /** See `markOf`. */
  readonly mark: number;
}

/** As written on the wire, to what it is. Bounded, as clients choose what comes in here. */
const known = new Map<string, HeaderName>();
const MAX_KNOWN = 4_096;
const MAX_KNOWN_LENGTH = 64;

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/** Undefined when it is no token. */
export function headerName(raw: string): HeaderName | undefined {
  const found = known.get(raw);
  if (found !== undefined) return found;
  if (!TOKEN.test(raw)) return undefined;
  const lower = raw.toLowerCase();
  const mark = markOf(lower);
  if (known.size >= MAX_KNOWN || raw.length > MAX_KNOWN_LENGTH) return { raw: '', lower, mark };
  // A key of an object is interned by the engine: comparing it with names in the code compares two pointers.
  const interned = Object.keys({ [lower]: 0 })[0] ?? lower;
  const name = { raw: copied(raw), lower: interned, mark };
  known.set(name.raw, name);
  return name;
}

/** The same Latin-1 text by itself: one that was cut from a message would keep all of that. */
export function copied(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
