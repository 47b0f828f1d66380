/** Changes to a text, collected by node and made all at once: whatever is not changed keeps its bytes. */

import { MeshError } from '../../base/mesh-error.ts';
import { blockLines, entryLines, isBlock, renderJson, renderScalar } from './render.ts';
import type { Style } from './render.ts';
import type { MapNode, Node, SequenceNode } from './tree.ts';
import type { Json } from './value.ts';

/** `text.slice(start, end)` becomes `replacement`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** Insertions at one offset: the deeper one comes first. */
  readonly column: number;
}

export class Edits {
  readonly text: string;
  private readonly style: Style;
  private readonly list: Edit[] = [];

  constructor(text: string, style: Style) {
    this.text = text;
    this.style = style;
  }

  /** In the order of the text. Throws a MeshError where two overlap, which would be a fault of ours. */
  sorted(): readonly Edit[] {
    // The sort is stable, so that edits of one place stay in the order in which they were asked for.
    const sorted = [...this.list].sort(
      (a, b) => a.start - b.start || a.end - b.end || (a.start === a.end ? b.column - a.column : 0),
    );
    let last = 0;
    for (const edit of sorted) {
      if (edit.start < last) throw unsupported('this layout of the text');
      last = edit.end;
    }
    return sorted;
  }

  /** Replaces a value as a whole, whatever its style. */
  put(node: Node, value: Json): void {
    const { slot } = node;
    if (slot.flow || slot.column < 0) {
      const start = this.slotStart(node);
      this.replace(
        start,
        node.end,
        (slot.flow && this.needsSpace(start) ? ' ' : '') + this.flowText(value, start),
      );
      return;
    }
    const inList = this.text[slot.from - 1] === '-' && !this.isMapSlot(node);
    this.replace(slot.from, this.blockEnd(node), this.slotText(value, slot.column, inList));
  }

  /** Adds entries to a map. The keys must not be there yet. */
  add(map: MapNode, entries: readonly (readonly [string, Json])[]): void {
    if (entries.length === 0) return;
    const first = map.entries[0];
    if (first === undefined) {
      this.put(map, Object.fromEntries(entries));
      return;
    }
    if (map.flow) {
      const gap = this.gapBefore(map, first.start);
      const parts = entries.map(
        ([key, value]) =>
          `${this.flowKey(key)}: ${this.flowText(value, first.start)},${gap === '' ? ' ' : gap}`,
      );
      this.insert(first.start, parts.join(''), map.column);
      return;
    }
    this.requireIndented(map);
    const lines = [''];
    const pad = ' '.repeat(map.column);
    for (const [key, value] of entries) entryLines(key, value, this.style, pad, lines);
    this.insert(this.tail(map), lines.join(this.style.newline), map.column);
  }

  /** Adds items at the end of a list. */
  append(list: SequenceNode, items: readonly Json[]): void {
    this.insertItems(list, list.items.length, items);
  }

  /** Adds items before the one at `index`. */
  insertItems(list: SequenceNode, index: number, items: readonly Json[]): void {
    if (items.length === 0) return;
    if (list.items.length === 0) {
      this.put(list, [...items]);
      return;
    }
    const before = list.items[index];
    const last = list.items.at(-1);
    if (list.flow) {
      const first = list.items[0];
      const gap = first === undefined ? '' : this.gapBefore(list, this.slotStart(first));
      const comma = gap === '' ? ' ' : gap;
      if (before === undefined) {
        const at = last?.end ?? list.start + 1;
        this.insert(at, items.map((item) => `,${comma}${this.flowText(item, at)}`).join(''), list.column);
      } else {
        const at = this.slotStart(before);
        this.insert(at, items.map((item) => `${this.flowText(item, at)},${comma}`).join(''), list.column);
      }
      return;
    }
    const pad = ' '.repeat(list.column);
    if (before === undefined) {
      const lines = [''];
      blockLines([...items], this.style, pad, lines);
      // A list may stand in the column of the map that it belongs to, and comes first.
      this.insert(this.tail(list), lines.join(this.style.newline), list.column + 0.5);
      return;
    }
    const lines: string[] = [];
    blockLines([...items], this.style, pad, lines, '');
    // The dash of the item stands one before its slot.
    this.insert(before.slot.from - 1, [...lines, pad].join(this.style.newline), list.column);
  }

  /** Takes items out of a list; the list must keep one. */
  removeItems(list: SequenceNode, indexes: ReadonlySet<number>): void {
    const spans = list.items.map((item) => ({
      start: list.flow ? this.slotStart(item) : item.slot.from - 1,
      node: item,
    }));
    this.removeSpans(list.flow, spans, indexes);
  }

  /** Takes entries out of a map; the map must keep one. */
  removeEntries(map: MapNode, keys: ReadonlySet<string>): void {
    const spans = map.entries.map((entry) => ({ start: entry.start, node: entry.value }));
    const indexes = new Set(map.entries.flatMap((entry, index) => (keys.has(entry.key) ? [index] : [])));
    this.removeSpans(map.flow, spans, indexes);
  }

  replace(start: number, end: number, replacement: string): void {
    // Nothing lies deeper than the value itself.
    this.list.push({ start, end, replacement, column: Infinity });
  }

  private insert(at: number, replacement: string, column: number): void {
    this.list.push({ start: at, end: at, replacement, column });
  }

  private removeSpans(
    flow: boolean,
    spans: readonly { readonly start: number; readonly node: Node }[],
    indexes: ReadonlySet<number>,
  ): void {
    const firstKept = spans.findIndex((_, index) => !indexes.has(index));
    const kept = spans[firstKept];
    if (kept === undefined) throw new MeshError('Internal', 'a collection would become empty');
    // What stands before the first that stays goes up to its start; the rest goes from the end of the one before.
    const head = spans[0];
    if (firstKept > 0 && head !== undefined) this.replace(head.start, kept.start, '');
    for (let index = firstKept + 1; index < spans.length; index++) {
      const span = spans[index];
      const previous = spans[index - 1];
      if (!indexes.has(index) || span === undefined || previous === undefined) continue;
      if (flow) this.replace(previous.node.end, span.node.end, '');
      else this.replace(this.lineStart(span.start), this.tail(span.node), '');
    }
  }

  /** The end of the line before the one on which an entry or item starts. */
  private lineStart(start: number): number {
    let at = start;
    while (at > 0 && !isBreak(this.text, at - 1)) at--;
    if (this.text.slice(at, start).trim() !== '') throw unsupported('this layout of the text');
    if (at > 0 && this.text[at - 1] === '\n') at--;
    if (at > 0 && this.text[at - 1] === '\r') at--;
    return at;
  }

  /** Where a block value ends: the end of its own text, without the comment after it. */
  private blockEnd(node: Node): number {
    const leaf = lastLeaf(node);
    return leaf.type === 'scalar' && leaf.block ? this.tail(node) : node.end;
  }

  /** The end of the last line of a block collection: where text can be put after it. */
  tail(node: Node): number {
    const leaf = lastLeaf(node);
    if (leaf.type === 'scalar' && leaf.block) {
      // A block scalar ends where the next line begins. Blank lines at its end may count, so they all stay before.
      let at = leaf.end;
      if (at > leaf.start && this.text[at - 1] === '\n') at--;
      if (at > leaf.start && this.text[at - 1] === '\r') at--;
      return at;
    }
    let at = leaf.end;
    while (at < this.text.length && !isBreak(this.text, at)) at++;
    return at;
  }

  private requireIndented(map: MapNode): void {
    let at = map.start;
    while (at > 0 && !isBreak(this.text, at - 1)) at--;
    if (!/^\ufeff?[ \-?:]*$/.test(this.text.slice(at, map.start)))
      throw unsupported('a map that starts on a line with other text');
  }

  /** The text after a `:` or `-` in block style. */
  private slotText(value: Json, column: number, inList: boolean): string {
    if (!isBlock(value))
      return ` ${Array.isArray(value) ? '[]' : typeof value === 'object' && value !== null ? '{}' : renderScalar(value)}`;
    const step = inList || !Array.isArray(value) ? 2 : this.style.listOffset;
    const lines = inList ? [] : [''];
    blockLines(value, this.style, ' '.repeat(column + step), lines, inList ? ' ' : undefined);
    return lines.join(this.style.newline);
  }

  private isMapSlot(node: Node): boolean {
    return this.text[node.slot.from - 1] === ':';
  }

  /** Where the text of a value begins in flow style, its anchor and tag included. */
  private slotStart(node: Node): number {
    const { from } = node.slot;
    if (node.slot.column < 0) return node.start;
    let at = from;
    while (at < node.start && ' \t\r\n,'.includes(this.text.charAt(at))) at++;
    // Comments may stand between; then the value's own start is the only safe one.
    return this.text[at] === '#' ? node.start : at;
  }

  private needsSpace(start: number): boolean {
    return this.text[start - 1] === ':';
  }

  private flowKey(key: string): string {
    return renderJson(key, '', undefined, 0);
  }

  /** JSON at an offset: on several lines where the text around begins its lines with the same entry. */
  private flowText(value: Json, at: number): string {
    const indent = this.lineIndent(at);
    return renderJson(value, this.style.newline, indent?.column, indent?.step ?? 2);
  }

  /** The indentation of the line of an offset, if only that comes before the entry there and the text is spread out. */
  private lineIndent(at: number): { column: number; step: number } | undefined {
    let start = at;
    while (start > 0 && !isBreak(this.text, start - 1)) start--;
    const before = this.text.slice(start, at);
    const pad = /^ */.exec(before)?.[0].length ?? 0;
    if (start === 0 || before.length - pad > 200 || /[{[]/.test(before.slice(pad))) return undefined;
    return { column: pad, step: 2 };
  }

  /** The blanks between a bracket and the first entry; empty where comments are among them. */
  private gapBefore(node: Node, first: number): string {
    const gap = this.text.slice(node.start + 1, first);
    return /^\s*$/.test(gap) ? gap : '';
  }
}

/** The text with the edits made. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of edits) {
    parts.push(text.slice(at, edit.start), edit.replacement);
    at = edit.end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** The value whose text is the last of a block collection's. */
export function lastLeaf(node: Node): Node {
  let current = node;
  for (;;) {
    if (current.type === 'scalar' || current.type === 'alias' || current.flow) return current;
    const next = current.type === 'map' ? current.entries.at(-1)?.value : current.items.at(-1);
    if (next === undefined) return current;
    current = next;
  }
}

function isBreak(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}

/** The error for text that is valid and can be read, but not changed. */
export function unsupported(what: string): MeshError {
  return new MeshError('Unsupported', `${what} cannot be changed in place`, {
    hint: 'Write the object in plain block style, as "kubectl get -o yaml" prints it.',
  });
}
