/** Where in a text each field stands. Made from parser events when a position is asked for, never before. */

import { EVENT_ID, SCALAR_STYLE, getScalarValue } from 'js-yaml';
import type { Event, ScalarEvent } from 'js-yaml';
import type { FieldPath } from '../../base/field-path.ts';
import type { Position } from '../object.ts';
import { MAX_DEPTH } from './bounds.ts';
import { eventOffset, isMerge } from './construct.ts';
import { LineTable } from './line-table.ts';
import { keyOf, resolvePlain } from '../../base/yaml-scalar.ts';
import { parseYaml } from '../../base/yaml-events.ts';

/** A child: the event to point at (a key, or a list item), and the event of its value. */
interface Child {
  readonly mark: number;
  readonly value: number;
}

type Children = ReadonlyMap<string | number, Child>;

/** Positions inside one YAML text of one or more documents. */
export class DocumentIndex {
  /** As the events see it: as long as what was written, with some line breaks replaced. */
  readonly #text: string;
  readonly #events: readonly Event[];
  /** For each event, the index of the event after its subtree. */
  readonly #next: Int32Array;
  /** Event of each document's content. */
  readonly #roots: number[] = [];
  /** For each alias, the event that it stands for. */
  readonly #targets = new Map<number, number>();
  readonly #children = new Map<number, Children>();
  readonly #embedded = new Map<number, DocumentIndex | undefined>();
  readonly #lines: LineTable;

  constructor(text: string) {
    const yaml = parseYaml(text);
    this.#lines = new LineTable(text);
    this.#text = yaml.text;
    this.#events = yaml.events;
    this.#next = new Int32Array(this.#events.length);
    this.#link();
  }

  #link(): void {
    const open: number[] = [];
    let anchors = new Map<string, number>();
    for (const [index, event] of this.#events.entries()) {
      this.#next[index] = index + 1;
      if (event.type === EVENT_ID.POP) {
        const start = open.pop();
        if (start !== undefined) this.#next[start] = index + 1;
        continue;
      }
      if (event.type === EVENT_ID.DOCUMENT) {
        this.#roots.push(index + 1);
        anchors = new Map();
      } else if (event.type === EVENT_ID.ALIAS) {
        const target = anchors.get(this.#text.slice(event.anchorStart, event.anchorEnd));
        if (target !== undefined) this.#targets.set(index, target);
      } else if (event.anchorStart >= 0) {
        anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), index);
      }
      if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) open.push(index);
    }
  }

  /** Position of the field, or of its nearest parent that is there, in the given document of the text. */
  locate(document: number, path: FieldPath): Position {
    let node = this.#roots[document] ?? 0;
    let mark = node;
    for (const [depth, part] of path.entries()) {
      node = this.#targets.get(node) ?? node;
      const event = this.#events[node];
      if (event?.type === EVENT_ID.SCALAR) {
        return this.#locateEmbedded(node, event, path.slice(depth)) ?? this.#position(mark);
      }
      const child = this.#childrenOf(node, 0).get(part);
      if (child === undefined) break;
      // An empty list item leaves no trace in the text.
      if (this.#hasPlace(child.mark)) mark = child.mark;
      node = child.value;
    }
    return this.#position(mark);
  }

  #hasPlace(index: number): boolean {
    const event = this.#events[index];
    return (
      event?.type !== EVENT_ID.SCALAR ||
      event.valueStart >= 0 ||
      event.tagStart >= 0 ||
      event.anchorStart >= 0
    );
  }

  #position(index: number): Position {
    const event = this.#events[index];
    return this.#lines.at(event === undefined ? 0 : eventOffset(event));
  }

  #childrenOf(node: number, depth: number): Children {
    const known = this.#children.get(node);
    if (known !== undefined) return known;
    const children = new Map<string | number, Child>();
    this.#children.set(node, children);
    const type = this.#events[node]?.type;
    if (type === EVENT_ID.SEQUENCE) {
      let item = 0;
      for (let at = node + 1; this.#isOpen(at); at = this.#next[at] ?? 0)
        children.set(item++, { mark: at, value: at });
    } else if (type === EVENT_ID.MAPPING) {
      this.#readPairs(node, children, depth);
    }
    return children;
  }

  #isOpen(at: number): boolean {
    const event = this.#events[at];
    return event !== undefined && event.type !== EVENT_ID.POP;
  }

  #readPairs(node: number, children: Map<string | number, Child>, depth: number): void {
    for (let at = node + 1; this.#isOpen(at);) {
      const value = this.#next[at] ?? 0;
      const event = this.#events[at];
      if (event !== undefined && isMerge(this.#text, event)) {
        if (depth < MAX_DEPTH) this.#readMerge(value, children, depth);
      } else {
        const key = this.#keyAt(at);
        if (key !== undefined) children.set(key, { mark: at, value });
      }
      at = this.#next[value] ?? 0;
    }
  }

  #readMerge(value: number, children: Map<string | number, Child>, depth: number): void {
    const source = this.#targets.get(value) ?? value;
    const items =
      this.#events[source]?.type === EVENT_ID.SEQUENCE
        ? [...this.#childrenOf(source, depth + 1).values()].map((child) => child.value).toReversed()
        : [source];
    for (const item of items) {
      for (const [key, child] of this.#childrenOf(this.#targets.get(item) ?? item, depth + 1))
        children.set(key, child);
    }
  }

  #keyAt(at: number): string | undefined {
    const event = this.#events[this.#targets.get(at) ?? at];
    if (event?.type !== EVENT_ID.SCALAR) return undefined;
    const written = getScalarValue(this.#text, event);
    const isPlain = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
    return isPlain ? keyOf(written, resolvePlain(written)) : written;
  }

  /** A block scalar that holds YAML itself, as a ConfigMap's `data.mesh` does: the place inside it. */
  #locateEmbedded(node: number, event: ScalarEvent, path: FieldPath): Position | undefined {
    if (event.style !== SCALAR_STYLE.LITERAL_BLOCK) return undefined;
    if (!this.#embedded.has(node)) this.#embedded.set(node, indexOf(getScalarValue(this.#text, event)));
    const inner = this.#embedded.get(node)?.locate(0, path);
    if (inner === undefined) return undefined;
    const firstLine = this.#lines.at(event.valueStart).line;
    return { line: firstLine + inner.line - 1, column: Math.max(event.indent, 0) + inner.column };
  }
}

function indexOf(text: string): DocumentIndex | undefined {
  try {
    return new DocumentIndex(text);
  } catch {
    return undefined;
  }
}
