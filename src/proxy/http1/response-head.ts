/** The head of a response, as Envoy 1.40 takes it from the servers behind it. */

import { HeaderList } from '../http/header-list.ts';
import { RESPONSE_SINGLES } from '../http/single-headers.ts';
import { readFields } from './fields.ts';
import { KnownLines } from './known-lines.ts';
import { BOTH_LENGTHS, MALFORMED, type Refusal, UNKNOWN_ENCODING } from './refusal.ts';
import { CHUNKED, CONTROLS, UNTIL_CLOSE, isLength } from './request-head.ts';
import { type KeptForm, WrittenNames } from './written-names.ts';

const lines = new KnownLines();

export interface ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
  /** Bytes of the body, `CHUNKED` or `UNTIL_CLOSE`. */
  readonly length: number;
  readonly keepAlive: boolean;
  readonly headBytes: number;
}

export interface ResponseHeadOptions {
  readonly maxHeaders: number;
  readonly allowChunkedLength: boolean;
  /** What is remembered of how names are written; undefined for nothing. */
  readonly keptForm: KeptForm | undefined;
}

const STATUS_LINE = /^HTTP\/(\d)\.(\d)[\t\r ]+\+?0*([1-9]\d\d)(?:[\t\r ].*)?$/s;

/** Reads the head that the text begins with, all of it. `method` is that of the request. */
export function parseResponseHead(
  text: string,
  method: string,
  options: ResponseHeadOptions,
): ResponseHead | Refusal {
  const lineEnd = text.indexOf('\n');
  let status: number;
  let recent = true;
  if (text.startsWith('HTTP/1.1 200 OK\r\n')) {
    status = 200;
  } else {
    const line = text.slice(0, text.charCodeAt(lineEnd - 1) === 13 ? lineEnd - 1 : lineEnd);
    const parts = STATUS_LINE.exec(line);
    if (parts === null || CONTROLS.test(line)) return MALFORMED;
    status = Number(parts[3]);
    recent = parts[1] === '1' && parts[2] === '1';
  }
  const headers = new HeaderList(RESPONSE_SINGLES);
  if (options.keptForm !== undefined) {
    headers.written = new WrittenNames(options.keptForm);
    headers.written.rememberReason(text.slice(0, lineEnd));
  }
  const headBytes = readFields(text, lineEnd + 1, headers, options.maxHeaders, lines);
  if (typeof headBytes !== 'number') return headBytes;

  const { names, values } = headers;
  let contentLength: string | undefined;
  let encoding: string | undefined;
  let connection: string | undefined;
  let kept = 0;
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? '';
    const value = values[index] ?? '';
    switch (name) {
      case 'content-length':
        if (contentLength !== undefined) return MALFORMED;
        contentLength = value;
        break;
      case 'transfer-encoding':
        encoding = encoding === undefined ? value : `${encoding},${value}`;
        continue;
      case 'connection':
      case 'proxy-connection':
        connection = connection === undefined ? value : `${connection},${value}`;
        if (status !== 101 || name !== 'connection') continue;
        break;
      case 'upgrade':
        if (status !== 101) continue;
        break;
      case 'keep-alive':
        continue;
      default:
    }
    if (kept !== index) {
      names[kept] = name;
      values[kept] = value;
    }
    kept++;
  }
  headers.shorten(kept);

  // A length beside chunks that may stand there counts for nothing, whatever it says.
  const ignored = encoding !== undefined && options.allowChunkedLength;
  if (contentLength !== undefined && !ignored && !isLength(contentLength)) return MALFORMED;
  const tokens = connection === undefined ? '' : connection.toLowerCase();
  const keepAlive = recent ? !tokens.includes('close') : tokens.includes('keep-alive');
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  if (status === 204 || status < 200) {
    // It has no body; a server that speaks of one is not to be trusted with the connection.
    if (encoding !== undefined || (contentLength ?? '0') !== '0') return MALFORMED;
    if (contentLength !== undefined) headers.remove('content-length');
  }
  let length: number;
  if (encoding !== undefined) {
    if (contentLength !== undefined) {
      if (!options.allowChunkedLength) return BOTH_LENGTHS;
      headers.remove('content-length');
    }
    if (encoding.toLowerCase() !== 'chunked') return UNKNOWN_ENCODING;
    length = CHUNKED;
  } else {
    length = contentLength === undefined ? UNTIL_CLOSE : Number(contentLength);
  }
  return { status, headers, length: bodiless ? 0 : length, keepAlive, headBytes };
}
