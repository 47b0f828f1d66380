/** The text of a head as it goes out. */

import type { HeaderList } from '../http/header-list.ts';
import { reasonPhrase } from '../http/status.ts';

/** How header names are written: as they are, or `Like-This`. */
export type NameStyle = 'lower' | 'proper';

/** Of names that are written `Like-This`; names are few, and bounded where clients choose them. */
const proper = new Map<string, string>();
const MAX_PROPER = 4_096;

/** The first letter and those behind what is no letter or digit in upper case. */
export function properName(name: string): string {
  let written = proper.get(name);
  if (written === undefined) {
    written = name.replaceAll(/(?:^|[^a-z0-9])[a-z]/g, (match) => match.toUpperCase());
    if (proper.size < MAX_PROPER) proper.set(name, written);
  }
  return written;
}

/** The field lines, each with its line end. */
export function fieldLines({ names, values }: HeaderList, style: NameStyle): string {
  let text = '';
  if (style === 'lower') {
    for (let index = 0; index < names.length; index++) text += `${names[index]}: ${values[index]}\r\n`;
    return text;
  }
  for (let index = 0; index < names.length; index++) {
    text += `${properName(names[index] ?? '')}: ${values[index]}\r\n`;
  }
  return text;
}

const statusLines: Readonly<Record<'1.0' | '1.1', string[]>> = { '1.0': [], '1.1': [] };

/** `status` has three digits. */
export function statusLine(version: '1.0' | '1.1', status: number): string {
  return (statusLines[version][status] ??= `HTTP/${version} ${status} ${reasonPhrase(status)}\r\n`);
}
