/** Identifiers of requests: random UUIDs of version 4 (RFC 9562, section 5.4), made many at a time. */

import { randomFillSync } from 'node:crypto';

const AT_ONCE = 64;
const BYTES = 16;
const LENGTH = 36;
const HYPHEN = 0x2d;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
/** Bytes before which a hyphen stands. */
const PARTS: ReadonlySet<number> = new Set([4, 6, 8, 10]);

const random = Buffer.alloc(AT_ONCE * BYTES);
const written = Buffer.alloc(AT_ONCE * LENGTH);
/** The texts of many behind one another; those from `place` on are nobody's yet. */
let texts = '';
let place = 0;

/** As `3f0d4c1e-9f5b-4f0c-8d0e-2b1a6c7d8e9f`. */
export function newRequestId(): string {
  if (place === texts.length) makeMany();
  const from = place;
  place += LENGTH;
  return texts.slice(from, place);
}

function makeMany(): void {
  randomFillSync(random);
  let at = 0;
  for (let byte = 0; byte < random.length; byte++) {
    const index = byte % BYTES;
    let value = random[byte] ?? 0;
    if (index === 6) value = 0x40 | (value & 0x0f);
    else if (index === 8) value = 0x80 | (value & 0x3f);
    if (PARTS.has(index)) written[at++] = HYPHEN;
    written[at++] = HEX[value >> 4] ?? 0;
    written[at++] = HEX[value & 0x0f] ?? 0;
  }
  texts = written.toString('latin1');
  place = 0;
}
