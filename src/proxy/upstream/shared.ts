/** One object for equal settings of many clusters: a controller says the same of most of them. */

/** More than any mesh has: beyond it equal values are no longer found. */
const MOST = 1_000;

export class Shared<Value extends object> {
  readonly #known = new Map<string, Value>();

  /** The one that was there first of those that are equal, as JSON has them. */
  of(value: Value): Value {
    const key = JSON.stringify(value);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(key, value);
    return value;
  }
}
