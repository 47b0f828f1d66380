/** Brings settings that are written as older releases had them to their places of today. */

import { OLD_KEYS } from './old-keys.table.ts';
import { overlay } from './overlay.ts';
import { isTree, parseSettingPath, setAt, type Tree, valueAt } from './setting-path.ts';

const ROWS = OLD_KEYS.map(({ from, to, values }) => ({
  from: parseSettingPath(from),
  to: to.map(parseSettingPath),
  values,
}));

/** The same settings with every old key moved. What stands at the new place already wins. */
export function withoutOldKeys(spec: Tree): Tree {
  const rest = structuredClone(spec);
  const moved: Tree = {};
  for (const { from, to, values } of ROWS) {
    const value = valueAt(rest, from);
    if (value === undefined || value === null) continue;
    setAt(rest, from, undefined);
    dropEmpty(rest, from.slice(0, -1));
    const meant =
      values !== undefined && Object.hasOwn(values, String(value)) ? values[String(value)] : value;
    for (const place of to) {
      const before = valueAt(moved, place);
      setAt(moved, place, isTree(before) && isTree(meant) ? overlay(before, meant) : meant);
    }
  }
  return overlay(moved, rest, 'keep');
}

/** Takes away maps that only held the old key. */
function dropEmpty(root: Tree, path: ReturnType<typeof parseSettingPath>): void {
  for (let depth = path.length; depth > 0; depth--) {
    const holder = valueAt(root, path.slice(0, depth));
    if (!isTree(holder) || Object.keys(holder).length > 0) return;
    setAt(root, path.slice(0, depth), undefined);
  }
}
