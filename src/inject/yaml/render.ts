/** Values as YAML or JSON text, in the style of the text around them. */

import { resolvePlain } from '../../base/yaml-scalar.ts';
import { isMap } from './value.ts';
import type { Json } from './value.ts';

export interface Style {
  /** `\n` or `\r\n`, as the text has it. */
  readonly newline: string;
  /** Columns that a list stands to the right of its key: 0 or 2. */
  readonly listOffset: number;
}

/** A text that stands for one which is known only when all others are. Of private-use characters. */
export const STATUS_MARK = '\ue000\ue001\ue000';

const NOT_IN_YAML = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
// Line breaks and what single quotes could not hold.
// oxlint-disable-next-line no-control-regex
const SPECIAL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]/;
const SAFE = /^(?:--?(?=[A-Za-z]))?[A-Za-z0-9_/.$(*][A-Za-z0-9_/.$()=:@%+,~*-]*$/;

/** Texts that came before: those of one sidecar are mostly those of the next. */
const RENDERED = new Map<string, string>();

/** A key or value on one line. Texts are quoted where they would be read as something else. */
export function renderScalar(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  const known = RENDERED.get(value);
  if (known !== undefined) return known;
  const rendered = renderText(value);
  if (value.length <= 64 && RENDERED.size < 2000) RENDERED.set(value, rendered);
  return rendered;
}

function renderText(value: string): string {
  if (value === STATUS_MARK) return `'${value}'`;
  if (SAFE.test(value) && !value.startsWith('*') && !value.endsWith(':') && !isAmbiguous(value)) return value;
  // Single quotes keep JSON inside of a text readable.
  return value.includes('"') && !SPECIAL.test(value) ? `'${value.replaceAll("'", "''")}'` : quote(value);
}

/** JSON text of a string, with all characters escaped that YAML does not allow as they are. */
export function quote(value: string): string {
  return JSON.stringify(value).replaceAll(
    NOT_IN_YAML,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Adds the lines of a block map or list that is not empty, indented by `pad`; the first one by `first`, since it may
 * stand behind a dash.
 */
export function blockLines(value: Json, style: Style, pad: string, lines: string[], first = pad): void {
  let lead = first;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (isBlock(item)) blockLines(item, style, `${pad}  `, lines, `${lead}- `);
      else lines.push(`${lead}- ${renderInline(item)}`);
      lead = pad;
    }
  } else if (isMap(value)) {
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      entryLines(key, value[key] ?? null, style, pad, lines, lead);
      lead = pad;
    }
  }
}

/** Adds the lines of `key: value`, indented by `pad`, the first one by `first`. */
export function entryLines(
  key: string,
  value: Json,
  style: Style,
  pad: string,
  lines: string[],
  first = pad,
): void {
  const name = renderScalar(key);
  if (isBlock(value)) {
    lines.push(`${first}${name}:`);
    blockLines(value, style, Array.isArray(value) && style.listOffset === 0 ? pad : `${pad}  `, lines);
  } else lines.push(`${first}${name}: ${renderInline(value)}`);
}

/** Whether a value takes lines of its own in block style. */
export function isBlock(value: Json): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (!isMap(value)) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}

function renderInline(value: Json): string {
  if (Array.isArray(value)) return '[]';
  return isMap(value) ? '{}' : renderScalar(value);
}

/** JSON; on several lines, the first of which is not indented, where `indent` says how far the others are. */
export function renderJson(value: Json, newline: string, indent: number | undefined, step: number): string {
  if (typeof value === 'string') return quote(value);
  if (!isBlock(value)) return JSON.stringify(value);
  const parts = Array.isArray(value)
    ? value.map((item) => renderJson(item, newline, inner(indent, step), step))
    : Object.entries(value as Record<string, Json>).map(
        ([key, child]) => `${quote(key)}: ${renderJson(child, newline, inner(indent, step), step)}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (indent === undefined) return `${open}${parts.join(', ')}${close}`;
  const pad = newline + ' '.repeat(indent + step);
  return `${open}${pad}${parts.join(`,${pad}`)}${newline}${' '.repeat(indent)}${close}`;
}

function inner(indent: number | undefined, step: number): number | undefined {
  return indent === undefined ? undefined : indent + step;
}

/** Whether some parser would read the text, without quotes, as something else: sixty-based numbers and dates, too. */
function isAmbiguous(text: string): boolean {
  return typeof resolvePlain(text) !== 'string' || /^[0-9][0-9_:.,-]*$/.test(text);
}
