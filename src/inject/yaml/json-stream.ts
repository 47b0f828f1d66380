/** JSON values that follow one another without anything between them, as `jq` and log collectors write them. */

/** The text cut after each value; undefined for anything but two or more JSON objects. */
export function splitJson(text: string): readonly string[] | undefined {
  if (!/^\ufeff?\s*\{/.test(text)) return undefined;
  const pieces: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) {
      pieces.push(text.slice(start, at + 1));
      start = at + 1;
    }
  }
  const rest = text.slice(start);
  if (depth !== 0 || rest.trim() !== '' || pieces.length < 2 || !pieces.every(isJson)) return undefined;
  // The blanks at the end belong to the last.
  return [...pieces.slice(0, -1), (pieces.at(-1) ?? '') + rest];
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\ufeff/, ''));
    return true;
  } catch {
    return false;
  }
}
