/** Parser events of one YAML text to plain values, with the meaning that Kubernetes' own tools give them. */

import { EVENT_ID, SCALAR_STYLE, getScalarValue } from 'js-yaml';
import type { Event, ScalarEvent } from 'js-yaml';
import { MAX_ALIAS_NODES, MAX_DEPTH } from './bounds.ts';
import { TagMismatch, keyOf, resolvePlain, resolvePlainKey, resolveTagged } from '../../base/yaml-scalar.ts';

/** One document of the text. */
export interface Constructed {
  readonly value: unknown;
  /** Some map in it has a null value. */
  readonly hasNull: boolean;
  /** Offset of the first thing written in it. */
  readonly offset: number;
}

/** A fault that leaves the rest of the document usable. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** A fault that makes the document unusable. */
export class ConstructError extends Error {
  readonly fault: Fault;
  constructor(offset: number, message: string, hint?: string) {
    super(message);
    this.fault = { offset, message, ...(hint === undefined ? {} : { hint }) };
  }
}

interface Anchor {
  value: unknown;
  /** False while its own content is being read: an alias to it would be a circle. */
  complete: boolean;
  /** Nodes that the value stands for, aliases inside it counted in full. */
  nodes: number;
  height: number;
}

type Mapping = Record<string, unknown>;

const STANDARD_HANDLES = new Map([
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
]);

/**
 * The documents of `text`. Faults that spoil a single value (a key given twice, a number that JSON cannot
 * write) are added to `faults` and the last value stands; throws ConstructError on what makes no sense.
 */
export function construct(text: string, events: readonly Event[], faults: Fault[]): Constructed[] {
  const documents: Constructed[] = [];
  let at = 0;
  let anchors = new Map<string, Anchor>();
  let handles = STANDARD_HANDLES;
  let nodes = 0;
  let aliasNodes = 0;
  let depth = 0;
  let deepest = 0;
  let hasNull = false;

  function readNode(): unknown {
    const event = events[at++];
    if (event === undefined) throw new ConstructError(text.length, 'the document ends too early');
    nodes++;
    switch (event.type) {
      case EVENT_ID.SCALAR: {
        const value = scalarValue(event);
        if (event.anchorStart >= 0) {
          anchors.set(text.slice(event.anchorStart, event.anchorEnd), {
            value,
            complete: true,
            nodes: 1,
            height: 0,
          });
        }
        return value;
      }
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE: {
        if (++depth > MAX_DEPTH) throw tooDeep(event.start);
        if (depth > deepest) deepest = depth;
        const value: unknown[] | Mapping = event.type === EVENT_ID.MAPPING ? {} : [];
        const anchor = event.anchorStart < 0 ? undefined : openAnchor(event, value);
        if (Array.isArray(value)) {
          while (events[at]?.type !== EVENT_ID.POP) value.push(readNode());
        } else {
          readPairs(value);
        }
        at++;
        if (anchor !== undefined) closeAnchor(anchor);
        depth--;
        return value;
      }
      case EVENT_ID.ALIAS:
        return aliasValue(event.anchorStart, event.anchorEnd);
      default:
        throw new ConstructError(0, 'the document has no content');
    }
  }

  function openAnchor(event: { anchorStart: number; anchorEnd: number }, value: unknown): Anchor {
    const anchor = { value, complete: false, nodes, height: deepest };
    anchors.set(text.slice(event.anchorStart, event.anchorEnd), anchor);
    deepest = depth;
    return anchor;
  }

  function closeAnchor(anchor: Anchor): void {
    const before = anchor.height;
    anchor.nodes = nodes - anchor.nodes + 1;
    anchor.height = deepest - depth + 1;
    anchor.complete = true;
    if (before > deepest) deepest = before;
  }

  function aliasValue(start: number, end: number): unknown {
    const name = text.slice(start, end);
    const anchor = anchors.get(name);
    if (anchor === undefined)
      throw new ConstructError(start, `the alias *${name} refers to no anchor above it`);
    if (!anchor.complete)
      throw new ConstructError(start, `the alias *${name} stands inside what it refers to`);
    aliasNodes += anchor.nodes;
    nodes += anchor.nodes;
    if (aliasNodes > MAX_ALIAS_NODES) {
      throw new ConstructError(
        start,
        `the aliases stand for more than ${MAX_ALIAS_NODES} values`,
        'Write the values out, or split the document.',
      );
    }
    if (depth + anchor.height > MAX_DEPTH) throw tooDeep(start);
    if (depth + anchor.height > deepest) deepest = depth + anchor.height;
    return anchor.value;
  }

  function scalarValue(event: ScalarEvent): unknown {
    const written = getScalarValue(text, event);
    let value: string | number | boolean | null = written;
    if (event.tagStart < 0) {
      if (event.style !== SCALAR_STYLE.PLAIN) return written;
      value = resolvePlain(written);
    } else {
      value = taggedValue(event, written);
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      faults.push({
        offset: scalarOffset(event),
        message: `the number ${written} cannot be written as JSON, which is how the API server is given it`,
        hint: 'Put it in quotes if it is meant as text.',
      });
      return written;
    }
    return value;
  }

  function taggedValue(event: ScalarEvent, written: string): string | number | boolean | null {
    const tag = text.slice(event.tagStart, event.tagEnd);
    if (tag === '!') return written;
    try {
      return resolveTagged(fullTag(tag), written);
    } catch (error) {
      if (!(error instanceof TagMismatch)) throw error;
      faults.push({ offset: event.tagStart, message: error.message });
      return written;
    }
  }

  function fullTag(tag: string): string {
    if (tag.startsWith('!<') && tag.endsWith('>')) return tag.slice(2, -1);
    const handleEnd = tag.indexOf('!', 1) + 1;
    const handle = handleEnd === 0 ? '!' : tag.slice(0, handleEnd);
    return (handles.get(handle) ?? handle) + tag.slice(handle.length);
  }

  function readPairs(target: Mapping): void {
    // Keys that a merge brought in: writing them again is an override, not a slip.
    let merged: Set<string> | undefined;
    for (let event = events[at]; event !== undefined && event.type !== EVENT_ID.POP; event = events[at]) {
      if (isMerge(text, event)) {
        at++;
        merged ??= new Set();
        readMerge(target, merged, eventOffset(event));
        continue;
      }
      const key = readKey(event);
      const value = readNode();
      if (value === null) hasNull = true;
      if (key === undefined) continue;
      if (Object.hasOwn(target, key) && !merged?.delete(key)) {
        faults.push({
          offset: eventOffset(event),
          message: `the key "${key}" is given twice in one map`,
          hint: 'Keep one of the two; only the last would count.',
        });
      }
      setOwn(target, key, value);
    }
  }

  function readKey(event: Event): string | undefined {
    if (event.type === EVENT_ID.SCALAR && event.tagStart < 0 && event.anchorStart < 0) {
      at++;
      nodes++;
      const written = getScalarValue(text, event);
      const key = event.style === SCALAR_STYLE.PLAIN ? resolvePlainKey(written) : written;
      if (key === undefined) badKey(event);
      return key;
    }
    const tagged = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '';
    const faultsBefore = faults.length;
    const value = readNode();
    if (typeof value === 'object' && value !== null) badKey(event);
    // A key may be infinite: it is text in the end.
    faults.length = faultsBefore;
    const key =
      typeof value === 'object' && value !== null
        ? undefined
        : keyOf(tagged, value as string | number | boolean | null);
    if (key === undefined) badKey(event);
    return key;
  }

  function badKey(event: Event): never {
    throw new ConstructError(eventOffset(event), 'a key must be text', 'Put the key in quotes.');
  }

  /** `<<`: unlike in YAML's own text, and as in Go's parser, what stands later in the map wins. */
  function readMerge(target: Mapping, merged: Set<string>, offset: number): void {
    const source = readNode();
    const sources = Array.isArray(source) ? source.toReversed() : [source];
    for (const each of sources) {
      if (typeof each !== 'object' || each === null || Array.isArray(each)) {
        throw new ConstructError(offset, '"<<" takes a map, or a list of maps, to merge in');
      }
      for (const [key, value] of Object.entries(each)) {
        if (value === null) hasNull = true;
        setOwn(target, key, value);
        merged.add(key);
      }
    }
  }

  while (at < events.length) {
    const event = events[at++];
    if (event?.type !== EVENT_ID.DOCUMENT) break;
    anchors = new Map();
    handles = STANDARD_HANDLES;
    for (const directive of event.directives) {
      if (directive.kind !== 'tag') continue;
      if (handles === STANDARD_HANDLES) handles = new Map(STANDARD_HANDLES);
      handles.set(directive.handle, directive.prefix);
    }
    nodes = aliasNodes = depth = deepest = 0;
    hasNull = false;
    const first = events[at];
    const value = readNode();
    documents.push({ value, hasNull, offset: first === undefined ? 0 : eventOffset(first) });
    at++;
  }
  return documents;
}

function tooDeep(offset: number): ConstructError {
  return new ConstructError(offset, `the document nests deeper than ${MAX_DEPTH} levels`);
}

/** `__proto__` becomes an ordinary entry, and stays without effect. */
function setOwn(target: Mapping, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** Whether a key's event is the merge key: a plain `<<`, or one with the tag !!merge. */
export function isMerge(text: string, event: Event): event is ScalarEvent {
  return (
    event.type === EVENT_ID.SCALAR &&
    event.valueEnd - event.valueStart === 2 &&
    event.style === SCALAR_STYLE.PLAIN &&
    text.charCodeAt(event.valueStart) === 60 &&
    text.charCodeAt(event.valueStart + 1) === 60 &&
    (event.tagStart < 0 || text.slice(event.tagStart, event.tagEnd) === '!!merge')
  );
}

/** Where an event's content begins: the opening quote counts, a tag or anchor does not. */
export function eventOffset(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return scalarOffset(event);
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    default:
      return 0;
  }
}

function scalarOffset(event: ScalarEvent): number {
  if (event.valueStart < 0) return Math.max(event.anchorStart, event.tagStart, 0);
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}
