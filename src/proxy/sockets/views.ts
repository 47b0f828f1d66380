/** Views of the beginning of a buffer that is used again and again: to make one costs as much as what is done with it. */

/** So many are kept, of as many lengths. A power of two. */
const KEPT = 64;

export class Views {
  readonly bytes: Buffer;
  readonly #views: Buffer[] = [];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The first so many bytes. The same view is given to others who ask for as many. */
  first(count: number): Buffer {
    const place = count & (KEPT - 1);
    const kept = this.#views[place];
    if (kept?.length === count) return kept;
    return (this.#views[place] = this.bytes.subarray(0, count));
  }
}
