/** gRPC for clients of HTTP/1.1: the outcome, which stands in trailers, is put into the headers of the whole answer. */

import { ConfigSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/grpc_http1_bridge/v3/config_pb.js';
import { keep } from '../sockets/reading.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { HeaderList } from '../http/header-list.ts';
import { isGrpc } from '../telemetry/grpc-status.ts';
import type { FilterKind, FilterStream, HttpFilter } from './filter.ts';
import { unpack } from './settings.ts';

const EMPTY = Buffer.alloc(0);

function filter(): HttpFilter {
  const chunks: Buffer[] = [];
  let held: HeaderList | undefined;

  /** Lets the headers go and gives the body back, which follows them. */
  function release(stream: FilterStream, headers: HeaderList): Buffer {
    const body = Buffer.concat(chunks);
    headers.set('content-length', String(body.length));
    held = undefined;
    stream.resumeResponse();
    return body;
  }

  return {
    onResponseHeaders(_, __, headers, end) {
      if (end) return 'continue';
      held = headers;
      return 'stop';
    },
    onResponseData(stream, chunk, end) {
      if (held === undefined) return chunk;
      chunks.push(keep(chunk));
      return end ? release(stream, held) : EMPTY;
    },
    onResponseTrailers(stream, trailers) {
      const headers = held;
      if (headers === undefined) return undefined;
      const status = trailers.get('grpc-status');
      if (status !== undefined) {
        if (status !== '0') stream.setResponseStatus(503);
        headers.set('grpc-status', status);
      }
      const message = trailers.get('grpc-message');
      if (message !== undefined) headers.set('grpc-message', message);
      return release(stream, headers);
    },
  };
}

export const GRPC_HTTP1_BRIDGE: FilterKind = {
  typeName: ConfigSchema.typeName,

  compile(name, settings) {
    const config = unpack(ConfigSchema, settings);
    if (config.upgradeProtobufToGrpc) throw new UnsupportedError('upgrade_protobuf_to_grpc');
    return {
      name,
      forStream(stream) {
        const isBridged = stream.info.protocol !== 'HTTP/2' && isGrpc(stream.requestHeaders);
        return isBridged ? filter() : undefined;
      },
    };
  },
};
