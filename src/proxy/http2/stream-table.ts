/**
 * The streams of a connection by their number. Not a `Map`: whenever that makes itself anew, for which every few requests are
 * enough, what it leaves behind still holds all the streams of that moment, and nobody collects it before the next look through
 * all of the memory.
 */

/** What is in a table, chained to others in the same place. */
export interface Numbered<Self> {
  readonly id: number;
  nextInTable: Self | undefined;
}

/** A power of two. */
const LEAST_PLACES = 16;

export class StreamTable<Stream extends Numbered<Stream>> {
  #places = emptyPlaces<Stream>(LEAST_PLACES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    let found = this.#places[this.#placeOf(id)];
    while (found !== undefined && found.id !== id) found = found.nextInTable;
    return found;
  }

  /** None with that number may be in it. */
  add(stream: Stream): void {
    if (this.#size === this.#places.length) this.#resize(this.#size * 2);
    this.#put(stream);
    this.#size++;
  }

  /** False when it is not in it. */
  delete(stream: Stream): boolean {
    const place = this.#placeOf(stream.id);
    let found = this.#places[place];
    if (found === stream) {
      this.#places[place] = stream.nextInTable;
    } else {
      while (found !== undefined && found.nextInTable !== stream) found = found.nextInTable;
      if (found === undefined) return false;
      found.nextInTable = stream.nextInTable;
    }
    stream.nextInTable = undefined;
    this.#size--;
    if (this.#size === 0 && this.#places.length > LEAST_PLACES) this.#places = emptyPlaces(LEAST_PLACES);
    return true;
  }

  /** All that are in it now, in the order of their numbers. */
  all(): readonly Stream[] {
    const all: Stream[] = [];
    for (let stream of this.#places) {
      for (; stream !== undefined; stream = stream.nextInTable) all.push(stream);
    }
    return all.sort((one, other) => one.id - other.id);
  }

  /** Each side counts its streams in steps of two: RFC 9113, section 5.1.1. */
  #placeOf(id: number): number {
    return (id >>> 1) & (this.#places.length - 1);
  }

  #put(stream: Stream): void {
    const place = this.#placeOf(stream.id);
    stream.nextInTable = this.#places[place];
    this.#places[place] = stream;
  }

  #resize(places: number): void {
    const all = this.all();
    this.#places = emptyPlaces(places);
    for (const stream of all) this.#put(stream);
  }
}

function emptyPlaces<Stream>(count: number): (Stream | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}
