/**
 * What a protocol is to the connection manager (where it answers) and to the router (where it asks). Pieces of a body may
 * be lent: who holds one for longer than the call keeps it (`sockets/reading.ts`).
 */

import type { Socket } from 'node:net';
import type { HeaderList } from './header-list.ts';

/** Why a stream ended before its end; Envoy's words for it are in `reset-reasons.ts`. */
export type ResetReason =
  | 'connection-failure'
  | 'connection-timeout'
  | 'connection-termination'
  | 'remote-reset'
  | 'remote-refused'
  | 'local-reset'
  | 'local-refused'
  | 'overflow'
  | 'protocol-error';

/** A request as a codec has read it. */
export interface IncomingRequest {
  readonly method: string;
  readonly authority: string;
  /** Empty for CONNECT. */
  readonly path: string;
  /** Of HTTP/2 alone; empty elsewhere. */
  readonly scheme: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly headers: HeaderList;
  /** False when the client named no host. */
  readonly hasAuthority: boolean;
  /** The protocol to go over to, or `CONNECT`; empty for none. */
  readonly upgrade: string;
  readonly expectsContinue: boolean;
  /** There is no body and there are no trailers. */
  readonly end: boolean;
  readonly headBytes: number;
}

/** Told what comes of one request after its head. */
export interface RequestReceiver {
  onData(chunk: Buffer, end: boolean): void;
  /** The end of the request. */
  onTrailers(trailers: HeaderList): void;
  /** The client is gone, or broke the protocol; nothing more comes, and nothing can be written. */
  onReset(reason: ResetReason, details: string): void;
  /** What came is no HTTP: it is answered so when nothing has been answered yet. */
  onRefused(status: number, details: string): void;
  /** There is room again, after a write said that there is none. */
  onWritable(): void;
}

/** Answers one request. */
export interface ResponseWriter {
  /** An interim response. */
  inform(status: number, headers: HeaderList): void;
  head(status: number, headers: HeaderList, end: boolean): void;
  /** False when the caller should wait for `onWritable`. */
  data(chunk: Buffer, end: boolean): boolean;
  trailers(trailers: HeaderList): void;
  /** Gives up: the client sees that the response is not whole. */
  reset(reason: ResetReason): void;
  /** No more of the request is read until `resume`. */
  pause(): void;
  resume(): void;
  /** The connection closes once this response is done. Without effect on HTTP/2. */
  closeAfter(): void;
  /** The response says that the connection ends soon. Without effect on HTTP/2, which has a frame for that. */
  drainConnection(): void;
  /** Bytes of the response's head as written. */
  readonly headBytes: number;
}

/** The connection that a request came on. */
export interface Drainable {
  /** Whether an answer that begins now says that the connection ends. */
  drains(): boolean;
}

/** A request to be sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly scheme: string;
  readonly headers: HeaderList;
  readonly upgrade: string;
  /**
   * The body is a byte stream of its own, as that of a CONNECT is: over HTTP/1.1 its end closes the connection, over
   * HTTP/2 it goes on after the answer's end.
   */
  readonly tunnels?: boolean;
}

/** Told what comes back. */
export interface ResponseReceiver {
  /** A connection was found or made; the request may be written to the stream. */
  onReady(stream: RequestWriter): void;
  onInformation(status: number, headers: HeaderList): void;
  onHead(status: number, headers: HeaderList, end: boolean): void;
  onData(chunk: Buffer, end: boolean): void;
  onTrailers(trailers: HeaderList): void;
  /** `details` are those of the transport, as `Connection refused`. */
  onReset(reason: ResetReason, details: string): void;
  onWritable(): void;
}

/** Sends one request. */
export interface RequestWriter {
  /** Empty for bytes that are no HTTP. */
  readonly protocol: 'HTTP/1.1' | 'HTTP/2' | '';
  /** As `127.0.0.1:40000`. */
  readonly localAddress: string;
  /** The connection that it writes to, once there is one. */
  readonly socket: Socket | undefined;
  head(request: OutgoingRequest, end: boolean): void;
  data(chunk: Buffer, end: boolean): boolean;
  trailers(trailers: HeaderList): void;
  /** Nothing of the response is wanted any more. */
  reset(): void;
  pause(): void;
  resume(): void;
}
