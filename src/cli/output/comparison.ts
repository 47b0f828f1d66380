/** Differences between manifests as text: a line a resource, and under it a line a field. */

import { printable } from '../../base/printable.ts';
import type { FieldDifference, ResourceDifference } from '../../install/diff.ts';
import { resourceTitle } from '../../install/diff.ts';

/** Colours a line that has the sign. */
export type PaintLine = (sign: string, text: string) => string;

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** Longest value that is shown whole, in UTF-16 units. */
const MAX_VALUE = 200;

/** Most lines of a text that are shown of either side. */
const MAX_LINES = 40;

/** The whole text; empty when nothing differs. */
export function formatComparison(
  differences: readonly ResourceDifference[],
  paint: PaintLine = (_sign, text) => text,
): string {
  let written = '';
  for (const difference of differences) {
    const sign = SIGNS[difference.change];
    written += `${paint(sign, `${sign} ${printable(resourceTitle(difference))}`)}\n`;
    for (const field of difference.fields ?? []) written += fieldLines(field, paint);
  }
  return written;
}

function fieldLines(field: FieldDifference, paint: PaintLine): string {
  const path = printable(field.path);
  const sign = SIGNS[field.change];
  const lead = sign === '~' ? '' : `${sign} `;
  if (field.secret === true) {
    const words = { added: 'is new', removed: 'is gone', changed: 'differs' }[field.change];
    return `    ${paint(sign, `${lead}${path}: ${words} (secret, not shown)`)}\n`;
  }
  if (field.change === 'changed') {
    if (isText(field.old) && isText(field.new)) return textLines(path, field.old, field.new, paint);
    return `    ${paint(sign, `${path}: ${show(field.old)} -> ${show(field.new)}`)}\n`;
  }
  const value = field.change === 'added' ? field.new : field.old;
  return `    ${paint(sign, `${lead}${path}: ${show(value)}`)}\n`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.includes('\n');
}

/** The lines in which two texts differ, without their common start and end. */
function textLines(path: string, old: string, now: string, paint: PaintLine): string {
  const [left, right] = [old.split('\n'), now.split('\n')];
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && left[start] === right[start]) start++;
  let end = 0;
  while (end < shorter - start && left.at(-1 - end) === right.at(-1 - end)) end++;
  const lines = (sign: string, side: readonly string[]): string => {
    const middle = side.slice(start, side.length - end);
    const shown = middle.slice(0, MAX_LINES).map((line) => paint(sign, `${sign} ${cut(printable(line))}`));
    if (middle.length > MAX_LINES) shown.push(`  (${middle.length - MAX_LINES} more lines)`);
    return shown.map((line) => `      ${line}\n`).join('');
  };
  return `    ${paint('~', `${path}: text, from line ${start + 1}`)}\n${lines('-', left)}${lines('+', right)}`;
}

/** A value on one line: a plain word as it is, anything else as JSON. */
function show(value: unknown): string {
  if (typeof value === 'string' && PLAIN.test(value)) return cut(value);
  return cut(printable(JSON.stringify(value) ?? String(value)));
}

/** Texts that nobody takes for anything else: no quotes, and no `null`, `true` or number. */
const PLAIN = /^(?!(?:true|false|null|[-+]?[\d.]+)$)[\w./:@%*+-]+$/;

function cut(text: string): string {
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}
