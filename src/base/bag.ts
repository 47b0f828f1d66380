/**
 * Members in no order, most of whom come and go. Not a `Set`: whenever that makes itself anew, what it leaves behind holds all
 * members of that moment until the next look through all of the memory (docs/decisions/streams-are-no-map.md).
 */

/** A member's place in a bag, to leave it by. */
export interface Place {
  /** -1 for one who has left. */
  index: number;
}

export class Bag<Member> {
  readonly #members: Member[] = [];
  /** Each at the index of its member. */
  readonly #places: Place[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): Place {
    const place = { index: this.#members.length };
    this.#members.push(member);
    this.#places.push(place);
    return place;
  }

  /** False when whose place it was has left already. */
  delete(place: Place): boolean {
    const { index } = place;
    if (this.#places[index] !== place) return false;
    const member = this.#members.pop();
    const last = this.#places.pop();
    if (last !== undefined && last !== place) {
      this.#members[index] = member as Member;
      this.#places[index] = last;
      last.index = index;
    }
    place.index = -1;
    return true;
  }

  /** Takes any of them out; undefined when there is none. */
  take(): Member | undefined {
    const last = this.#places.at(-1);
    if (last === undefined) return undefined;
    const member = this.#members.at(-1);
    this.delete(last);
    return member;
  }

  /** All who are there now. */
  all(): readonly Member[] {
    return this.#members.slice();
  }
}
