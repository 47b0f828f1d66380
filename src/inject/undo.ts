/** What an injection leaves behind about itself, so that it can be taken back to the byte. */

import type { Edit } from './yaml/edits.ts';
import { STATUS_MARK, quote } from './yaml/render.ts';
import { isMap } from './yaml/value.ts';
import type { Json, JsonMap } from './yaml/value.ts';

/** One replaced piece: its offset before the change, the length after it, the text before it. */
type Reversal = readonly [offset: number, length: number, text: string];

/** Replaced text that is kept in an annotation, in characters. Kubernetes allows 256 KiB for all annotations. */
const MAX_TEXT = 65_536;

export interface TextUndo {
  /** Of the object's text before injection. */
  readonly hash: string;
  /** Length of that text. */
  readonly length: number;
  readonly edits: readonly Reversal[];
}

/** The way back to `text.slice(start, end)`. Undefined where more was replaced than an annotation should carry. */
export function undoOf(
  text: string,
  start: number,
  end: number,
  edits: readonly Edit[],
): TextUndo | undefined {
  const reversals = edits.map((edit): Reversal => {
    const marked = edit.replacement.includes(STATUS_MARK);
    // The mark stands in quotes; they go with it.
    return [
      edit.start - start,
      edit.replacement.length - (marked ? STATUS_MARK.length + 2 : 0),
      text.slice(edit.start, edit.end),
    ];
  });
  const size = reversals.reduce((sum, [, , before]) => sum + before.length + 16, 0);
  if (size > MAX_TEXT || edits.some((edit) => edit.start < start || edit.end > end)) return undefined;
  const original = text.slice(start, end);
  return { hash: hashOf(original), length: original.length, edits: reversals };
}

export function undoJson({ hash, length, edits }: TextUndo): JsonMap {
  return { hash, length, edits: edits.map((one) => [...one]) };
}

/** Reads what `undoJson` made. Undefined for anything else: the annotation is anyone's to write. */
export function readUndo(value: Json | undefined): TextUndo | undefined {
  if (!isMap(value)) return undefined;
  const { hash, length, edits } = value;
  if (typeof hash !== 'string' || !isCount(length) || !Array.isArray(edits)) return undefined;
  const read: Reversal[] = [];
  for (const one of edits) {
    if (!Array.isArray(one)) return undefined;
    const [offset, count, text] = one;
    if (!isCount(offset) || !isCount(count) || typeof text !== 'string') return undefined;
    read.push([offset, count, text]);
  }
  return { hash, length, edits: read };
}

/**
 * The object's text before injection, and where the part of `text` ends that it takes the place of. The object
 * begins at `base`; `status` is where the annotation's value stands. Undefined when this is not the text that
 * the injection left.
 */
export function undoText(
  text: string,
  base: number,
  status: { readonly start: number; readonly end: number },
  undo: TextUndo,
): { readonly original: string; readonly end: number } | undefined {
  const parts: string[] = [];
  // Offsets in the text before (`was`) and in the text at hand (`is`).
  let was = 0;
  let is = base;
  for (const [offset, count, before] of undo.edits) {
    const start = is + offset - was;
    if (offset < was || start > text.length) return undefined;
    const holdsStatus = status.start >= start && status.start <= start + count;
    parts.push(text.slice(is, start), before);
    is = start + count + (holdsStatus ? status.end - status.start : 0);
    was = offset + before.length;
  }
  const rest = undo.length - was;
  if (rest < 0 || is + rest > text.length) return undefined;
  parts.push(text.slice(is, is + rest));
  const original = parts.join('');
  return hashOf(original) === undo.hash ? { original, end: is + rest } : undefined;
}

/** Puts the annotation's text where its mark stands. */
export function fillStatus(replacement: string, status: string): string {
  return replacement
    .replace(`'${STATUS_MARK}'`, () => `'${escaped(status).replaceAll("'", "''")}'`)
    .replace(`"${STATUS_MARK}"`, () => quote(status));
}

/** JSON that YAML takes in single quotes, where nothing can be escaped. */
function escaped(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Two 32-bit FNV-1a sums: it tells slips from the original, and need not withstand an attacker. */
function hashOf(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01234567;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x01000193);
  }
  return hex(low) + hex(high);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
