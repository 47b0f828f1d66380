/** What our codec makes of bytes from a client, and how it would send that on. */

import type {
  OutgoingRequest,
  RequestReceiver,
  ResponseReceiver,
  ResponseWriter,
} from '../../../src/proxy/http/codec.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { Http1ClientConnection } from '../../../src/proxy/http1/client-connection.ts';
import type { RequestHead } from '../../../src/proxy/http1/request-head.ts';
import { Http1ServerConnection } from '../../../src/proxy/http1/server-connection.ts';
import { FakeSocket } from './fake-socket.ts';

export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
}

export interface ReadResult {
  /** Requests that came whole, in their order. */
  readonly requests: readonly ReadRequest[];
  /** The status of a refusal; undefined for none. */
  readonly refused: number | undefined;
  /** The requests as they go to a server. */
  readonly forwarded: Buffer;
}

const counter = { value: 0 };

export const OPTIONS = {
  maxHeaders: 100,
  maxHeadBytes: 60 * 1024,
  acceptHttp10: true,
  defaultHost: 'default',
  allowAbsoluteUrl: true,
  allowChunkedLength: false,
  allowCustomMethods: false,
  underscores: 'allow',
  tls: false,
  nameStyle: 'lower',
  keptForm: undefined,
  enableTrailers: true,
  idle: undefined,
  head: undefined,
  delayedClose: undefined,
  received: counter,
  sent: counter,
} as const;

const NOBODY: ResponseReceiver = {
  onReady: () => undefined,
  onInformation: () => undefined,
  onHead: () => undefined,
  onData: () => undefined,
  onTrailers: () => undefined,
  onReset: () => undefined,
  onWritable: () => undefined,
};

/** Feeds the pieces to a connection; each request is answered when it is whole. */
export function readRequests(pieces: readonly Buffer[], acceptHttp10 = true): ReadResult {
  const socket = new FakeSocket();
  const requests: ReadRequest[] = [];
  const forwarded: Buffer[] = [];
  let refused: number | undefined;

  function receiverOf(head: RequestHead, writer: ResponseWriter): RequestReceiver {
    const parts: Buffer[] = [];
    const upstream = new FakeSocket();
    const sender = new Http1ClientConnection(
      upstream.asSocket(),
      { ...OPTIONS, enableTrailers: false, closeNotices: { value: 0 } },
      { onIdle: () => undefined, onClosed: () => undefined },
    ).start(NOBODY);
    const request: OutgoingRequest = {
      method: head.method,
      authority: head.authority,
      path: head.path,
      scheme: 'http',
      headers: head.headers,
      upgrade: head.upgrade,
    };
    sender.head(request, head.end);
    const finish = () => {
      requests.push({
        method: head.method,
        target: head.method === 'CONNECT' ? head.authority : head.path,
        body: Buffer.concat(parts).toString('latin1'),
        headers: [...head.headers.entries()],
      });
      forwarded.push(upstream.output);
      writer.head(200, new HeaderList(), true);
    };
    if (head.end) finish();
    return {
      onData(chunk, end) {
        parts.push(chunk);
        sender.data(chunk, end);
        if (end) finish();
      },
      onTrailers(trailers) {
        sender.trailers(trailers);
        finish();
      },
      onReset: () => undefined,
      onRefused(status) {
        refused = status;
      },
      onWritable: () => undefined,
    };
  }

  const refuse = (status: number): RequestReceiver => {
    refused = status;
    return { ...SILENT };
  };
  void new Http1ServerConnection(
    socket.asSocket(),
    { ...OPTIONS, acceptHttp10 },
    {
      onRequest: receiverOf,
      onRefused: ({ status }) => refuse(status),
      onHeadTimeout: () => refuse(408),
      onIdleTimeout: () => undefined,
      onClosed: () => undefined,
    },
  );
  for (const piece of pieces) socket.receive(piece);
  return { requests, refused, forwarded: Buffer.concat(forwarded) };
}

const SILENT: RequestReceiver = {
  onData: () => undefined,
  onTrailers: () => undefined,
  onReset: () => undefined,
  onRefused: () => undefined,
  onWritable: () => undefined,
};
