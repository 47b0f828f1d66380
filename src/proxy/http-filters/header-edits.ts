/** Headers that filters add and remove; `:path` and its like are headers of requests too. */

import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction as Append,
} from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { HeaderList } from '../http/header-list.ts';
import { headerText } from '../route/header-text.ts';
import type { StreamInfo } from '../stream-info.ts';
import { compileHeaderFormat } from '../telemetry/format.ts';
import type { FilterStream } from './filter.ts';

/** The headers of a message. */
export interface Headers {
  /** All values with commas between. */
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  remove(name: string): void;
}

/** All values of a request's header; `:path` and its like are headers, too. */
export function requestHeaderValues(stream: FilterStream, name: string): readonly string[] {
  switch (name) {
    case ':path':
      return [stream.path];
    case ':method':
      return [stream.method];
    case ':authority':
    case 'host':
      return [stream.authority];
    case ':scheme':
      return [stream.scheme];
    default:
      return stream.requestHeaders.getAll(name);
  }
}

function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(',');
}

/** Those of a request. What routes look at cannot be removed. */
export function requestHeadersOf(stream: FilterStream): Headers {
  const own = stream.requestHeaders;
  const set = (name: string, value: string) => {
    if (name === ':path') stream.path = value;
    else if (name === ':method') stream.method = value;
    else if (name === ':authority' || name === 'host') stream.authority = value;
    else own.set(name, value);
  };
  const getAll = (name: string) => requestHeaderValues(stream, name);
  return {
    get: (name) => joined(getAll(name)),
    getAll,
    has: (name) => getAll(name).length > 0,
    set,
    append: (name, value) =>
      name.startsWith(':') || name === 'host' ? set(name, value) : own.add(name, value),
    remove: (name) => {
      if (!name.startsWith(':') && name !== 'host') own.remove(name);
    },
  };
}

/** Those of a response; `:status` is a header too. */
export function responseHeadersOf(stream: FilterStream, headers: HeaderList): Headers {
  const status = (name: string, value: string, otherwise: () => void) => {
    if (name !== ':status') otherwise();
    else if (/^[1-9]\d\d$/.test(value)) stream.setResponseStatus(Number(value));
  };
  const getAll = (name: string) =>
    name === ':status' ? [String(stream.info.responseCode)] : headers.getAll(name);
  return {
    get: (name) => joined(getAll(name)),
    getAll,
    has: (name) => name === ':status' || headers.has(name),
    set: (name, value) => status(name, value, () => headers.set(name, value)),
    append: (name, value) => status(name, value, () => headers.add(name, value)),
    remove: (name) => headers.remove(name),
  };
}

export type HeaderEditor = (headers: Headers, info: StreamInfo) => void;

/** Throws a `FormatError` for operators that are not known. */
export function compileHeaderOption(option: HeaderValueOption): HeaderEditor {
  const name = headerText('header.key', option.header?.key ?? '').toLowerCase();
  const raw = option.header?.rawValue ?? new Uint8Array();
  const text = raw.length > 0 ? Buffer.from(raw).toString('utf8') : (option.header?.value ?? '');
  const format = compileHeaderFormat(headerText('header.value', text));
  const { keepEmptyValue } = option;
  const action = actionOf(option);
  return (headers, info) => {
    const value = format(info);
    if (value === '' && !keepEmptyValue) return;
    switch (action) {
      case Append.ADD_IF_ABSENT:
        if (!headers.has(name)) headers.append(name, value);
        break;
      case Append.OVERWRITE_IF_EXISTS:
        if (headers.has(name)) headers.set(name, value);
        break;
      case Append.OVERWRITE_IF_EXISTS_OR_ADD:
        headers.set(name, value);
        break;
      default:
        headers.append(name, value);
    }
  };
}

function actionOf({ append, appendAction }: HeaderValueOption): Append {
  // The older field counts when it is there.
  if (append === undefined) return appendAction;
  return append ? Append.APPEND_IF_EXISTS_OR_ADD : Append.OVERWRITE_IF_EXISTS_OR_ADD;
}

/** The headers that options make, for an answer of the filter itself. */
export function addedHeaders(editors: readonly HeaderEditor[], info: StreamInfo): [string, string][] {
  const list = new HeaderList();
  for (const edit of editors) edit(list, info);
  return [...list.entries()].map(([name, value]) => [name, value]);
}
