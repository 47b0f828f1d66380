/**
 * Names that proxies subscribe to. Thousands of proxies ask for the same thousand names, so a set of names is a
 * value that is never changed, and what becomes of one set in the same way is the same set again.
 */

import type { TypeView } from './view.ts';

/** After so many new sets those that nobody has any more are forgotten. */
const SWEEP_EVERY = 32;

export class NameSet {
  static readonly empty = new NameSet(new Set());
  readonly #names: ReadonlySet<string>;
  readonly #changes = new Map<string, WeakRef<NameSet>>();
  readonly #byList = new WeakMap<readonly string[], WeakRef<NameSet>>();
  /** By view: whether this is exactly what there is. */
  readonly #isAllOf = new WeakMap<TypeView, boolean>();

  private constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names.values();
  }

  /** With these names besides. The same list gives the same set. */
  with(list: readonly string[]): NameSet {
    const known = this.#byList.get(list)?.deref();
    if (known !== undefined) return known;
    const names = [...new Set(list)].filter((name) => !this.#names.has(name));
    const made =
      names.length === 0 ? this : this.#become('+', names, () => new Set([...this.#names, ...names]));
    this.#byList.set(list, new WeakRef(made));
    return made;
  }

  /** Without these names. */
  without(list: readonly string[]): NameSet {
    const names = list.filter((name) => this.#names.has(name));
    if (names.length === 0) return this;
    if (names.length === this.#names.size) return NameSet.empty;
    return this.#become('-', names, () => {
      const gone = new Set(names);
      return new Set([...this.#names].filter((name) => !gone.has(name)));
    });
  }

  #become(how: '+' | '-', names: readonly string[], make: () => ReadonlySet<string>): NameSet {
    // A name may hold anything: nobody may be given the names of someone else's making.
    const key = how + JSON.stringify(names);
    const known = this.#changes.get(key)?.deref();
    if (known !== undefined) return known;
    const made = new NameSet(make());
    this.#changes.set(key, new WeakRef(made));
    if (this.#changes.size % SWEEP_EVERY === 0) this.#sweep();
    return made;
  }

  #sweep(): void {
    for (const [key, other] of this.#changes) if (other.deref() === undefined) this.#changes.delete(key);
  }

  /** Whether these are the names of all resources of the view, and no others. */
  isAllOf(view: TypeView): boolean {
    if (this.size !== view.size) return false;
    let isAll = this.#isAllOf.get(view);
    if (isAll === undefined) {
      isAll = [...this.#names].every((name) => view.has(name));
      this.#isAllOf.set(view, isAll);
    }
    return isAll;
  }
}
