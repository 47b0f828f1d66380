/** The text of a head as it goes out. */

import type { HeaderList } from '../http/header-list.ts';
import { reasonPhrase } from '../http/status.ts';
import { copied } from './header-names.ts';

/** How header names are written: as they are, or `Like-This`. */
export type NameStyle = 'lower' | 'proper';

/** What stands between one value and the next, by the name of the next. Bounded, as clients choose names, too. */
const between: Readonly<Record<NameStyle, Map<string, string>>> = { lower: new Map(), proper: new Map() };
const LINE_END = '\r\n';
const MAX_KEPT = 4_096;
const MAX_KEPT_LENGTH = 64;

/** The first letter and those behind what is no letter or digit in upper case. */
function properName(name: string): string {
  return name.replaceAll(/(?:^|[^a-z0-9])[a-z]/g, (match) => match.toUpperCase());
}

function endAndName(name: string, style: NameStyle): string {
  const kept = between[style];
  const found = kept.get(name);
  if (found !== undefined) return found;
  const text = `${LINE_END}${style === 'lower' ? name : properName(name)}: `;
  if (kept.size < MAX_KEPT && name.length <= MAX_KEPT_LENGTH) kept.set(copied(name), copied(text));
  return text;
}

/** The field lines, each with its line end. */
export function fieldLines({ names, values }: HeaderList, style: NameStyle): string {
  const [first] = names;
  if (first === undefined) return '';
  // Two pieces a line and not four: heads are most of what is put together for a request.
  let text = endAndName(first, style).slice(LINE_END.length) + values[0];
  for (let index = 1; index < names.length; index++) {
    text += endAndName(names[index] ?? '', style) + values[index];
  }
  return text + LINE_END;
}

const statusLines: Readonly<Record<'1.0' | '1.1', string[]>> = { '1.0': [], '1.1': [] };

/** `status` has three digits. */
export function statusLine(version: '1.0' | '1.1', status: number): string {
  return (statusLines[version][status] ??= `HTTP/${version} ${status} ${reasonPhrase(status)}\r\n`);
}
