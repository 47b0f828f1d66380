/** gRPC-Web of browsers made gRPC, and back: base64 where it is asked for, trailers as a last message. */

import { GrpcWebSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js';
import type { HeaderList } from '../http/header-list.ts';
import { NO_BYTES, grpcStatusOf, percentEncoded } from '../http/local-reply.ts';
import { keep } from '../sockets/reading.ts';
import type { FilterKind, FilterStream, HttpFilter } from './filter.ts';
import { frame } from './grpc-frames.ts';
import { unpack } from './settings.ts';

const BINARY = /^application\/grpc-web(\+proto)?$/;
const GRPC = /^application\/grpc(\+|;|$)/;
const TEXT = /^application\/grpc-web-text(\+proto)?$/;

/** Marks the message that holds trailers. */
const TRAILERS = 0x80;

/** Base64 in pieces that need not end where groups of four do. */
class Base64Decoder {
  #rest = '';

  decode(chunk: Buffer): Buffer {
    const text = this.#rest + chunk.toString('latin1');
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    // Each message may have padding of its own.
    const parts = text.slice(0, whole).match(/[^=]+={0,2}/g) ?? [];
    return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
  }
}

function trailersText(trailers: HeaderList): Buffer {
  return Buffer.from(
    [...trailers.entries()].map(([name, value]) => `${name}:${value}\r\n`).join(''),
    'latin1',
  );
}

/** Bytes as base64, without padding between pieces. */
class Base64Encoder {
  #rest = Buffer.alloc(0);

  encode(chunk: Buffer, isLast: boolean): Buffer {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const whole = isLast ? bytes.length : bytes.length - (bytes.length % 3);
    this.#rest = bytes.subarray(whole);
    return Buffer.from(bytes.subarray(0, whole).toString('base64'), 'latin1');
  }
}

/** Bytes of an answer that is no gRPC which become the message of its status. */
const MAX_MESSAGE = 16_384;

/** An answer that is no gRPC, until its body has come: what it says is for the call's status. */
class ForeignAnswer {
  readonly #status: number;
  readonly #headers: HeaderList;
  readonly #chunks: Buffer[] = [];
  #left = MAX_MESSAGE;

  constructor(status: number, headers: HeaderList) {
    this.#status = status;
    this.#headers = headers;
  }

  add(chunk: Buffer): void {
    if (this.#left === 0 || chunk.length === 0) return;
    const part = chunk.subarray(0, this.#left);
    this.#left -= part.length;
    this.#chunks.push(keep(part));
  }

  release(stream: FilterStream): Buffer {
    this.#headers.set('grpc-message', percentEncoded(Buffer.concat(this.#chunks)));
    this.#headers.set('grpc-status', String(grpcStatusOf(this.#status)));
    this.#headers.set('content-length', '0');
    stream.resumeResponse();
    return NO_BYTES;
  }
}

function filterFor(type: string, accept: string): HttpFilter {
  const decoder = TEXT.test(type) ? new Base64Decoder() : undefined;
  const encoder = TEXT.test(accept) ? new Base64Encoder() : undefined;
  let foreign: ForeignAnswer | undefined;
  const write = (bytes: Buffer, isLast: boolean) => encoder?.encode(bytes, isLast) ?? bytes;

  return {
    onRequestHeaders({ requestHeaders: headers }) {
      headers.set('content-type', 'application/grpc');
      headers.remove('content-length');
      headers.set('te', 'trailers');
      headers.set('grpc-accept-encoding', 'identity');
      return 'continue';
    },
    onRequestData: (_, chunk) => decoder?.decode(chunk) ?? chunk,
    onResponseHeaders(_, status, headers, end) {
      const answered = headers.get('content-type') ?? '';
      headers.remove('content-length');
      headers.set(
        'content-type',
        encoder === undefined ? 'application/grpc-web+proto' : 'application/grpc-web-text+proto',
      );
      const isGrpc = status === 200 && (GRPC.test(answered) || BINARY.test(answered));
      if (isGrpc || end) return 'continue';
      foreign = new ForeignAnswer(status, headers);
      return 'stop';
    },
    onResponseData(stream, chunk, end) {
      if (foreign === undefined) return write(chunk, end);
      foreign.add(chunk);
      return end ? foreign.release(stream) : NO_BYTES;
    },
    onResponseTrailers(stream, trailers) {
      if (foreign !== undefined) return foreign.release(stream);
      const last = frame(TRAILERS, trailersText(trailers));
      for (const name of new Set(trailers.names)) trailers.remove(name);
      return write(last, true);
    },
  };
}

export const GRPC_WEB: FilterKind = {
  typeName: GrpcWebSchema.typeName,

  compile(name, settings) {
    unpack(GrpcWebSchema, settings);
    return {
      name,
      forStream({ requestHeaders }) {
        const type = requestHeaders.get('content-type') ?? '';
        if (!BINARY.test(type) && !TEXT.test(type)) return undefined;
        return filterFor(type, requestHeaders.get('accept') ?? '');
      },
    };
  },
};
