/** What a cluster says of its connections: time limits, the HTTP version, limits of messages. */

import type { Cluster } from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { Cluster_ClusterProtocolSelection } from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
  HttpProtocolOptions as CommonOptions,
  UpstreamHttpProtocolOptions,
} from '../../xds/proto/generated/envoy/config/core/v3/protocol_pb.js';
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '../../xds/proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { nameFormat } from '../http1/name-format.ts';
import { http2Settings } from '../http2/options.ts';
import { InvalidConfigError, milliseconds, refuseFields, unpacked } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { ConnectionSettings, UpstreamProtocol } from './types.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const HOUR = 3_600_000;
const MIB = 1024 * 1024;

export interface HttpSettings {
  /** All but what the transport sockets say. */
  readonly settings: Omit<ConnectionSettings, 'tls'>;
  /** Undefined when the cluster has no options of its own. */
  readonly options: HttpProtocolOptions | undefined;
  readonly upstream: UpstreamHttpProtocolOptions | undefined;
}

/** Throws an `UnsupportedError` or `InvalidConfigError` that names the field. */
export function connectionSettings(owner: string, cluster: Cluster): HttpSettings {
  const options = httpOptions(owner, cluster);
  const { protocol, http1, http2 } = protocolOf(owner, cluster, options);
  const common = options?.commonHttpProtocolOptions ?? cluster.commonHttpProtocolOptions;
  checkCommon(owner, common);
  checkHttp1(owner, http1);
  const connectTimeout = milliseconds(cluster.connectTimeout, 5000);
  if (connectTimeout <= 0) throw new InvalidConfigError(`${owner}.connect_timeout`, 'not above 0');
  return {
    options,
    upstream: options?.upstreamHttpProtocolOptions ?? cluster.upstreamHttpProtocolOptions,
    settings: {
      connectTimeout,
      protocol,
      speaksHttp2: protocol === 'http2' || http2 !== undefined,
      idleTimeout: milliseconds(common?.idleTimeout, HOUR),
      maxConnectionDuration: milliseconds(common?.maxConnectionDuration, 0),
      maxStreamDuration: milliseconds(common?.maxStreamDuration, 0),
      maxRequestsPerConnection: common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0,
      bufferLimit: cluster.perConnectionBufferLimitBytes ?? MIB,
      maxResponseHeadersKb: 60,
      maxResponseHeaderCount: common?.maxHeadersCount ?? 100,
      http1: {
        enableTrailers: http1?.enableTrailers ?? false,
        allowChunkedLength: http1?.allowChunkedLength ?? false,
        ...nameFormat(`${owner}.http_protocol_options`, http1),
      },
      http2: http2Settings(owner, http2),
    },
  };
}

function httpOptions(owner: string, cluster: Cluster): HttpProtocolOptions | undefined {
  let found: HttpProtocolOptions | undefined;
  for (const [name, any] of Object.entries(cluster.typedExtensionProtocolOptions)) {
    const field = `${owner}.typed_extension_protocol_options[${name}]`;
    if (name !== HTTP_OPTIONS) throw new UnsupportedError(field);
    found = unpacked(field, any, HttpProtocolOptionsSchema);
    const filters = found.httpFilters.filter(({ name }) => name !== 'envoy.filters.http.upstream_codec');
    refuseFields(field, {
      http_filters: filters.length > 0,
      header_validation_config: found.headerValidationConfig !== undefined,
    });
  }
  return found;
}

interface Chosen {
  readonly protocol: UpstreamProtocol;
  readonly http1: Http1ProtocolOptions | undefined;
  readonly http2: Http2ProtocolOptions | undefined;
}

function protocolOf(owner: string, cluster: Cluster, options: HttpProtocolOptions | undefined): Chosen {
  const chosen = options?.upstreamProtocolOptions;
  switch (chosen?.case) {
    case 'explicitHttpConfig': {
      const { protocolConfig } = chosen.value;
      if (protocolConfig.case === 'http3ProtocolOptions') throw new UnsupportedError(`${owner} over HTTP/3`);
      return protocolConfig.case === 'http2ProtocolOptions'
        ? { protocol: 'http2', http1: undefined, http2: protocolConfig.value }
        : { protocol: 'http1', http1: protocolConfig.value, http2: undefined };
    }
    case 'useDownstreamProtocolConfig': {
      const { httpProtocolOptions, http2ProtocolOptions, http3ProtocolOptions } = chosen.value;
      if (http3ProtocolOptions !== undefined) throw new UnsupportedError(`${owner} over HTTP/3`);
      return { protocol: 'as-downstream', http1: httpProtocolOptions, http2: http2ProtocolOptions };
    }
    case 'autoConfig': {
      const { httpProtocolOptions, http2ProtocolOptions, http3ProtocolOptions } = chosen.value;
      if (http3ProtocolOptions !== undefined) throw new UnsupportedError(`${owner} over HTTP/3`);
      return { protocol: 'by-alpn', http1: httpProtocolOptions, http2: http2ProtocolOptions };
    }
    default: {
      const http1 = cluster.httpProtocolOptions;
      const http2 = cluster.http2ProtocolOptions;
      if (cluster.protocolSelection === Cluster_ClusterProtocolSelection.USE_DOWNSTREAM_PROTOCOL) {
        return { protocol: 'as-downstream', http1, http2 };
      }
      return { protocol: http2 === undefined ? 'http1' : 'http2', http1, http2 };
    }
  }
}

function checkCommon(owner: string, options: CommonOptions | undefined): void {
  if (options === undefined) return;
  refuseFields(`${owner}.common_http_protocol_options`, {
    headers_with_underscores_action: options.headersWithUnderscoresAction !== 0,
  });
}

function checkHttp1(owner: string, options: Http1ProtocolOptions | undefined): void {
  if (options === undefined) return;
  refuseFields(`${owner}.http_protocol_options`, {
    send_fully_qualified_url: options.sendFullyQualifiedUrl,
  });
}
