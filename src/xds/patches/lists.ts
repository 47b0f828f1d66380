/** Operations of patches on lists whose order counts: filters and routes. */

import type { Operation } from './patch.ts';

/**
 * Puts an item in its place, or takes items away. `isMeant` tells the items of the match; without a match what
 * goes before an item goes first, and what goes after one goes last. MERGE is none of these. Returns whether
 * the list has changed.
 */
export function changeList<Item>(
  list: Item[],
  operation: Operation,
  make: () => Item,
  isMeant: ((item: Item) => boolean) | undefined,
): boolean {
  const index = isMeant === undefined ? -1 : list.findIndex(isMeant);
  const insert = (at: number): boolean => {
    list.splice(at, 0, make());
    return true;
  };
  switch (operation) {
    case 'ADD':
      return insert(list.length);
    case 'INSERT_FIRST':
      return insert(0);
    case 'INSERT_BEFORE':
      if (isMeant === undefined) return insert(0);
      return index >= 0 && insert(index);
    case 'INSERT_AFTER':
      if (isMeant === undefined) return insert(list.length);
      return index >= 0 && insert(index + 1);
    case 'REPLACE':
      if (index >= 0) list[index] = make();
      return index >= 0;
    case 'REMOVE':
      if (isMeant !== undefined) list.splice(0, list.length, ...list.filter((item) => !isMeant(item)));
      return index >= 0;
    case 'MERGE':
      return false;
  }
}
