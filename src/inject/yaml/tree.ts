/** YAML and JSON text as a tree in which each node knows where it stands, so that text can be changed in place. */

import { EVENT_ID, SCALAR_STYLE, COLLECTION_STYLE, YAMLException, getScalarValue } from 'js-yaml';
import type { Event, ScalarEvent } from 'js-yaml';
import { MeshError } from '../../base/mesh-error.ts';
import { parseYaml } from '../../base/yaml-events.ts';
import { resolvePlain } from '../../base/yaml-scalar.ts';
import type { Scalar } from '../../base/yaml-scalar.ts';

/** Where a value hangs: the offset after its `:` or `-`, the column of the map or list it is in, and the style there. */
export interface Slot {
  readonly from: number;
  readonly column: number;
  readonly flow: boolean;
}

interface NodeBase {
  /** Offset of its first character, anchor and tag not counted. */
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
  readonly slot: Slot;
  /** It has an anchor, to which aliases may refer. */
  readonly anchored?: boolean;
}

export interface ScalarNode extends NodeBase {
  readonly type: 'scalar';
  readonly value: Scalar;
  /** A literal or folded block. */
  readonly block: boolean;
  readonly plain: boolean;
}

export interface AliasNode extends NodeBase {
  readonly type: 'alias';
  /** What it stands for. */
  readonly target: Node;
}

export interface Entry {
  readonly key: string;
  /** Offset of the key, its properties and a `?` included. */
  readonly start: number;
  readonly value: Node;
  /** The key is a plain `<<`. */
  readonly merge: boolean;
}

export interface MapNode extends NodeBase {
  readonly type: 'map';
  readonly flow: boolean;
  readonly column: number;
  readonly entries: readonly Entry[];
}

export interface SequenceNode extends NodeBase {
  readonly type: 'sequence';
  readonly flow: boolean;
  readonly column: number;
  readonly items: readonly Node[];
}

export type Node = ScalarNode | AliasNode | MapNode | SequenceNode;

/** One document; `root` is undefined where it has no content. */
export interface YamlDocument {
  readonly root: Node | undefined;
  /** Some key stands behind a `?`, where the parser takes layouts that no insertion would fit into. */
  readonly hasMarkedKeys: boolean;
}

/** The documents of a text. Throws YAMLException of js-yaml, and a MeshError for what cannot be edited. */
export function parseTree(text: string): readonly YamlDocument[] {
  const parsed = parseYaml(text);
  return new TreeBuilder(parsed.text, parsed.events).documents();
}

class TreeBuilder {
  private readonly text: string;
  private readonly events: readonly Event[];
  private at = 0;
  /** Offset after the last token that was read. */
  private cursor = 0;
  private anchors = new Map<string, Node>();
  private hasMarkedKeys = false;

  constructor(text: string, events: readonly Event[]) {
    this.text = text;
    this.events = events;
  }

  documents(): readonly YamlDocument[] {
    const documents: YamlDocument[] = [];
    while (this.at < this.events.length) {
      this.at++;
      this.anchors = new Map();
      const next = this.events[this.at];
      const root =
        next === undefined || next.type === EVENT_ID.POP
          ? undefined
          : this.node({ from: this.startOf(next), column: -1, flow: false });
      documents.push({ root, hasMarkedKeys: this.hasMarkedKeys });
      this.hasMarkedKeys = false;
      this.at++;
    }
    return documents;
  }

  private node(slot: Slot): Node {
    const event = this.events[this.at++];
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.remember(event, this.scalar(event, slot));
      case EVENT_ID.ALIAS: {
        this.cursor = event.anchorEnd;
        const name = this.text.slice(event.anchorStart, event.anchorEnd);
        // An anchor counts from its end on, so there are no circles.
        const target = this.anchors.get(name);
        if (target === undefined)
          YAMLException.throwAt(
            this.text,
            event.anchorStart - 1,
            `the alias *${name} refers to no anchor above it`,
          );
        return { type: 'alias', target, start: event.anchorStart - 1, end: event.anchorEnd, slot };
      }
      case EVENT_ID.MAPPING:
        return this.remember(event, this.map(event.start, event.style === COLLECTION_STYLE.FLOW, slot));
      case EVENT_ID.SEQUENCE:
        return this.remember(event, this.sequence(event.start, event.style === COLLECTION_STYLE.FLOW, slot));
      default:
        throw new MeshError('Syntax', 'the document ends too early');
    }
  }

  private remember<Kind extends ScalarNode | MapNode | SequenceNode>(
    event: { readonly anchorStart: number; readonly anchorEnd: number },
    node: Kind,
  ): Kind {
    if (event.anchorStart < 0) return node;
    const anchor = this.text.slice(event.anchorStart, event.anchorEnd);
    const anchored = { ...node, anchored: true };
    this.anchors.set(anchor, anchored);
    return anchored;
  }

  private scalar(event: ScalarEvent, slot: Slot): ScalarNode {
    const written = getScalarValue(this.text, event);
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const block = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK;
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
    const value = plain && event.tagStart < 0 ? plainValue(written) : written;
    let start = event.valueStart;
    let end = event.valueEnd;
    if (start < 0) {
      start = Math.max(slot.from, event.anchorEnd, event.tagEnd);
      end = start;
    } else if (quoted) {
      start--;
      end++;
    }
    this.cursor = end;
    return { type: 'scalar', value, plain, block, start, end, slot };
  }

  private map(start: number, flow: boolean, slot: Slot): MapNode {
    const braced = flow && this.text[start] === '{';
    this.cursor = braced ? start + 1 : start;
    const column = this.columnOf(start);
    const entries: Entry[] = [];
    for (let event = this.peek(); event.type !== EVENT_ID.POP; event = this.peek()) {
      const keyStart = this.skipBlank(this.cursor, true);
      if (/\?[ \t\r\n]/.test(this.text.slice(keyStart, keyStart + 2))) this.hasMarkedKeys = true;
      const key = this.node({ from: this.startOf(event), column, flow });
      const after = this.skipBlank(this.cursor, false);
      // A key without a value may lack the colon.
      const from = this.text[after] === ':' ? after + 1 : this.cursor;
      const value = this.node({ from, column, flow });
      const written = key.type === 'scalar' ? String(key.value ?? 'null') : '';
      entries.push({
        key: written,
        start: Math.min(keyStart, key.start),
        value,
        merge: key.type === 'scalar' && key.plain && written === '<<',
      });
    }
    this.at++;
    const end = braced ? this.close('}') : Math.max(this.cursor, start);
    return { type: 'map', flow, column, entries, start, end, slot };
  }

  private sequence(start: number, flow: boolean, slot: Slot): SequenceNode {
    const column = this.columnOf(start);
    this.cursor = flow ? start + 1 : start;
    const items: Node[] = [];
    for (let event = this.peek(); event.type !== EVENT_ID.POP; event = this.peek()) {
      let from = this.skipBlank(this.cursor, true);
      if (!flow) from++;
      this.cursor = from;
      items.push(this.node({ from, column, flow }));
    }
    this.at++;
    const end = flow ? this.close(']') : this.cursor;
    return { type: 'sequence', flow, column, items, start, end, slot };
  }

  private peek(): Event {
    const event = this.events[this.at];
    if (event === undefined) throw new MeshError('Syntax', 'the document ends too early');
    return event;
  }

  /** Skips spaces, breaks and comments, and commas where those may stand. */
  private skipBlank(from: number, commas: boolean): number {
    let at = from;
    for (;;) {
      const character = this.text[at];
      if (character === ' ' || character === '\n' || character === '\r' || character === '\t') at++;
      else if (commas && character === ',') at++;
      else if (character === '#') {
        while (at < this.text.length && this.text[at] !== '\n' && this.text[at] !== '\r') at++;
      } else return at;
    }
  }

  private close(bracket: string): number {
    const at = this.skipBlank(this.cursor, true);
    this.cursor = this.text[at] === bracket ? at + 1 : at;
    return this.cursor;
  }

  private columnOf(offset: number): number {
    let at = offset;
    while (at > 0 && this.text[at - 1] !== '\n' && this.text[at - 1] !== '\r') at--;
    return offset - at - (this.text.charCodeAt(at) === 0xfeff ? 1 : 0);
  }

  private startOf(event: Event): number {
    if (event.type === EVENT_ID.SCALAR) return Math.max(event.valueStart, this.cursor);
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
    return this.cursor;
  }
}

/** Numbers that JSON cannot hold stay text. */
function plainValue(written: string): Scalar {
  const value = resolvePlain(written);
  return typeof value === 'number' && !Number.isFinite(value) ? written : value;
}
