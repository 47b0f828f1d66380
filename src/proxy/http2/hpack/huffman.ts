/** The Huffman code of header strings, read four bits at a time: RFC 7541, section 5.2 and appendix B. */

/** The length of each octet's code, as a letter that many places behind `\`: those of appendix B. */
const LENGTHS =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf' +
  'ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix' +
  'prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs' +
  'vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv';
const LETTER_OF_ZERO = 0x5c;
const END_OF_STRING = 256;
const END_LENGTH = 30;

const EMITS = 1 << 16;
const FAILS = 1 << 17;

/** A step for each state and four bits: the next state, a symbol above it, and the flags. */
const steps = new Uint32Array(256 * 16);
/** States in which a string may end: nothing but the first bits of the end's code, fewer than eight. */
const mayEnd = new Uint8Array(256);

build();

/** The code is canonical: among those of one length it counts up with the symbol. */
function build(): void {
  const lengths = [...LENGTHS].map((letter) => letter.charCodeAt(0) - LETTER_OF_ZERO);
  lengths.push(END_LENGTH);
  const symbols = lengths.map((_, symbol) => symbol);
  symbols.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  // Inner nodes are states: the child of each bit is another one, or a symbol as ~symbol.
  const children: [number, number][] = [[0, 0]];
  let code = 0;
  let before = 0;
  for (const symbol of symbols) {
    const length = lengths[symbol] ?? 0;
    code *= 2 ** (length - before);
    before = length;
    let node = 0;
    for (let bit = length - 1; bit >= 0; bit--) {
      const side = Math.floor(code / 2 ** bit) % 2 === 0 ? 0 : 1;
      const pair = children[node] ?? [0, 0];
      if (bit === 0) pair[side] = ~symbol;
      else if (pair[side] === 0) pair[side] = children.push([0, 0]) - 1;
      node = pair[side];
    }
    code++;
  }
  for (const state of children.keys()) {
    for (let bits = 0; bits < 16; bits++) steps[state * 16 + bits] = stepOf(children, state, bits);
  }
  for (let node = 0, depth = 0; depth < 8; depth++) {
    mayEnd[node] = 1;
    node = children[node]?.[1] ?? 0;
  }
}

function stepOf(children: readonly (readonly [number, number])[], state: number, bits: number): number {
  let node = state;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[node]?.[(bits >> bit) & 1] ?? 0;
    if (next >= 0) {
      node = next;
      continue;
    }
    if (~next === END_OF_STRING) return FAILS;
    emitted = EMITS | (~next << 8);
    node = 0;
  }
  return node | emitted;
}

let scratch = Buffer.allocUnsafeSlow(4_096);

/** The string of those bytes, as Latin-1; undefined when they are no such code. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  // No code is shorter than five bits.
  const most = Math.ceil(((end - start) * 8) / 5);
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most * 2);
  const out = scratch;
  let length = 0;
  let state = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    const high = steps[state * 16 + (byte >> 4)] ?? FAILS;
    if (high & EMITS) out[length++] = high >> 8;
    const low = steps[(high & 0xff) * 16 + (byte & 15)] ?? FAILS;
    if (low & EMITS) out[length++] = low >> 8;
    if ((high | low) & FAILS) return undefined;
    state = low & 0xff;
  }
  return mayEnd[state] === 1 ? out.toString('latin1', 0, length) : undefined;
}
