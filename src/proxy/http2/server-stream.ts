/** One request of a client over HTTP/2, and its answer. */

import type { IncomingRequest, RequestReceiver, ResetReason, ResponseWriter } from '../http/codec.ts';
import { Deadline, type DeadlineOwner, type Deadlines } from '../http/deadlines.ts';
import type { HeaderList } from '../http/header-list.ts';
import { REQUEST_SINGLES } from '../http/single-headers.ts';
import { ErrorCode } from './errors.ts';
import type { MessageFields } from './message-fields.ts';
import { Http2Stream, type StreamHost } from './stream.ts';
import { turnTime } from '../sockets/turn.ts';

/** The connection, as far as requests are concerned. */
export interface RequestHost extends StreamHost {
  readonly flushLimit: Deadlines | undefined;
  onFlushTimeout(): void;
  onRequestEnd(premature: boolean): void;
  drain(): void;
}

export interface RequestOwner {
  onRequest(request: IncomingRequest, writer: ResponseWriter): RequestReceiver;
}

/** A request that is taken back within so many milliseconds was asked in vain: Envoy's `premature_reset_min_stream_lifetime_seconds`. */
const PREMATURE = 2_000;
const NO_BYTES = Buffer.alloc(0);

export class ServerStream extends Http2Stream implements ResponseWriter, DeadlineOwner {
  readonly #requests: RequestHost;
  readonly #request: IncomingRequest;
  readonly #startTime = turnTime();
  #receiver: RequestReceiver | undefined;
  #answered = false;
  /** Those above have said all that they have to say. */
  #responseDone = false;
  #flush: Deadline | undefined;
  headBytes = 0;

  constructor(id: number, host: RequestHost, sendWindow: number, fields: MessageFields, end: boolean) {
    super(id, host, sendWindow);
    this.#requests = host;
    this.#request = incomingRequest(fields, end);
    this.expectedBody = fields.contentLength;
    if (end) this.endWithHead();
  }

  begin(owner: RequestOwner): void {
    const receiver = owner.onRequest(this.#request, this);
    if (this.#responseDone) return;
    this.#receiver = receiver;
    // One that goes over to another protocol begins open, and may end at once.
    if (this.remoteDone && !this.#request.end) receiver.onData(NO_BYTES, true);
  }

  inform(status: number, headers: HeaderList): void {
    if (this.#answered || this.localDone) return;
    this.sendHead([':status', String(status)], headers, false);
  }

  head(status: number, headers: HeaderList, end: boolean): void {
    if (this.localDone) return;
    this.#answered = true;
    // What answers an upgrade of HTTP/1.1 is a success here.
    const shown = status === 101 ? 200 : status;
    const { names, values } = headers;
    for (let index = 0; index < names.length; index++) {
      this.headBytes += (names[index]?.length ?? 0) + (values[index]?.length ?? 0);
    }
    const bodiless = this.#request.method === 'HEAD' || status === 204 || status === 304;
    if (end) this.#done();
    this.sendHead([':status', String(shown)], headers, end || bodiless);
  }

  override data(chunk: Buffer, end: boolean): boolean {
    if (end) this.#done();
    const room = super.data(chunk, end);
    if (end && !this.localDone) this.#limitFlush();
    return room;
  }

  override trailers(trailers: HeaderList): void {
    this.#done();
    super.trailers(trailers);
    if (!this.localDone) this.#limitFlush();
  }

  reset(reason: ResetReason): void {
    this.#done();
    this.close(reason === 'protocol-error' ? ErrorCode.PROTOCOL_ERROR : ErrorCode.INTERNAL_ERROR);
  }

  closeAfter(): void {
    // One answer does not end a connection that others use.
  }

  drainConnection(): void {
    this.#requests.drain();
  }

  /** The end of the answer waits for a client that takes nothing. */
  onDeadline(): void {
    if (this.removed) return;
    this.#requests.onFlushTimeout();
    this.close(ErrorCode.NO_ERROR);
  }

  protected onBody(chunk: Buffer, end: boolean): void {
    this.#receiver?.onData(chunk, end);
  }

  protected onTrailers(trailers: HeaderList): void {
    this.#receiver?.onTrailers(trailers);
  }

  onWritable(): void {
    this.#receiver?.onWritable();
  }

  onReset(_code: number, byPeer: boolean): void {
    this.#over('remote-reset', byPeer);
  }

  onConnectionGone(): void {
    this.#over('connection-termination', false);
  }

  /** The answer is whole; what the client still sends is not wanted. */
  protected onSent(): void {
    this.#flush?.cancel();
    if (!this.remoteDone) this.close(ErrorCode.NO_ERROR);
  }

  override end(): void {
    this.#flush?.cancel();
    super.end();
  }

  #over(reason: ResetReason, byPeer: boolean): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (this.#responseDone) return;
    this.#responseDone = true;
    const soon = turnTime() - this.#startTime < PREMATURE;
    receiver?.onReset(reason, '');
    this.#requests.onRequestEnd(byPeer && !this.#answered && soon);
  }

  #done(): void {
    this.#receiver = undefined;
    if (this.#responseDone) return;
    this.#responseDone = true;
    this.#requests.onRequestEnd(false);
  }

  #limitFlush(): void {
    const { flushLimit } = this.#requests;
    flushLimit?.start((this.#flush ??= new Deadline(this)), turnTime());
  }
}

function incomingRequest(fields: MessageFields, end: boolean): IncomingRequest {
  const { method = '', protocol = '' } = fields;
  const headers = fields.listOf(REQUEST_SINGLES);
  const authority = fields.authority ?? headers.get('host');
  headers.remove('host');
  const upgrade = protocol === '' ? (method === 'CONNECT' ? 'CONNECT' : '') : protocol;
  if (protocol !== '') {
    // Behind the proxy it is what HTTP/1.1 calls an upgrade.
    headers.append('connection', 'upgrade');
    headers.append('upgrade', protocol);
  }
  return {
    method: protocol === '' ? method : 'GET',
    authority: authority ?? '',
    path: fields.path ?? '',
    scheme: fields.scheme ?? '',
    protocol: 'HTTP/2',
    headers,
    hasAuthority: authority !== undefined,
    upgrade,
    expectsContinue: headers.get('expect')?.toLowerCase() === '100-continue',
    end: end && upgrade === '',
    headBytes: fields.bytes,
  };
}
