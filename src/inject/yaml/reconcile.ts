/** Makes a text hold another value, with as few changes to it as that takes. */

import { isInjectedName, itemKey } from '../item-key.ts';
import type { Edits } from './edits.ts';
import type { MapNode, Node, SequenceNode } from './tree.ts';
import { entriesOf, isMap, sameValue, valueOf } from './value.ts';
import type { Json, JsonMap } from './value.ts';

/**
 * Adds to `edits` what turns the value of `root` into `target`. Aliases of what changes are written out, so
 * that they keep their meaning; `document` is where to look for them. A part of `target` that is the very
 * value that `known` has for a node is not looked into.
 */
export function reconcile(
  edits: Edits,
  root: Node,
  target: Json,
  document: Node,
  known: ReadonlyMap<Node, Json>,
): void {
  const run = new Reconciler(edits, known);
  run.node(root, target, '');
  run.writeOutAliases(document);
}

class Reconciler {
  private readonly edits: Edits;
  /** Nodes whose text changes or goes, so that aliases to them would mean something else. */
  private readonly changed = new Set<Node>();
  /** Nodes that are replaced with all that is in them. */
  private readonly replaced = new Set<Node>();

  private readonly known: ReadonlyMap<Node, Json>;

  constructor(edits: Edits, known: ReadonlyMap<Node, Json>) {
    this.edits = edits;
    this.known = known;
  }

  /** Says whether anything changes. */
  node(node: Node, target: Json, field: string): boolean {
    if (typeof target === 'object' && target !== null && this.known.get(node) === target) return false;
    const changes = this.change(node, target, field);
    if (changes) this.changed.add(node);
    return changes;
  }

  /** An alias whose target changes, in a place that itself does not, gets the value that it had. */
  writeOutAliases(document: Node): void {
    if (this.changed.size + this.replaced.size === 0) return;
    // What is written out may be the target of other aliases, so all of these are found first.
    const found: Node[] = [];
    const walk = (node: Node): void => {
      if (this.replaced.has(node)) return;
      if (node.type === 'alias') {
        if (this.isChanged(node.target)) found.push(node);
      } else if (node.type === 'map') for (const entry of node.entries) walk(entry.value);
      else if (node.type === 'sequence') for (const item of node.items) walk(item);
    };
    walk(document);
    for (const node of found) this.edits.put(node, valueOf(node));
  }

  private isChanged(node: Node): boolean {
    return this.changed.has(node) || this.replaced.has(node);
  }

  private change(node: Node, target: Json, field: string): boolean {
    if (node.type === 'map' && isMap(target)) return this.map(node, target);
    if (node.type === 'sequence' && Array.isArray(target)) return this.list(node, target, field);
    if (sameValue(valueOf(node), target)) return false;
    this.replace(node, target);
    return true;
  }

  private replace(node: Node, target: Json): void {
    this.edits.put(node, target);
    this.gone(node);
  }

  /** Notes that a node's text goes, with all that is in it. */
  private gone(node: Node): void {
    this.replaced.add(node);
    if (node.type === 'map') for (const entry of node.entries) this.gone(entry.value);
    else if (node.type === 'sequence') for (const item of node.items) this.gone(item);
  }

  private map(node: MapNode, target: JsonMap): boolean {
    const values = entriesOf(node);
    const own = new Map(node.entries.filter((entry) => !entry.merge).map((entry) => [entry.key, entry]));
    const removed = [...values.keys()].filter((key) => !Object.hasOwn(target, key));
    const mergedGone = removed.some((key) => !own.has(key) || node.entries.some((entry) => entry.merge));
    const nothingLeft = removed.length > 0 && node.entries.every((entry) => removed.includes(entry.key));
    if (mergedGone || nothingLeft) {
      this.replace(node, target);
      return true;
    }
    let changes = false;
    const added: [string, Json][] = [];
    for (const [key, value] of Object.entries(target)) {
      const entry = own.get(key);
      if (entry !== undefined) changes = this.node(entry.value, value, key) || changes;
      else {
        const merged = values.get(key);
        // A key of its own overrides the merged one.
        if (merged === undefined || !sameValue(valueOf(merged), value)) added.push([key, value]);
      }
    }
    if (removed.length > 0) {
      this.edits.removeEntries(node, new Set(removed));
      for (const key of removed) {
        const entry = own.get(key);
        if (entry !== undefined) this.gone(entry.value);
      }
    }
    this.edits.add(node, added);
    return changes || added.length > 0 || removed.length > 0;
  }

  private list(node: SequenceNode, target: readonly Json[], field: string): boolean {
    const values = node.items.map((item) => this.known.get(item) ?? valueOf(item));
    if (sameValue(values, [...target])) return false;
    const old = indexByKey(field, values);
    const now = indexByKey(field, target);
    const kept = old === undefined || now === undefined ? [] : keptItems(old, now);
    if (kept.length === 0) {
      this.replace(node, [...target]);
      return true;
    }
    const stay = new Set(kept.map(([from]) => from));
    const gone = new Set(node.items.flatMap((_, index) => (stay.has(index) ? [] : [index])));
    let next = 0;
    for (const [from, to] of kept) {
      this.edits.insertItems(node, from, target.slice(next, to));
      const item = node.items[from];
      if (item !== undefined) this.node(item, target[to] ?? null, field);
      next = to + 1;
    }
    if (gone.size > 0) this.edits.removeItems(node, gone);
    for (const index of gone) {
      const item = node.items[index];
      if (item !== undefined) this.gone(item);
    }
    this.edits.append(node, target.slice(next));
    return true;
  }
}

/** Positions by key; undefined where an item has none, or two the same. */
function indexByKey(field: string, items: readonly Json[]): Map<string, number> | undefined {
  const result = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const key = itemKey(field, item);
    if (key === undefined || result.has(key)) return undefined;
    result.set(key, index);
  }
  return result;
}

/**
 * Pairs of positions before and after, of items that can stay where they are. Where one of two must move, it is
 * the injected one, so that what people wrote keeps its text.
 */
function keptItems(old: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): [number, number][] {
  const pairs = [...now].flatMap(([key, to]): [string, number, number][] => {
    const from = old.get(key);
    return from === undefined ? [] : [[key, from, to]];
  });
  const forward: typeof pairs = [];
  for (const pair of pairs) if (pair[1] > (forward.at(-1)?.[1] ?? -1)) forward.push(pair);
  const backward: typeof pairs = [];
  for (const pair of pairs.toReversed())
    if (pair[1] < (backward.at(-1)?.[1] ?? Infinity)) backward.push(pair);
  backward.reverse();
  const worth = (kept: typeof pairs): number => kept.filter(([key]) => !isInjectedName(key)).length;
  const kept = worth(forward) > worth(backward) ? forward : backward;
  return kept.map(([, from, to]) => [from, to]);
}
