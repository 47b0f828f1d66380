/** The text of a head as it goes out. */

import type { HeaderList } from '../http/header-list.ts';
import { reasonPhrase } from '../http/status.ts';
import { copied } from './header-names.ts';
import { type NameStyle, styledName } from './name-style.ts';
import type { WrittenNames } from './written-names.ts';

/** What stands between one value and the next, by the name of the next. Bounded, as clients choose names, too. */
const between: Readonly<Record<NameStyle, Map<string, string>>> = { lower: new Map(), proper: new Map() };
const LINE_END = '\r\n';
const MAX_KEPT = 4_096;
const MAX_KEPT_LENGTH = 64;

function endAndName(name: string, style: NameStyle): string {
  const kept = between[style];
  const found = kept.get(name);
  if (found !== undefined) return found;
  const text = `${LINE_END}${styledName(name, style)}: `;
  if (kept.size < MAX_KEPT && name.length <= MAX_KEPT_LENGTH) kept.set(copied(name), copied(text));
  return text;
}

/** The field lines, each with its line end. `style` is for messages that bring no form of their own. */
export function fieldLines({ names, values, written }: HeaderList, style: NameStyle): string {
  const [first] = names;
  if (first === undefined) return '';
  if (written !== undefined) return writtenLines(names, values, written);
  // Two pieces a line and not four: heads are most of what is put together for a request.
  let text = endAndName(first, style).slice(LINE_END.length) + values[0];
  for (let index = 1; index < names.length; index++) {
    text += endAndName(names[index] ?? '', style) + values[index];
  }
  return text + LINE_END;
}

function writtenLines(names: readonly string[], values: readonly string[], written: WrittenNames): string {
  let text = '';
  for (const [index, name] of names.entries()) text += `${written.format(name)}: ${values[index]}${LINE_END}`;
  return text;
}

/** As `fieldLines`; Envoy writes names of trailers in lower case, whatever the style. */
export function trailerLines(trailers: HeaderList): string {
  return fieldLines(trailers, 'lower');
}

/** A field that the writer adds to those of the message. */
export interface OwnField {
  readonly name: string;
  readonly value: string;
  /** The line in each style. */
  readonly lines: Readonly<Record<NameStyle, string>>;
}

function ownField(name: string, value: string): OwnField {
  const line = (style: NameStyle): string => `${styledName(name, style)}: ${value}${LINE_END}`;
  return { name, value, lines: { lower: line('lower'), proper: line('proper') } };
}

export const CLOSE = ownField('connection', 'close');
export const KEEP_ALIVE = ownField('connection', 'keep-alive');
export const NO_LENGTH = ownField('content-length', '0');
export const IN_CHUNKS = ownField('transfer-encoding', 'chunked');

/** Its line in a message with these headers. */
export function ownLine({ name, value, lines }: OwnField, { written }: HeaderList, style: NameStyle): string {
  return written === undefined ? lines[style] : `${written.format(name)}: ${value}${LINE_END}`;
}

const statusLines: Readonly<Record<'1.0' | '1.1', string[]>> = { '1.0': [], '1.1': [] };

/** `status` has three digits. `reason` stands in place of the usual words, unless it is empty. */
export function statusLine(version: '1.0' | '1.1', status: number, reason = ''): string {
  if (reason !== '') return `HTTP/${version} ${status} ${reason}\r\n`;
  return (statusLines[version][status] ??= `HTTP/${version} ${status} ${reasonPhrase(status)}\r\n`);
}
