/**
 * Timeouts for many things at once that all take equally long: a list in the order of their ends, and one timer for
 * the first of them. Beginning and ending a wait costs a few assignments.
 */

import { LONGEST_WAIT } from '../route/milliseconds.ts';
import { Timeout } from '../timeout.ts';

/** Told when one of its waits is over. */
export interface DeadlineOwner {
  onDeadline(deadline: Deadline): void;
}

/** A place in a list; its owner may use it again. */
export class Deadline {
  readonly owner: DeadlineOwner;
  /** Milliseconds of `performance.now()`; 0 while it is in no list. */
  end = 0;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  list: Deadlines | undefined;

  constructor(owner: DeadlineOwner) {
    this.owner = owner;
  }

  cancel(): void {
    this.list?.remove(this);
  }
}

export class Deadlines {
  readonly milliseconds: number;
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: Timeout | undefined;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }

  /** Begins a wait, anew when it has begun already. `now` is `performance.now()`. */
  start(deadline: Deadline, now: number): void {
    deadline.list?.remove(deadline);
    deadline.list = this;
    deadline.end = now + this.milliseconds;
    const last = this.#last;
    deadline.previous = last;
    if (last === undefined) this.#first = deadline;
    else last.next = deadline;
    this.#last = deadline;
    this.#timer ??= new Timeout(Math.min(this.milliseconds, LONGEST_WAIT), () => this.#expire());
  }

  remove(deadline: Deadline): void {
    if (deadline.list !== this) return;
    const { previous, next } = deadline;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    deadline.previous = undefined;
    deadline.next = undefined;
    deadline.list = undefined;
    deadline.end = 0;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    // Timers of the runtime may come a fraction of a millisecond early.
    for (let first = this.#first; first !== undefined && first.end <= now + 1; first = this.#first) {
      this.remove(first);
      first.owner.onDeadline(first);
    }
    const next = this.#first as Deadline | undefined;
    if (next !== undefined && this.#timer === undefined) {
      this.#timer = new Timeout(Math.min(Math.max(1, next.end - now), LONGEST_WAIT), () => this.#expire());
    }
  }
}

const lists = new Map<number, Deadlines>();
const MAX_LISTS = 1_000;

/** The list for waits of that many milliseconds. Requests may ask for any time, so that the lists are bounded. */
export function deadlinesOf(milliseconds: number): Deadlines {
  let list = lists.get(milliseconds);
  if (list === undefined) {
    list = new Deadlines(milliseconds);
    if (lists.size < MAX_LISTS) lists.set(milliseconds, list);
  }
  return list;
}
