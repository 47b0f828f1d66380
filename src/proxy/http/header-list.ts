/** The headers of one message: in the order of arrival, names in lower case, most names as often as they come. */

import type { WrittenNames } from '../http1/written-names.ts';
import type { SingleHeaders } from './single-headers.ts';

export class HeaderList {
  /** In lower case; `names[i]` belongs to `values[i]`. */
  names: string[] = [];
  /** Latin-1 text, as it stands on the wire, without white space around it. */
  values: string[] = [];

  /** Names whose values no table of HTTP/2 may hold, here or further on (RFC 7541, section 7.1.3). */
  secrets: Set<string> | undefined;

  /** What a message of this kind has once; undefined when that is nothing. */
  singles: SingleHeaders | undefined;

  /** How names were written that came in a message of HTTP/1.1; undefined where nobody asks for that. */
  written: WrittenNames | undefined;

  constructor(singles?: SingleHeaders) {
    this.singles = singles;
  }

  static from(pairs: Iterable<readonly [name: string, value: string]>, singles?: SingleHeaders): HeaderList {
    const list = new HeaderList(singles);
    for (const [name, value] of pairs) list.add(name.toLowerCase(), value);
    return list;
  }

  get size(): number {
    return this.names.length;
  }

  /** The first value of that name; undefined when there is none. */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index < 0 ? undefined : this.values[index];
  }

  /** All values of that name. */
  getAll(name: string): readonly string[] {
    return this.values.filter((_, index) => this.names[index] === name);
  }

  /** All values of that name with commas between; undefined when there is none. */
  joined(name: string): string | undefined {
    const first = this.names.indexOf(name);
    if (first < 0) return undefined;
    if (this.names.indexOf(name, first + 1) < 0) return this.values[first];
    return this.getAll(name).join(',');
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** Puts it at the end, whatever there is of that name. */
  append(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  /** As `append`, but a further value of what a message has once goes behind the first. */
  add(name: string, value: string): void {
    const index = this.singles?.has(name) === true ? this.names.indexOf(name) : -1;
    if (index < 0) this.append(name, value);
    else this.values[index] = joinedValues(this.values[index] ?? '', value);
  }

  /** The list is that of a message that has these once; what it holds more often is joined. */
  joinSingles(singles: SingleHeaders): void {
    const { names, values } = this;
    this.singles = singles;
    this.names = [];
    this.values = [];
    for (const [index, name] of names.entries()) this.add(name, values[index] ?? '');
  }

  /** Puts the value in the place of the first of that name, or at the end; further ones go. */
  set(name: string, value: string): void {
    const index = this.names.indexOf(name);
    if (index < 0) {
      this.append(name, value);
      return;
    }
    this.values[index] = value;
    this.#removeFrom(name, index + 1);
  }

  remove(name: string): void {
    this.#removeFrom(name, 0);
  }

  /** Keeps the first so many. */
  shorten(size: number): void {
    const { names, values } = this;
    // Not by their length: V8 takes long to set that.
    while (names.length > size) {
      names.pop();
      values.pop();
    }
  }

  keepSecret(name: string): void {
    (this.secrets ??= new Set()).add(name);
  }

  clone(): HeaderList {
    const copy = new HeaderList(this.singles);
    copy.secrets = this.secrets;
    copy.names = this.names.slice();
    copy.values = this.values.slice();
    return copy;
  }

  *entries(): IterableIterator<readonly [name: string, value: string]> {
    for (const [index, name] of this.names.entries()) yield [name, this.values[index] ?? ''];
  }

  #removeFrom(name: string, start: number): void {
    for (let index = this.names.indexOf(name, start); index >= 0; index = this.names.indexOf(name, index)) {
      this.names.splice(index, 1);
      this.values.splice(index, 1);
    }
  }
}

/** Two values of one header as one; empty ones add nothing. */
function joinedValues(before: string, value: string): string {
  if (before === '') return value;
  return value === '' ? before : `${before},${value}`;
}
