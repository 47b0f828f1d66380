/** Text of unknown origin, made fit for a message: one line, no control characters, of bounded length. */

const MAX_LENGTH = 2_000;

// Line and paragraph separators, and marks that turn the direction of what follows, count as control characters.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The text with each unprintable character as `\u{…}`, cut where it is too long. */
export function printable(text: string): string {
  const bounded = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 3)}...` : text;
  return bounded.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
