/** A body in chunks: RFC 9112, section 7.1, as strict as Envoy 1.40 is. */

import { HeaderList } from '../http/header-list.ts';
import type { SingleHeaders } from '../http/single-headers.ts';
import { endOfHead, lastLine, readFields } from './fields.ts';
import { KnownLines } from './known-lines.ts';
import { HEADERS_TOO_LARGE, MALFORMED, type Refusal, UNDERSCORES } from './refusal.ts';

const lines = new KnownLines();

const LF = 10;
const CR = 13;

const MAX_DIGITS = 16;

type State = 'size' | 'extension' | 'data' | 'data-end' | 'trailers' | 'done';

export interface ChunkedLimits {
  readonly maxTrailerBytes: number;
  /** Infinity where nobody looks at trailers. */
  readonly maxHeaders: number;
  /** Names with underscores are refused. */
  readonly refusesUnderscores?: boolean;
  /** What trailers there are once; undefined when that is nothing. */
  readonly singleTrailers?: SingleHeaders;
}

/** Takes the bytes as they come; keeps nothing but what it needs to go on. */
export class ChunkedDecoder {
  readonly #limits: ChunkedLimits;
  #state: State = 'size';
  #digits = 0;
  #left = 0;
  /** Digits behind the first that is not 0. */
  #significant = 0;
  #afterCr = false;
  #trailerText = '';
  #trailerLine = 0;
  /** What trailers there were; undefined for none. */
  trailers: HeaderList | undefined;

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** The body is there; what may follow it is being read. */
  get inTrailers(): boolean {
    return this.#state === 'trailers';
  }

  /**
   * Reads on from `from`; pieces of the body go to `parts`, as views of the bytes. Gives back where it stopped:
   * at the end of the bytes, or behind the body when it is done.
   */
  decode(bytes: Buffer, from: number, parts: Buffer[]): number | Refusal {
    let at = from;
    const { length } = bytes;
    while (at < length) {
      switch (this.#state) {
        case 'size': {
          const digit = hexDigit(bytes[at] ?? 0);
          if (digit < 0) {
            if (this.#digits === 0 || !endsSize(bytes[at] ?? 0)) return MALFORMED;
            this.#state = 'extension';
            this.#afterCr = false;
            break;
          }
          // 2^64 - 1 is the most; zeros in front do not count.
          if (this.#left > 0 && ++this.#significant >= MAX_DIGITS) return MALFORMED;
          this.#left = this.#left * 16 + digit;
          this.#digits++;
          at++;
          break;
        }
        case 'extension': {
          const byte = bytes[at] ?? 0;
          at++;
          // A line ends with CR and LF; neither stands alone.
          if (this.#afterCr !== (byte === LF)) return MALFORMED;
          this.#afterCr = byte === CR;
          if (byte !== LF) break;
          this.#digits = 0;
          this.#significant = 0;
          this.#state = this.#left === 0 ? 'trailers' : 'data';
          break;
        }
        case 'data': {
          const end = Math.min(length, at + this.#left);
          parts.push(bytes.subarray(at, end));
          this.#left -= end - at;
          at = end;
          if (this.#left === 0) this.#state = 'data-end';
          break;
        }
        case 'data-end':
          // Whatever stands between a chunk and its line end is dropped.
          if (bytes[at] === LF) this.#state = 'size';
          at++;
          break;
        case 'trailers': {
          const stopped = this.#readTrailers(bytes, at);
          if (typeof stopped !== 'number') return stopped;
          at = stopped;
          break;
        }
        case 'done':
          return at;
      }
    }
    return at;
  }

  #readTrailers(bytes: Buffer, at: number): number | Refusal {
    if (this.#trailerText === '') {
      if (bytes[at] === LF) {
        this.#state = 'done';
        return at + 1;
      }
      if (bytes[at] === CR && bytes[at + 1] === LF) {
        this.#state = 'done';
        return at + 2;
      }
    }
    const before = this.#trailerText.length;
    const text = this.#trailerText + bytes.toString('latin1', at, at + this.#limits.maxTrailerBytes + 1);
    const end = endOfHead(text, this.#trailerLine);
    if ((end < 0 ? text.length : end) > this.#limits.maxTrailerBytes) return HEADERS_TOO_LARGE;
    if (end < 0) {
      this.#trailerText = text;
      this.#trailerLine = lastLine(text);
      return bytes.length;
    }
    const whole = text.slice(0, end);
    if (whole !== '\r\n' && whole !== '\n') {
      const trailers = new HeaderList(this.#limits.singleTrailers);
      const read = readFields(whole, 0, trailers, this.#limits.maxHeaders, lines);
      if (typeof read !== 'number') return read;
      if (this.#limits.refusesUnderscores === true && trailers.names.some((name) => name.includes('_'))) {
        return UNDERSCORES;
      }
      this.trailers = trailers;
    }
    this.#trailerText = '';
    this.#state = 'done';
    return at + end - before;
  }
}

function endsSize(byte: number): boolean {
  return byte === CR || byte === 0x3b || byte === 0x20 || byte === 0x09 || byte === LF;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
