/** A short, stable name for a text. Not for secrets: only to tell findings apart. */

/** FNV-1a over UTF-16 units, 64 bits as 16 hexadecimal digits (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function textHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash ^= BigInt(text.charCodeAt(index));
    hash = BigInt.asUintN(64, hash * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
