/** What opens a tunnel: the request to the next proxy, behind whose answer the connection's bytes go. */

import type { TcpProxy_TunnelingConfig } from '../../xds/proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { InvalidConfigError } from '../config-error.ts';
import type { OutgoingRequest } from '../http/codec.ts';
import { compileEdits } from '../http/header-edits.ts';
import { HeaderList } from '../http/header-list.ts';
import { REQUEST_SINGLES } from '../http/single-headers.ts';
import { editsOf } from '../route/headers.ts';
import type { StreamInfo } from '../stream-info.ts';
import { compileFormat } from '../telemetry/format.ts';

/**
 * `propagate_response_headers` and `_trailers` are taken and show nothing, as in Envoy, whose own operators cannot
 * read what they keep either: it is there for network filters in C++.
 */
export interface TunnelSettings {
  /** For the connection; `scheme` is what the connection to the endpoint speaks, `http` or `https`. */
  request(info: StreamInfo, scheme: string): OutgoingRequest;
}

const MAX_HEADERS = 1000;

/**
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto#extensions-filters-network-tcp-proxy-v3-tcpproxy-tunnelingconfig
 * Throws an `InvalidConfigError`, or a `FormatError` for operators that are not known.
 */
export function tunnelSettings(field: string, message: TcpProxy_TunnelingConfig): TunnelSettings {
  const { hostname, usePost, postPath, headersToAdd } = message;
  if (hostname === '') throw new InvalidConfigError(`${field}.hostname`, 'empty');
  if (postPath !== '' && !usePost) throw new InvalidConfigError(`${field}.post_path`, 'set without use_post');
  if (headersToAdd.length > MAX_HEADERS) {
    throw new InvalidConfigError(`${field}.headers_to_add`, `more than ${MAX_HEADERS}`);
  }
  for (const { header } of headersToAdd) {
    const name = (header?.key ?? '').toLowerCase();
    if (name === '' || name === 'host' || name.startsWith(':')) {
      throw new InvalidConfigError(`${field}.headers_to_add`, `"${name}" cannot be added`);
    }
  }
  const host = compileFormat(hostname);
  const { request: edits } = editsOf({
    requestHeadersToAdd: headersToAdd,
    requestHeadersToRemove: [],
    responseHeadersToAdd: [],
    responseHeadersToRemove: [],
  });
  const edit = compileEdits(edits);
  const fixed = usePost
    ? { method: 'POST', path: postPath === '' ? '/' : postPath, upgrade: '' }
    : { method: 'CONNECT', path: '', upgrade: 'CONNECT' };
  return {
    request(info, scheme) {
      const headers = new HeaderList(REQUEST_SINGLES);
      edit?.(headers, info);
      return { ...fixed, scheme, authority: host(info), headers, tunnels: true };
    },
  };
}
