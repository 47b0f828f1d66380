/** JSON values written one after another, as `kubectl get -o json` piped twice or a `.jsonl` file gives them. */

/**
 * The bounds of each value of a text that begins with `{` or `[`; empty when it begins otherwise or a
 * bracket is never closed. Strings are passed over; what is inside the brackets is not checked.
 */
export function splitJson(text: string): readonly { start: number; end: number }[] {
  const parts: { start: number; end: number }[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (depth > 0 && code === 34) {
      at = stringEnd(text, at);
    } else if (code === 123 || code === 91) {
      if (depth++ === 0) start = at;
    } else if (code === 125 || code === 93) {
      if (depth === 0) return [];
      if (--depth === 0) parts.push({ start, end: at + 1 });
    } else if (depth === 0 && !isSpace(code)) {
      return [];
    }
  }
  return depth === 0 ? parts : [];
}

function stringEnd(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) return at;
  }
  return text.length;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}
