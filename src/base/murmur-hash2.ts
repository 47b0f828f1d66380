/** MurmurHash2 of 64 bits, with the seed and the ending that C++'s `std::hash` has in libstdc++. */

const MULTIPLIER = 0xc6a4_a793_5bd1_e995n;
const SEED = 0xc70f_6907n;

const encoder = new TextEncoder();

/** Hash of the text's UTF-8 bytes, as an unsigned 64-bit number. */
export function murmurHash2(text: string): bigint {
  const bytes = encoder.encode(text);
  const view = new DataView(bytes.buffer);
  const whole = bytes.length & ~7;
  let hash = SEED ^ times(BigInt(bytes.length));
  for (let at = 0; at < whole; at += 8) {
    hash = times(hash ^ times(mixed(times(view.getBigUint64(at, true)))));
  }
  if (whole < bytes.length) {
    let rest = 0n;
    for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8n) | BigInt(view.getUint8(at));
    hash = times(hash ^ rest);
  }
  return mixed(times(mixed(hash)));
}

function times(value: bigint): bigint {
  return BigInt.asUintN(64, value * MULTIPLIER);
}

function mixed(value: bigint): bigint {
  return value ^ (value >> 47n);
}
