/** Patterns with `*`, `?`, `[a-z]` and `**`, matched in time linear in pattern times path. */

/**
 * Whether a path (parts between slashes) fits a pattern (likewise). `**` stands for any number of parts; `*`
 * and `?` stand for characters of one part.
 */
export function matchParts(pattern: readonly string[], parts: readonly string[]): boolean {
  return matchWith(pattern, parts, (one) => one === '**', matchPart);
}

/** Whether one part of a path fits one part of a pattern. */
export function matchPart(pattern: string, text: string): boolean {
  return matchWith(tokens(pattern), [...text], (token) => token === '*', matchCharacter);
}

/**
 * Two pointers and the last star: when a piece does not fit, the last star swallows one piece more. Earlier
 * stars never need another try.
 */
function matchWith(
  pattern: readonly string[],
  pieces: readonly string[],
  isStar: (token: string) => boolean,
  fits: (token: string, piece: string) => boolean,
): boolean {
  let at = 0;
  let piece = 0;
  let starAt = -1;
  let starPiece = 0;
  while (piece < pieces.length) {
    const token = pattern[at];
    if (token !== undefined && isStar(token)) {
      starAt = at++;
      starPiece = piece;
    } else if (token !== undefined && fits(token, pieces[piece] ?? '')) {
      at++;
      piece++;
    } else if (starAt >= 0) {
      at = starAt + 1;
      piece = ++starPiece;
    } else {
      return false;
    }
  }
  while (isStar(pattern[at] ?? '')) at++;
  return at >= pattern.length;
}

/** A pattern's part as characters, `*`, `?`, classes (`[a-z]`) and escaped characters (`\*`). */
function tokens(pattern: string): readonly string[] {
  const list: string[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const close = character === '[' ? characters.indexOf(']', at + 2) : -1;
    if (close > 0) {
      list.push(characters.slice(at, close + 1).join(''));
      at = close;
    } else if (character === '\\' && at + 1 < characters.length) {
      list.push(`\\${characters[++at]}`);
    } else if (character !== '*' || list.at(-1) !== '*') {
      list.push(character);
    }
  }
  return list;
}

function matchCharacter(token: string, character: string): boolean {
  if (token === '?') return true;
  if (token.length > 1 && token.startsWith('[')) return matchClass(token.slice(1, -1), character);
  return (token.length > 1 && token.startsWith('\\') ? token.slice(1) : token) === character;
}

function matchClass(inside: string, character: string): boolean {
  const negated = inside.startsWith('!') || inside.startsWith('^');
  const members = [...(negated ? inside.slice(1) : inside)];
  let found = false;
  for (let at = 0; at < members.length; at++) {
    const low = members[at] ?? '';
    const high = members[at + 1] === '-' ? members[at + 2] : undefined;
    if (high === undefined) {
      found ||= low === character;
    } else {
      found ||= low <= character && character <= high;
      at += 2;
    }
  }
  return found !== negated;
}
