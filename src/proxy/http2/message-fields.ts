/** What a header block says, and whether a message may say so: RFC 9113, section 8, with what Envoy 1.40 asks for. */

import { HeaderList } from '../http/header-list.ts';
import type { SingleHeaders } from '../http/single-headers.ts';
import type { Field } from './hpack/field.ts';
import type { FieldSink } from './hpack/decoder.ts';

export interface FieldLimits {
  /** Of all names and values together. */
  readonly maxHeadBytes: number;
  /** Pseudo headers count, too. */
  readonly maxHeaders: number;
}

type Pseudo = ':method' | ':scheme' | ':authority' | ':path' | ':protocol' | ':status';

const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/** Without the name of a user, which has no place in a request. */
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]+$/;
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const NOT_IN_PATH = /[\0- \x7f]/;
const STATUS = /^[1-9]\d\d$/;
const LENGTH = /^\d{1,18}$/;

/** One for each connection, filled anew with each block. */
export class MessageFields implements FieldSink {
  readonly #limits: FieldLimits;
  list = new HeaderList();
  method: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
  path: string | undefined;
  protocol: string | undefined;
  status: string | undefined;
  /** `content-length`; -1 without one. */
  contentLength = -1;
  bytes = 0;
  count = 0;
  /** Why no message may have these fields; empty when one may. */
  problem = '';
  /** Of the names so far: see `markOf`. */
  #marks = 0;
  #mayRepeat = false;

  constructor(limits: FieldLimits) {
    this.#limits = limits;
  }

  begin(): void {
    this.list = new HeaderList();
    this.method = undefined;
    this.scheme = undefined;
    this.authority = undefined;
    this.path = undefined;
    this.protocol = undefined;
    this.status = undefined;
    this.contentLength = -1;
    this.bytes = 0;
    this.count = 0;
    this.problem = '';
    this.#marks = 0;
    this.#mayRepeat = false;
  }

  /** The list, as that of a message that has these once. */
  listOf(singles: SingleHeaders): HeaderList {
    const { list } = this;
    if (this.#mayRepeat) list.joinSingles(singles);
    else list.singles = singles;
    return list;
  }

  /** More than was agreed on; what is beyond is not in the list. */
  get excess(): 'count' | 'size' | undefined {
    if (this.bytes > this.#limits.maxHeadBytes) return 'size';
    return this.count > this.#limits.maxHeaders ? 'count' : undefined;
  }

  onField({ name, value, kind, mark }: Field, secret: boolean): void {
    this.count++;
    this.bytes += name.length + value.length;
    if (this.excess !== undefined) return;
    const { list } = this;
    switch (kind) {
      case 'regular':
        break;
      case 'pseudo':
        this.#onPseudo(name as Pseudo, value);
        return;
      case 'cookie': {
        // What comes in parts is put together: RFC 9113, section 8.2.3.
        const before = list.get('cookie');
        if (before === undefined) break;
        list.set('cookie', `${before}; ${value}`);
        return;
      }
      case 'host':
        if (list.has('host')) this.problem = 'two hosts';
        else if (!AUTHORITY.test(value)) this.problem = 'a bad host';
        break;
      case 'content-length':
        if (this.contentLength >= 0 || !LENGTH.test(value)) this.problem = 'a bad content-length';
        this.contentLength = Number(value);
        break;
      case 'te':
        if (value.toLowerCase() !== 'trailers') this.problem = 'te is not trailers';
        break;
      case 'of-connection':
        this.problem = `${name} is for HTTP/1.1`;
        return;
      case 'invalid':
        this.problem = 'invalid characters';
        return;
    }
    if ((this.#marks & mark) !== 0) this.#mayRepeat = true;
    this.#marks |= mark;
    list.append(name, value);
    if (secret) list.keepSecret(name);
  }

  #onPseudo(name: Pseudo, value: string): void {
    if (this.list.size > 0) this.problem = 'a pseudo header behind others';
    switch (name) {
      case ':method':
        if (this.method !== undefined || !TOKEN.test(value)) this.problem = 'a bad :method';
        this.method = value;
        return;
      case ':scheme':
        if (this.scheme !== undefined || !SCHEME.test(value)) this.problem = 'a bad :scheme';
        this.scheme = value;
        return;
      case ':authority':
        if (this.authority !== undefined || !AUTHORITY.test(value)) this.problem = 'a bad :authority';
        this.authority = value;
        return;
      case ':path':
        if (this.path !== undefined || value === '' || NOT_IN_PATH.test(value)) this.problem = 'a bad :path';
        this.path = value;
        return;
      case ':protocol':
        if (this.protocol !== undefined || !TOKEN.test(value)) this.problem = 'a bad :protocol';
        this.protocol = value;
        return;
      case ':status':
        if (this.status !== undefined || !STATUS.test(value)) this.problem = 'a bad :status';
        this.status = value;
        return;
      default:
        this.problem = `${String(name)} is no pseudo header`;
    }
  }

  /** Why these are no fields of a request; empty when they are. */
  requestProblem(end: boolean, allowConnect: boolean): string {
    const { method, scheme, path, protocol, problem } = this;
    if (problem !== '') return problem;
    if (method === undefined) return 'no :method';
    if (this.status !== undefined) return ':status in a request';
    if (this.authority === undefined && !this.list.has('host')) return 'no :authority';
    if (end && this.contentLength > 0) return 'content-length without a body';
    const isConnect = method === 'CONNECT';
    if (isConnect && protocol === undefined) {
      if (scheme !== undefined || path !== undefined) return 'CONNECT with a path';
      return this.authority === undefined ? 'no :authority' : '';
    }
    if (protocol !== undefined && !(isConnect && allowConnect)) return ':protocol without leave';
    if (scheme === undefined || path === undefined) return 'no :scheme or no :path';
    if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) return 'a path without a slash';
    return '';
  }

  /** Why these are no fields of a response; empty when they are. */
  responseProblem(end: boolean): string {
    const { status, problem } = this;
    if (problem !== '') return problem;
    if (status === undefined) return 'no :status';
    if (this.#isRequest || status === '101') return 'not of a response';
    return status.startsWith('1') && end ? 'an interim response ends the stream' : '';
  }

  /** Why these are no trailers; empty when they are. */
  trailersProblem(end: boolean): string {
    if (this.problem !== '') return this.problem;
    if (this.#isRequest || this.status !== undefined) return 'a pseudo header in trailers';
    return end ? '' : 'trailers without an end';
  }

  get #isRequest(): boolean {
    const { method, scheme, authority, path, protocol } = this;
    return [method, scheme, authority, path, protocol].some((pseudo) => pseudo !== undefined);
  }
}
