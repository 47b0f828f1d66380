/** Nodes to plain values: aliases followed, merge keys applied, within bounds. */

import { MeshError } from '../../base/mesh-error.ts';
import type { MapNode, Node } from './tree.ts';

/** A value as JSON has it. */
export type Json = string | number | boolean | null | Json[] | JsonMap;

export interface JsonMap {
  [key: string]: Json;
}

/** Values that one document's aliases may stand for: a bomb passes it at once, real sharing never does. */
const MAX_NODES = 200_000;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a key, also one like `__proto__`, as the map's own. */
export function setKey(map: JsonMap, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

/** The map's own value of a key. */
export function getKey(map: Json | undefined, key: string): Json | undefined {
  return isMap(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The value of a node; those of collections in it are added to `known`. Throws a MeshError where aliases stand for too much. */
export function valueOf(node: Node, known?: Map<Node, Json>): Json {
  return new Reader(known).value(node);
}

/** The entries of a map by key, in order, merged ones included; a key of its own wins over a merged one. */
export function entriesOf(node: MapNode): Map<string, Node> {
  return new Reader().entries(node);
}

/** Whether two values are the same; the order of keys counts for nothing. */
export function sameValue(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => sameValue(item, other[index]))
    );
  }
  if (!isMap(one) || !isMap(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key], other[key]))
  );
}

class Reader {
  private nodes = 0;
  private readonly known: Map<Node, Json> | undefined;

  constructor(known?: Map<Node, Json>) {
    this.known = known;
  }

  value(node: Node): Json {
    if (++this.nodes > MAX_NODES) {
      throw new MeshError(
        'Syntax',
        `the document has, or its aliases stand for, more than ${MAX_NODES} values`,
        {
          hint: 'Split the document.',
        },
      );
    }
    switch (node.type) {
      case 'scalar':
        return node.value;
      case 'alias':
        return this.value(node.target);
      case 'sequence': {
        const result = node.items.map((item) => this.value(item));
        this.known?.set(node, result);
        return result;
      }
      case 'map': {
        const result: JsonMap = {};
        for (const [key, child] of this.entries(node)) setKey(result, key, this.value(child));
        this.known?.set(node, result);
        return result;
      }
    }
  }

  entries(node: MapNode): Map<string, Node> {
    const result = new Map<string, Node>();
    for (const entry of node.entries) if (!entry.merge) result.set(entry.key, entry.value);
    if (result.size === node.entries.length) return result;
    for (const entry of node.entries) {
      if (!entry.merge) continue;
      const source = entry.value;
      for (const map of this.mergeSources(source)) {
        for (const [key, child] of this.entries(map)) if (!result.has(key)) result.set(key, child);
      }
    }
    return result;
  }

  private mergeSources(node: Node): MapNode[] {
    const target = node.type === 'alias' ? node.target : node;
    this.nodes++;
    if (target.type === 'map') return [target];
    if (target.type === 'sequence' && node.type !== 'alias') {
      return target.items.flatMap((item) => this.mergeSources(item));
    }
    throw new MeshError('Syntax', 'the merge key << needs a map, or a list of maps');
  }
}
