/** Compares two values field by field, and leaves out what means the same. */

import { parseDuration } from '../../base/duration.ts';
import { quantityOf } from '../../base/quantity.ts';
import { parseDocument } from './embedded.ts';
import type { Shape } from './shape.ts';

/** A key, an index, or what an item of a list is told apart by. */
export type Step = string | number | { readonly keys: readonly (readonly [name: string, value: unknown])[] };

/** A place where two values differ. `old` is undefined for what was added, `new` for what was removed. */
export interface ValueChange {
  readonly path: readonly Step[];
  readonly old: unknown;
  readonly new: unknown;
  readonly secret: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Takes what is found. Returns whether to look for more. */
type Sink = (change: ValueChange) => boolean;

/** All places where `left` and `right` differ in meaning, in the order of their fields' names. */
export function compareValues(
  left: unknown,
  right: unknown,
  shape: Shape | undefined,
): readonly ValueChange[] {
  const changes: ValueChange[] = [];
  compare(left, right, shape, [], (change) => {
    changes.push(change);
    return true;
  });
  return changes;
}

function same(left: unknown, right: unknown, shape: Shape | undefined): boolean {
  return compare(left, right, shape, [], () => false);
}

/** Returns false as soon as the sink wants no more. */
function compare(
  left: unknown,
  right: unknown,
  shape: Shape | undefined,
  path: readonly Step[],
  sink: Sink,
): boolean {
  if (left === right) return true;
  const secret = shape?.secret === true;
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right, shape, path, sink);
  if (isFields(left) && isFields(right)) return compareFields(left, right, shape, path, sink);
  if (shape?.means === 'document' && typeof left === 'string' && typeof right === 'string') {
    const documents = [parseDocument(left), parseDocument(right)];
    if (documents.every(isFields)) return compare(documents[0], documents[1], undefined, path, sink);
  }
  if (meansTheSame(left, right, shape)) return true;
  return sink({ path, old: left, new: right, secret });
}

function meansTheSame(left: unknown, right: unknown, shape: Shape | undefined): boolean {
  if (shape?.means === 'quantity') {
    const amount = quantityOf(left);
    return amount !== undefined && amount === quantityOf(right);
  }
  if (shape?.means === 'duration' && typeof left === 'string' && typeof right === 'string') {
    const nanoseconds = parseDuration(left);
    return nanoseconds !== undefined && nanoseconds === parseDuration(right);
  }
  return false;
}

function compareFields(
  left: Fields,
  right: Fields,
  shape: Shape | undefined,
  path: readonly Step[],
  sink: Sink,
): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const name of [...names].toSorted()) {
    const inner = shape?.field?.(name);
    const [old, now] = [own(left, name), own(right, name)];
    const step = [...path, name];
    if (old !== undefined && now !== undefined) {
      if (!compare(old, now, inner, step, sink)) return false;
    } else if (old !== undefined) {
      if (!meansNothing(old, inner, right, left) && !sink(change(step, old, undefined, inner))) return false;
    } else if (!meansNothing(now, inner, left, right) && !sink(change(step, undefined, now, inner))) {
      return false;
    }
  }
  return true;
}

function change(path: readonly Step[], old: unknown, now: unknown, shape: Shape | undefined): ValueChange {
  return { path, old, new: now, secret: shape?.secret === true };
}

/** Whether a value says no more than its absence does in the object on the other side. */
function meansNothing(value: unknown, shape: Shape | undefined, other: Fields, beside: Fields): boolean {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return true;
  if (shape === undefined) return false;
  if (shape.filledIn === true) return true;
  const absent = shape.absent ?? shape.absentIn?.(other) ?? shape.absentIn?.(beside);
  if (absent !== undefined && same(value, absent, shape)) return true;
  if (!isFields(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length > 0 &&
    entries.every(([name, inner]) => meansNothing(inner, shape.field?.(name), {}, value))
  );
}

function compareLists(
  left: readonly unknown[],
  right: readonly unknown[],
  shape: Shape | undefined,
  path: readonly Step[],
  sink: Sink,
): boolean {
  const item = shape?.items?.();
  if (shape?.keys !== undefined) {
    const [old, now] = [byKeys(left, shape.keys, item), byKeys(right, shape.keys, item)];
    if (old !== undefined && now !== undefined) return compareKeyed(old, now, item, path, sink);
  }
  const rest = shape?.unordered === true ? withoutCommon(left, right, item) : withoutEnds(left, right, item);
  for (let index = 0; index < Math.max(rest.left.length, rest.right.length); index++) {
    const [old, now] = [rest.left[index], rest.right[index]];
    const scalarsInNoOrder =
      shape?.unordered === true && (!isFields(old?.value ?? {}) || !isFields(now?.value ?? {}));
    if (old !== undefined && now !== undefined && !scalarsInNoOrder) {
      if (!compare(old.value, now.value, item, [...path, now.index], sink)) return false;
      continue;
    }
    if (old !== undefined && !sink(change([...path, old.index], old.value, undefined, item))) return false;
    if (now !== undefined && !sink(change([...path, now.index], undefined, now.value, item))) return false;
  }
  return true;
}

interface Keyed {
  readonly step: Step;
  readonly value: unknown;
}

/** The items by what tells them apart; undefined when something does not, so that only their order is left. */
function byKeys(
  list: readonly unknown[],
  keys: readonly string[],
  item: Shape | undefined,
): ReadonlyMap<string, Keyed> | undefined {
  const found = new Map<string, Keyed>();
  for (const value of list) {
    if (!isFields(value)) return undefined;
    const absent = (name: string): unknown => {
      const shape = item?.field?.(name);
      return shape?.absent ?? shape?.absentIn?.(value);
    };
    const parts = keys.map((name) => [name, own(value, name) ?? absent(name)] as const);
    const id = JSON.stringify(parts.map(([, part]) => part ?? null));
    if (own(value, keys[0] ?? '') === undefined || found.has(id)) return undefined;
    const shown = parts.filter(
      ([name, part], index) => index === 0 || (part !== undefined && part !== absent(name)),
    );
    found.set(id, { step: { keys: shown }, value });
  }
  return found;
}

function compareKeyed(
  left: ReadonlyMap<string, Keyed>,
  right: ReadonlyMap<string, Keyed>,
  item: Shape | undefined,
  path: readonly Step[],
  sink: Sink,
): boolean {
  for (const [id, old] of left) {
    const now = right.get(id);
    const more =
      now === undefined
        ? sink(change([...path, old.step], old.value, undefined, item))
        : compare(old.value, now.value, item, [...path, old.step], sink);
    if (!more) return false;
  }
  for (const [id, now] of right) {
    if (!left.has(id) && !sink(change([...path, now.step], undefined, now.value, item))) return false;
  }
  return true;
}

interface Indexed {
  readonly index: number;
  readonly value: unknown;
}

interface Rest {
  readonly left: readonly Indexed[];
  readonly right: readonly Indexed[];
}

const indexed = (list: readonly unknown[]): readonly Indexed[] =>
  list.map((value, index) => ({ index, value }));

/** What is left of two lists without their common start and end: an item put in between moves no other. */
function withoutEnds(left: readonly unknown[], right: readonly unknown[], item: Shape | undefined): Rest {
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && same(left[start], right[start], item)) start++;
  let end = 0;
  while (end < shorter - start && same(left[left.length - 1 - end], right[right.length - 1 - end], item))
    end++;
  return {
    left: indexed(left).slice(start, left.length - end),
    right: indexed(right).slice(start, right.length - end),
  };
}

/** Longest list whose items are tried with one another; longer ones must agree to the letter. */
const MAX_PAIRS = 1_000;

/** What is left of two lists without the items that stand anywhere in both. */
function withoutCommon(left: readonly unknown[], right: readonly unknown[], item: Shape | undefined): Rest {
  const places = new Map<string, number[]>();
  const open = new Set(right.keys());
  for (const [index, value] of right.entries()) {
    const text = canonical(value);
    const list = places.get(text);
    if (list === undefined) places.set(text, [index]);
    else list.push(index);
  }
  const unmatched = indexed(left).filter(({ value }) => {
    const index = places.get(canonical(value))?.shift();
    if (index !== undefined) open.delete(index);
    return index === undefined;
  });
  const old = unmatched.filter(({ value }) => {
    if (item === undefined || unmatched.length > MAX_PAIRS || open.size > MAX_PAIRS) return true;
    for (const index of open) {
      if (!same(value, right[index], item)) continue;
      open.delete(index);
      return false;
    }
    return true;
  });
  return { left: old, right: indexed(right).filter(({ index }) => open.has(index)) };
}

/** The value as JSON with its keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    isFields(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [two]) => (one < two ? -1 : 1)))
      : inner,
  );
}

/** Whether the value is a map. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's own field, never one that every object inherits; null counts as absent. */
export function own(object: Fields, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}
