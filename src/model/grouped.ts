/** Lists under keys, which stay the same lists from state to state as long as the same is in them. */

export type Grouped<Item> = ReadonlyMap<string, readonly Item[]>;

export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one === other || (one.length === other.length && one.every((item, at) => item === other[at]));
}

/** The lists; those that are the same in `earlier` are taken from there. */
export function keepLists<Item>(lists: Grouped<Item>, earlier: Grouped<Item>): Grouped<Item> {
  return new Map(
    [...lists].map(([key, list]) => {
      const known = earlier.get(key);
      return [key, known !== undefined && isSameList(known, list) ? known : list];
    }),
  );
}
