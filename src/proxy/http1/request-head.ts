/** The head of a request, as strict and as lenient as Envoy 1.40 is about it. */

import type { IncomingRequest } from '../http/codec.ts';
import { HeaderList } from '../http/header-list.ts';
import { REQUEST_SINGLES } from '../http/single-headers.ts';
import { readFields } from './fields.ts';
import { KnownLines } from './known-lines.ts';
import {
  BODY_DISALLOWED,
  BOTH_LENGTHS,
  CONNECTION_REJECTED,
  INVALID_AUTHORITY,
  INVALID_CHARACTERS,
  MALFORMED,
  OLD_VERSION,
  Refusal,
  UNDERSCORES,
  UNKNOWN_ENCODING,
} from './refusal.ts';
import { isAuthority, isPath, parseTarget } from './target.ts';
import { type KeptForm, WrittenNames } from './written-names.ts';

const lines = new KnownLines();

/** How a body ends that is not told by its length: by chunks, when the connection closes, or never (upgrades). */
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;
export const RAW = -3;

export interface RequestHead extends IncomingRequest {
  /** Bytes of the body, `CHUNKED` or `RAW`. */
  readonly length: number;
  readonly keepAlive: boolean;
}

export interface RequestHeadOptions {
  /** Of lines; the caller bounds the bytes. */
  readonly maxHeaders: number;
  readonly acceptHttp10: boolean;
  /** The host of HTTP/1.0 requests that name none. */
  readonly defaultHost: string;
  readonly allowAbsoluteUrl: boolean;
  /** A length beside chunks is dropped, not refused. */
  readonly allowChunkedLength: boolean;
  readonly allowCustomMethods: boolean;
  readonly underscores: 'allow' | 'reject' | 'drop';
  readonly tls: boolean;
  /** What is remembered of how names are written; undefined for nothing. */
  readonly keptForm: KeptForm | undefined;
}

const METHODS: ReadonlySet<string> = new Set(
  (
    'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH ' +
    'NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE ' +
    'UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
// oxlint-disable-next-line no-control-regex -- these are what is looked for
export const CONTROLS = /[\0-\x08\v\f\x0e-\x1f\x7f]/;
const REQUEST_LINE = /^([^\0- ]+)[\0- ]+([^\0- ]+)(?:[\0- ]+([^\0- ](?:.*[^\0- ])?))?[\0- ]*$/s;
const VERSION = /^HTTP\/\d\.\d$/;
/** Names in a connection header, at most. */
const MAX_NOMINATED = 9;
const DIGITS = /^\d+$/;
/** 2^64 - 1 has twenty digits. */
const MAX_LENGTH = 18_446_744_073_709_551_615n;

/** Whether a request can begin with this byte: what does not is refused at once. */
export function beginsRequest(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** Empty for the oldest form, which has no version and no headers. */
  readonly version: string;
}

/** Reads the first line, without its end. */
export function readRequestLine(line: string, allowCustomMethods: boolean): RequestLine | Refusal {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  let method = line.slice(0, first);
  let target = line.slice(first + 1, second);
  let version = line.slice(second + 1);
  if (first <= 0 || second < 0 || version !== 'HTTP/1.1' || target === '') {
    const parts = REQUEST_LINE.exec(line);
    if (parts === null) return MALFORMED;
    if (CONTROLS.test(line)) return INVALID_CHARACTERS;
    [, method = '', target = '', version = ''] = parts;
    if (version !== '' && !VERSION.test(version)) return MALFORMED;
  }
  if (!METHODS.has(method) && !(allowCustomMethods && TOKEN.test(method))) return MALFORMED;
  return { method, target, version };
}

/** Reads the head that the text begins with: the request line, the fields, a blank line. All of it has to be there. */
export function parseRequestHead(text: string, options: RequestHeadOptions): RequestHead | Refusal {
  const lineEnd = text.indexOf('\n');
  const line = readRequestLine(
    text.slice(0, text.charCodeAt(lineEnd - 1) === 13 ? lineEnd - 1 : lineEnd),
    options.allowCustomMethods,
  );
  if (line instanceof Refusal) return line;
  const { method } = line;
  const headers = new HeaderList(REQUEST_SINGLES);
  if (options.keptForm !== undefined) headers.written = new WrittenNames(options.keptForm);
  let headBytes = lineEnd + 1;
  if (line.version !== '') {
    const read = readFields(text, headBytes, headers, options.maxHeaders, lines);
    if (typeof read !== 'number') return read;
    headBytes = read;
  }
  return new HeadReader(line, headers, options).read(method, headBytes);
}

/** Goes over the headers once and takes out what concerns the connection. */
class HeadReader {
  readonly #line: RequestLine;
  readonly #headers: HeaderList;
  readonly #options: RequestHeadOptions;
  #host: string | undefined;
  #contentLength: string | undefined;
  #transferEncoding: string | undefined;
  #connection: string | undefined;
  #proxyConnection: string | undefined;
  #upgrade: string | undefined;
  /** Where the two stand among the headers, when both are there. */
  #connectionAt = 0;
  #upgradeAt = 0;
  #te: string | undefined;
  #expectsContinue = false;

  constructor(line: RequestLine, headers: HeaderList, options: RequestHeadOptions) {
    this.#line = line;
    this.#headers = headers;
    this.#options = options;
  }

  read(method: string, headBytes: number): RequestHead | Refusal {
    const refusal = this.#sort();
    if (refusal !== undefined) return refusal;
    const head = this.#readSorted(method, headBytes);
    // From here on the client is known to speak what its first line says.
    if (!(head instanceof Refusal) || head === MALFORMED || this.#line.version === 'HTTP/1.1') return head;
    return this.#options.acceptHttp10 ? head.inOldVersion() : head;
  }

  #readSorted(method: string, headBytes: number): RequestHead | Refusal {
    const options = this.#options;
    const version = this.#line.version === 'HTTP/1.1' ? '1.1' : '1.0';
    const upgrade = method === 'CONNECT' ? 'CONNECT' : this.#chosenUpgrade();
    // Before anything else is taken out of the headers.
    if (upgrade !== '' && method !== 'CONNECT') this.#keepUpgrade(upgrade);
    const contentLength = this.#contentLength;
    if (method === 'CONNECT' && contentLength !== undefined) {
      if (contentLength !== '0') return BODY_DISALLOWED;
      this.#headers.remove('content-length');
      this.#contentLength = undefined;
    }
    const encoding = this.#transferEncoding?.toLowerCase();
    if (encoding !== undefined && contentLength !== undefined && method !== 'CONNECT') {
      if (!options.allowChunkedLength || encoding !== 'chunked') return BOTH_LENGTHS;
      this.#headers.remove('content-length');
      this.#contentLength = undefined;
    }
    if (encoding !== undefined && (encoding !== 'chunked' || method === 'CONNECT')) return UNKNOWN_ENCODING;

    const keepAlive = this.#keepAlive(version, upgrade !== '');
    if (keepAlive instanceof Refusal) return keepAlive;
    let { target: path } = this.#line;
    let authority = this.#host;
    // The usual form is known by sight.
    if (path.charCodeAt(0) !== 0x2f || !isPath(path) || method === 'CONNECT') {
      const target = parseTarget(method, path, options.allowAbsoluteUrl, options.tls);
      if (target instanceof Refusal) return target;
      path = target.path;
      authority = target.authority ?? authority;
    }

    const length = upgrade === '' ? this.#bodyLength() : RAW;

    if (version === '1.0') {
      if (!options.acceptHttp10) return OLD_VERSION;
      if (authority === undefined && options.defaultHost !== '') authority = options.defaultHost;
    }
    if (authority !== undefined && !isAuthority(authority)) return INVALID_AUTHORITY;
    return {
      method,
      authority: authority ?? '',
      path,
      scheme: '',
      protocol: version === '1.1' ? 'HTTP/1.1' : 'HTTP/1.0',
      headers: this.#headers,
      length,
      hasAuthority: authority !== undefined,
      keepAlive,
      upgrade,
      expectsContinue: this.#expectsContinue,
      end: length === 0,
      headBytes,
    };
  }

  #sort(): Refusal | undefined {
    const { names, values } = this.#headers;
    let kept = 0;
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? '';
      const value = values[index] ?? '';
      switch (name) {
        case 'host':
          this.#host = joined(this.#host, value);
          continue;
        case 'content-length':
          if (this.#contentLength !== undefined) return MALFORMED;
          this.#contentLength = value;
          break;
        case 'transfer-encoding':
          this.#transferEncoding = joined(this.#transferEncoding, value);
          continue;
        case 'connection':
          if (this.#connection === undefined)
            this.#connectionAt = this.#upgrade === undefined ? kept : kept + 1;
          this.#connection = joined(this.#connection, value);
          continue;
        case 'proxy-connection':
          this.#proxyConnection = joined(this.#proxyConnection, value);
          continue;
        case 'upgrade':
          if (this.#upgrade === undefined) this.#upgradeAt = this.#connection === undefined ? kept : kept + 1;
          this.#upgrade = joined(this.#upgrade, value);
          continue;
        case 'te': {
          const isFirst = this.#te === undefined;
          this.#te = joined(this.#te, value);
          if (!isFirst) continue;
          break;
        }
        case 'keep-alive':
          continue;
        case 'expect':
          if (value.toLowerCase() === '100-continue') this.#expectsContinue = true;
          break;
        default:
          if (this.#options.underscores !== 'allow' && name.includes('_')) {
            if (this.#options.underscores === 'reject') return UNDERSCORES;
            continue;
          }
      }
      if (kept !== index) {
        names[kept] = name;
        values[kept] = value;
      }
      kept++;
    }
    this.#headers.shorten(kept);
    // A length beside chunks that may stand there counts for nothing, whatever it says.
    const ignored = this.#transferEncoding !== undefined && this.#options.allowChunkedLength;
    const length = this.#contentLength;
    return length === undefined || ignored || isLength(length) ? undefined : MALFORMED;
  }

  /** What the connection header names goes with it: RFC 9110, section 7.6.1. */
  #keepAlive(version: '1.0' | '1.1', upgrades: boolean): boolean | Refusal {
    let keepAlive = version === '1.1';
    let namesTe = false;
    const proxy = this.#proxyConnection;
    // One that is meant for proxies can only end the connection.
    const proxyCloses = proxy !== undefined && /(?:^|,)\s*close\s*(?:,|$)/i.test(proxy);
    const connection = this.#connection;
    let named = 0;
    for (const part of connection?.toLowerCase().split(',') ?? []) {
      const token = part.trim();
      if (token === '') continue;
      if (++named > MAX_NOMINATED && !upgrades) return CONNECTION_REJECTED;
      switch (token) {
        case 'close':
          if (version === '1.1') keepAlive = false;
          break;
        case 'keep-alive':
          if (version === '1.0') keepAlive = true;
          break;
        case 'host':
          if (!upgrades) this.#host = undefined;
          break;
        case 'te':
          namesTe = true;
          break;
        case 'upgrade':
          break;
        default:
          // Who takes the connection over is told all.
          if (upgrades) break;
          // What tells who the client is cannot be talked away.
          if (token.startsWith(':') || token.startsWith('x-forwarded-')) return CONNECTION_REJECTED;
          this.#headers.remove(token);
      }
    }
    this.#keepTe(namesTe);
    return keepAlive && !proxyCloses;
  }

  /** Trailers are all that a client may say it takes. */
  #keepTe(named: boolean): void {
    const te = this.#te;
    if (te === undefined) return;
    // Envoy is exact about the word, and takes none for one, where the connection header does not name it.
    const codings = (named ? te.toLowerCase() : te).split(',');
    if (codings.some((coding) => coding.trim() === 'trailers')) this.#headers.set('te', 'trailers');
    else if (te !== '' || named) this.#headers.remove('te');
  }

  /** What takes the connection over stays where the client wrote it. */
  #keepUpgrade(upgrade: string): void {
    const connection = ['connection', this.#connection ?? 'upgrade', this.#connectionAt] as const;
    const protocol = ['upgrade', upgrade, this.#upgradeAt] as const;
    const isFirst = this.#connectionAt < this.#upgradeAt;
    for (const [name, value, at] of isFirst ? [connection, protocol] : [protocol, connection]) {
      this.#headers.names.splice(at, 0, name);
      this.#headers.values.splice(at, 0, value);
    }
  }

  /** An upgrade counts only when the connection header names it; going over to HTTP/2 is not offered. */
  #chosenUpgrade(): string {
    const upgrade = this.#upgrade;
    if (upgrade === undefined || this.#connection === undefined) return '';
    if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(this.#connection)) return '';
    // One without a name is one that nobody offers.
    if (upgrade === '') return ' ';
    if (upgrade.toLowerCase() !== 'h2c') return upgrade;
    this.#headers.remove('http2-settings');
    return '';
  }

  #bodyLength(): number {
    if (this.#transferEncoding !== undefined) return CHUNKED;
    return this.#contentLength === undefined ? 0 : Number(this.#contentLength);
  }
}

export function isLength(text: string): boolean {
  return DIGITS.test(text) && (text.length < 16 || BigInt(text) <= MAX_LENGTH);
}

/** Values of one header; empty ones add nothing. */
function joined(before: string | undefined, value: string): string {
  if (before === undefined || before === '') return value;
  return value === '' ? before : `${before},${value}`;
}
