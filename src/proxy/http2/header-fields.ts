/** Headers between our lists and those of the runtime's HTTP/2. */

import type { OutgoingHttpHeaders } from 'node:http2';
import { HeaderList } from '../http/header-list.ts';

/** What concerns one connection of HTTP/1.1, and has no place here. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
]);

/** Puts the list's headers into those that go out; of one name all values together. */
export function addFields(outgoing: OutgoingHttpHeaders, { names, values }: HeaderList): OutgoingHttpHeaders {
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? '';
    const value = values[index] ?? '';
    if (OF_CONNECTIONS.has(name) || (name === 'te' && value !== 'trailers')) continue;
    const before = outgoing[name];
    if (before === undefined) outgoing[name] = value;
    else if (name === 'set-cookie')
      outgoing[name] = Array.isArray(before) ? [...before, value] : [String(before), value];
    else outgoing[name] = `${String(before)}${name === 'cookie' ? '; ' : ','}${value}`;
  }
  return outgoing;
}

/** Of names and values in turns; pseudo headers are left out, and what cookies come in parts is put together. */
export function listOf(raw: readonly string[]): HeaderList {
  const list = new HeaderList();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (name.charCodeAt(0) === 0x3a) continue;
    const value = raw[index + 1] ?? '';
    if (name === 'cookie' && list.has('cookie')) list.set('cookie', `${list.get('cookie') ?? ''}; ${value}`);
    else list.append(name, value);
  }
  return list;
}

/** The pseudo header of that name; empty without one. */
export function pseudo(raw: readonly string[], name: string): string | undefined {
  for (let index = 0; index < raw.length; index += 2) if (raw[index] === name) return raw[index + 1];
  return undefined;
}

/** Bytes of the fields as HTTP/1.1 would write them. */
export function bytesOf(raw: readonly string[]): number {
  let bytes = 0;
  for (const part of raw) bytes += part.length;
  return bytes;
}

export type RawHeaders = readonly string[];
