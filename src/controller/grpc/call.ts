/** One call on a gRPC server: messages as bytes in both directions, and a status at its end. */

import { constants, type ServerHttp2Stream } from 'node:http2';
import { type Deframer, framed } from './framing.ts';
import { GRPC_STATUS, type GrpcStatus, statusMessage } from './status.ts';

/** Takes what the client sends. */
export interface CallHandler {
  /** The bytes hold until it returns. */
  message(bytes: Buffer): void;
  /** Called once, however the call ends. */
  ended(): void;
}

/** The peer of calls over a Unix domain socket. */
export const LOCAL_SOCKET = 'a local socket';

/** Takes a call. */
export type Method = (call: ServerCall) => CallHandler;

export class ServerCall {
  /** The client's address and port. */
  readonly peer: string;
  readonly #stream: ServerHttp2Stream;
  readonly #deframer: Deframer;
  #handler: CallHandler | undefined;
  #trailers: Readonly<Record<string, string>> = { 'grpc-status': String(GRPC_STATUS.ok) };
  #isFinished = false;

  constructor(stream: ServerHttp2Stream, peer: string, deframer: Deframer) {
    this.#stream = stream;
    this.peer = peer;
    this.#deframer = deframer;
  }

  /** Answers the call by a method. */
  serve(method: Method): void {
    const stream = this.#stream;
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers(this.#trailers));
    stream.on('error', () => {});
    stream.on('data', (part: Buffer) => this.#take(part));
    stream.on('end', () => this.finish('ok', ''));
    stream.on('close', () => this.#end());
    this.#handler = method(this);
  }

  #take(part: Buffer): void {
    if (this.#isFinished) return;
    const fault = this.#deframer.take(part, (message) => {
      if (!this.#isFinished) this.#handler?.message(message);
    });
    if (fault !== undefined) this.finish(fault.status, fault.message);
  }

  /** Sends a message, given in pieces; `done` is called when it is on its way, and when it never will be. */
  write(pieces: readonly Buffer[], done: () => void): void {
    const stream = this.#stream;
    if (this.#isFinished || stream.destroyed || stream.writableEnded) {
      done();
      return;
    }
    const parts = framed(pieces);
    const last = parts.length - 1;
    if (last > 0) stream.cork();
    for (const [index, part] of parts.entries()) {
      if (index === last) stream.write(part, () => done());
      else stream.write(part);
    }
    if (last > 0) stream.uncork();
  }

  /** Ends the call: what was written before is sent, then the status. */
  finish(status: GrpcStatus, message: string): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#trailers = {
      'grpc-status': String(GRPC_STATUS[status]),
      ...(message !== '' && { 'grpc-message': statusMessage(message) }),
    };
    this.#deframer.clear();
    this.#stream.end();
    // What still comes is of no interest.
    this.#stream.resume();
    this.#end();
  }

  /** Ends the call at once: whoever does not read would never see a status. */
  abort(): void {
    this.#isFinished = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#end();
  }

  #end(): void {
    this.#deframer.clear();
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.ended();
  }
}
