/** One request to a server over HTTP/2, and its answer. */

import type { Socket } from 'node:net';
import type { OutgoingRequest, RequestWriter, ResetReason, ResponseReceiver } from '../http/codec.ts';
import type { HeaderList } from '../http/header-list.ts';
import { RESPONSE_SINGLES, RESPONSE_TRAILER_SINGLES } from '../http/single-headers.ts';
import { ErrorCode } from './errors.ts';
import type { MessageFields } from './message-fields.ts';
import { Http2Stream, type StreamHost } from './stream.ts';

export interface ResponseHost extends StreamHost {
  readonly localAddress: string;
  readonly socket: Socket;
  /** What came was no HTTP/2. */
  readonly broken: boolean;
  /** False when the connection is gone. */
  begin(stream: ClientStream): boolean;
}

export class ClientStream extends Http2Stream implements RequestWriter {
  readonly protocol = 'HTTP/2';
  readonly localAddress: string;
  readonly #requests: ResponseHost;
  readonly #receiver: ResponseReceiver;
  #method = '';
  #upgrade = '';
  /** Each side of it ends by itself. */
  #tunnels = false;
  #headSent = false;
  /** Nothing more is handed on. */
  #over = false;
  /** The head of the response has come. */
  started = false;

  constructor(host: ResponseHost, receiver: ResponseReceiver) {
    super(0, host, 0);
    this.#requests = host;
    this.localAddress = host.localAddress;
    this.#receiver = receiver;
  }

  get socket(): Socket {
    return this.#requests.socket;
  }

  head(request: OutgoingRequest, end: boolean): void {
    if (this.localDone) return;
    const { method, authority, path, scheme, headers, upgrade } = request;
    this.#method = method;
    this.#upgrade = upgrade;
    this.#tunnels = request.tunnels === true;
    this.#headSent = true;
    if (!this.#requests.begin(this)) {
      // The connection went between being chosen and being used.
      this.end();
      this.onConnectionGone();
      return;
    }
    const isTunnel = upgrade === 'CONNECT';
    const pseudo = [':method', upgrade === '' || isTunnel ? method : 'CONNECT', ':authority', authority];
    if (!isTunnel) pseudo.push(':scheme', scheme, ':path', path);
    if (upgrade !== '' && !isTunnel) pseudo.push(':protocol', upgrade);
    this.sendHead(pseudo, headers, end);
  }

  reset(): void {
    this.#over = true;
    if (this.#headSent) this.close(ErrorCode.CANCEL);
    else this.end();
  }

  /** Whether the fields may come now. */
  takes(fields: MessageFields, end: boolean): boolean {
    if (this.started) return fields.trailersProblem(end) === '' && this.bodyIsWhole;
    if (fields.responseProblem(end) !== '') return false;
    return !end || fields.contentLength <= 0 || this.#isBodiless(Number(fields.status));
  }

  onFields(fields: MessageFields, end: boolean): void {
    if (this.started) {
      this.receiveTrailers(fields.listOf(RESPONSE_TRAILER_SINGLES));
      return;
    }
    const list = fields.listOf(RESPONSE_SINGLES);
    const status = Number(fields.status);
    if (status < 200) {
      if (!this.#over) this.#receiver.onInformation(status, list);
      return;
    }
    this.started = true;
    this.expectedBody = this.#isBodiless(status) ? 0 : fields.contentLength;
    const upgraded = this.#upgrade !== '' && this.#upgrade !== 'CONNECT' && status < 300;
    if (upgraded) {
      list.append('connection', 'upgrade');
      list.append('upgrade', this.#upgrade);
    }
    if (end) this.endWithHead();
    if (this.#over) return;
    if (end) this.#over = true;
    this.#receiver.onHead(upgraded ? 101 : status, list, end);
    if (end) this.#leave();
  }

  override receive(chunk: Buffer, credit: number, end: boolean): void {
    if (this.started) {
      super.receive(chunk, credit, end);
    } else {
      this.host.consumed(credit);
      this.fail(ErrorCode.PROTOCOL_ERROR);
    }
  }

  protected onBody(chunk: Buffer, end: boolean): void {
    if (this.#over) return;
    if (end && !this.#tunnels) this.#over = true;
    this.#receiver.onData(chunk, end);
    if (end) this.#leave();
  }

  protected onTrailers(trailers: HeaderList): void {
    if (this.#over) return;
    if (!this.#tunnels) this.#over = true;
    this.#receiver.onTrailers(trailers);
    this.#leave();
  }

  onWritable(): void {
    if (!this.#over) this.#receiver.onWritable();
  }

  onReset(code: number, byPeer: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.onReset(byPeer ? reasonOf(code) : 'protocol-error', '');
  }

  onConnectionGone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.onReset(this.#requests.broken ? 'protocol-error' : 'connection-termination', '');
  }

  protected onSent(): void {
    // The answer may take its time.
  }

  #isBodiless(status: number): boolean {
    return this.#method === 'HEAD' || status === 204 || status === 304;
  }

  /** A server that answers before it has heard all wants no more: what is left of the request goes nowhere. */
  #leave(): void {
    if (!this.localDone && !this.#tunnels) this.close(ErrorCode.NO_ERROR);
  }
}

function reasonOf(code: number): ResetReason {
  switch (code) {
    case ErrorCode.REFUSED_STREAM:
      return 'remote-refused';
    case ErrorCode.PROTOCOL_ERROR:
      return 'protocol-error';
    default:
      return 'remote-reset';
  }
}
