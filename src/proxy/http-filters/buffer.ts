/** Sends requests on only when they are whole, with their length. */

import type { Any } from '@bufbuild/protobuf/wkt';
import {
  BufferPerRouteSchema,
  BufferSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import { keep } from '../sockets/reading.ts';
import type { FilterKind, FilterStream, HttpFilter } from './filter.ts';
import { RouteSettings, unpack } from './settings.ts';

/** The most bytes at a route; undefined for no buffering there. */
function routeLimit(settings: Any): { readonly limit: number | undefined } {
  const { override } = unpack(BufferPerRouteSchema, settings);
  return { limit: override.case === 'buffer' ? limitOf(override.value.maxRequestBytes) : undefined };
}

function limitOf(bytes: number | undefined): number {
  if (bytes === undefined || bytes === 0) throw new UnsupportedError('a buffer without max_request_bytes');
  return bytes;
}

const EMPTY = Buffer.alloc(0);

function filterFor(limit: number): HttpFilter {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isHolding = false;

  function release(stream: FilterStream): Buffer {
    isHolding = false;
    if (!stream.requestHeaders.has('content-length')) {
      stream.requestHeaders.set('content-length', String(bytes));
      stream.requestHeaders.remove('transfer-encoding');
    }
    stream.resumeRequest();
    return Buffer.concat(chunks);
  }

  return {
    onRequestHeaders(_, end) {
      isHolding = !end;
      return end ? 'continue' : 'stop';
    },
    onRequestData(stream, chunk, end) {
      if (!isHolding) return chunk;
      bytes += chunk.length;
      if (bytes > limit) {
        isHolding = false;
        chunks.length = 0;
        stream.reply({ status: 413, body: 'Payload Too Large', details: 'request_payload_too_large' });
        return EMPTY;
      }
      chunks.push(keep(chunk));
      return end ? release(stream) : EMPTY;
    },
    onRequestTrailers(stream) {
      // Data has an end of its own when trailers follow, so nothing is left to give back here.
      if (isHolding) release(stream);
    },
  };
}

export const BUFFER: FilterKind = {
  typeName: BufferSchema.typeName,

  compile(name, settings) {
    const base = limitOf(unpack(BufferSchema, settings).maxRequestBytes);
    const routes = new RouteSettings(routeLimit);
    return {
      name,
      forStream(stream) {
        const own = routes.first(stream, name);
        const limit = own === undefined ? base : own.limit;
        return limit === undefined ? undefined : filterFor(limit);
      },
    };
  },

  checkRouteSettings(settings) {
    routeLimit(settings);
  },
};
