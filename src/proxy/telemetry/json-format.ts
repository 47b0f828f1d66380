/** Access logs in JSON: an object whose texts are formats; numbers stay numbers, and keys are sorted, as in Envoy. */

import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { StreamInfo } from '../stream-info.ts';
import { utf8Bytes, utf8Text } from './bytes.ts';
import { type Format, type FormatOptions, formatParts, valueText } from './format.ts';
import type { FormatValue } from './operators/operator.ts';

/** Undefined for what is left out. */
type Writer = (info: StreamInfo) => string | undefined;

/** One line without its end. Throws a `FormatError`. */
export function compileJsonFormat(format: JsonObject, options: FormatOptions): Format {
  const write = objectWriter(format, options);
  return (info) => write(info) ?? '{}';
}

function writerOf(value: JsonValue, options: FormatOptions): Writer {
  if (typeof value === 'string') return textWriter(value, options);
  if (Array.isArray(value)) return listWriter(value, options);
  if (typeof value === 'object' && value !== null) return objectWriter(value, options);
  const text = JSON.stringify(value);
  return () => text;
}

function objectWriter(format: JsonObject, options: FormatOptions): Writer {
  const fields = Object.keys(format)
    .sort()
    .map((key) => [`${jsonText(utf8Bytes(key))}:`, writerOf(format[key] ?? null, options)] as const);
  return (info) => {
    let text = '';
    for (const [key, write] of fields) {
      const value = write(info);
      if (value !== undefined) text += text === '' ? key + value : `,${key}${value}`;
    }
    return `{${text}}`;
  };
}

function listWriter(format: readonly JsonValue[], options: FormatOptions): Writer {
  const items = format.map((item) => writerOf(item, options));
  return (info) =>
    `[${items
      .map((write) => write(info))
      .filter((value) => value !== undefined)
      .join(',')}]`;
}

/** A single operator gives its value as it is, several parts a text. */
function textWriter(format: string, options: FormatOptions): Writer {
  const parts = formatParts(format, options);
  const [only] = parts;
  const absent = options.omitEmpty === true ? undefined : 'null';
  if (parts.length === 1 && only !== undefined) {
    if (typeof only !== 'string') return (info) => jsonValue(only(info)) ?? absent;
    const text = jsonText(only);
    return () => text;
  }
  const empty = options.omitEmpty === true ? '' : '-';
  return (info) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : (valueText(part(info)) ?? empty);
    return jsonText(text);
  };
}

function jsonValue(value: FormatValue): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? jsonText(value) : utf8Bytes(JSON.stringify(value));
}

/** Bytes that are no UTF-8 are written as escapes, with the other characters that need one. */
function jsonText(bytes: string): string {
  const text = utf8Text(bytes);
  if (text !== undefined) return utf8Bytes(JSON.stringify(text));
  const escaped = bytes.replaceAll(
    // oxlint-disable-next-line no-control-regex -- these are what has to be escaped
    /[\u0000-\u001f"\\\u007f-\u00ff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}
