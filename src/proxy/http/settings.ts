/** What a connection manager is told: Envoy's HttpConnectionManager, read once. */

import { type Cidr, cidrContains, parseIp } from '../../base/cidr.ts';
import {
  type HttpConnectionManager,
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_ForwardClientCertDetails as ClientCert,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '../../xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import {
  type Http1ProtocolOptions,
  HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores,
} from '../../xds/proto/generated/envoy/config/core/v3/protocol_pb.js';
import { UuidRequestIdConfigSchema } from '../../xds/proto/generated/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import { type NameFormat, nameFormat } from '../http1/name-format.ts';
import { type Http2Settings, http2Settings } from '../http2/options.ts';
import { InvalidConfigError, milliseconds, refuseFields, unpacked } from '../config-error.ts';
import { headerText } from '../route/header-text.ts';
import { UnsupportedError } from '../route/unsupported.ts';

export type EscapedSlashAction = 'keep' | 'reject' | 'unescape' | 'redirect';

/** `forward_client_cert_details`. */
export type ClientCertMode = 'sanitize' | 'forward-only' | 'append' | 'set' | 'always-forward';

/** Times are milliseconds, 0 for none. */
export interface ManagerSettings {
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass';
  readonly via: string;
  readonly useRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly skipXffAppend: boolean;
  isInternal(ip: string): boolean;
  readonly addUserAgent: boolean;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly requestIdInResponse: boolean;
  /** Of the uuid extension: whether the reason of a trace is put into the id. */
  readonly packTraceReason: boolean;
  readonly useRequestIdForSampling: boolean;
  readonly clientCert: ClientCertMode;
  readonly clientCertParts: {
    readonly subject: boolean;
    readonly cert: boolean;
    readonly chain: boolean;
    readonly dns: boolean;
    readonly uri: boolean;
  };
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: EscapedSlashAction;
  readonly stripPort: 'no' | 'matching' | 'any';
  readonly stripTrailingDot: boolean;
  /** What a request is refused for does not end its connection. */
  readonly keepsRefused: boolean;
  readonly proxy100Continue: boolean;
  readonly appendForwardedPort: boolean;
  /** Empty for what the connection says. */
  readonly overwriteScheme: string;
  /** Protocols that requests may go over to, in lower case, and whether they may unless their route says so. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly underscores: 'allow' | 'reject' | 'drop';
  /** 0 for as many as come. */
  readonly maxRequestsPerConnection: number;
  readonly idleTimeout: number;
  readonly maxConnectionDuration: number;
  readonly maxStreamDuration: number;
  readonly streamIdleTimeout: number;
  readonly requestTimeout: number;
  readonly requestHeadersTimeout: number;
  readonly drainTimeout: number;
  readonly delayedCloseTimeout: number;
  readonly http1: NameFormat & {
    readonly acceptHttp10: boolean;
    readonly defaultHost: string;
    readonly allowAbsoluteUrl: boolean;
    readonly allowChunkedLength: boolean;
    readonly allowCustomMethods: boolean;
    readonly enableTrailers: boolean;
  };
  readonly http2: Http2Settings;
}

const OWNER = 'http_connection_manager';
const DEFAULT_NAME = 'envoy';

/** Throws an `UnsupportedError` or `InvalidConfigError` that names the field. */
export function managerSettings(config: HttpConnectionManager): ManagerSettings {
  refuseUnknown(config);
  const common = config.commonHttpProtocolOptions;
  const details = config.setCurrentClientCertDetails;
  return {
    codec: codecOf(config.codecType),
    serverName: config.serverName === '' ? DEFAULT_NAME : headerText('server_name', config.serverName),
    serverHeader: SERVER_HEADER[config.serverHeaderTransformation],
    via: headerText('via', config.via),
    useRemoteAddress: config.useRemoteAddress ?? false,
    trustedHops: config.xffNumTrustedHops,
    skipXffAppend: config.skipXffAppend,
    isInternal: internalAddresses(config),
    addUserAgent: config.addUserAgent ?? false,
    generateRequestId: config.generateRequestId ?? true,
    preserveExternalRequestId: config.preserveExternalRequestId,
    requestIdInResponse: config.alwaysSetRequestIdInResponse,
    ...requestId(config),
    clientCert: CLIENT_CERT[config.forwardClientCertDetails],
    clientCertParts: {
      subject: details?.subject ?? false,
      cert: details?.cert ?? false,
      chain: details?.chain ?? false,
      dns: details?.dns ?? false,
      uri: details?.uri ?? false,
    },
    normalizePath: config.normalizePath ?? false,
    mergeSlashes: config.mergeSlashes,
    escapedSlashes: ESCAPED_SLASHES[config.pathWithEscapedSlashesAction],
    stripPort: config.stripMatchingHostPort
      ? 'matching'
      : config.stripPortMode.case === 'stripAnyHostPort' && config.stripPortMode.value
        ? 'any'
        : 'no',
    stripTrailingDot: config.stripTrailingHostDot,
    keepsRefused:
      config.httpProtocolOptions?.overrideStreamErrorOnInvalidHttpMessage ??
      config.streamErrorOnInvalidHttpMessage ??
      false,
    proxy100Continue: config.proxy100Continue,
    appendForwardedPort: config.appendXForwardedPort,
    overwriteScheme: schemeOf(config),
    upgrades: new Map(
      config.upgradeConfigs.map(({ upgradeType, enabled }) => [upgradeType.toLowerCase(), enabled ?? true]),
    ),
    maxHeadBytes: (config.maxRequestHeadersKb ?? 60) * 1024,
    maxHeaders: common?.maxHeadersCount ?? 100,
    underscores: UNDERSCORES[common?.headersWithUnderscoresAction ?? Underscores.ALLOW],
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    idleTimeout: milliseconds(common?.idleTimeout, 3_600_000),
    maxConnectionDuration: milliseconds(common?.maxConnectionDuration, 0),
    maxStreamDuration: milliseconds(common?.maxStreamDuration, 0),
    streamIdleTimeout: milliseconds(config.streamIdleTimeout, 300_000),
    requestTimeout: milliseconds(config.requestTimeout, 0),
    requestHeadersTimeout: milliseconds(config.requestHeadersTimeout, 0),
    drainTimeout: milliseconds(config.drainTimeout, 5_000),
    delayedCloseTimeout: milliseconds(config.delayedCloseTimeout, 1_000),
    http1: http1Settings(config.httpProtocolOptions),
    http2: http2Settings(OWNER, config.http2ProtocolOptions),
  };
}

function refuseUnknown(config: HttpConnectionManager): void {
  refuseFields(OWNER, {
    http3_protocol_options: config.http3ProtocolOptions !== undefined,
    original_ip_detection_extensions: config.originalIpDetectionExtensions.length > 0,
    early_header_mutation_extensions: config.earlyHeaderMutationExtensions.length > 0,
    proxy_status_config: config.proxyStatusConfig !== undefined,
    typed_header_validation_config: config.typedHeaderValidationConfig !== undefined,
    path_normalization_options: config.pathNormalizationOptions !== undefined,
    scoped_routes: config.routeSpecifier.case === 'scopedRoutes',
    access_log_flush_interval: config.accessLogFlushInterval !== undefined,
    flush_access_log_on_new_request: config.flushAccessLogOnNewRequest,
    'access_log_options.access_log_flush_interval':
      config.accessLogOptions?.accessLogFlushInterval !== undefined,
    'access_log_options.flush_access_log_on_new_request':
      config.accessLogOptions?.flushAccessLogOnNewRequest === true,
    represent_ipv4_remote_address_as_ipv4_mapped_ipv6: config.representIpv4RemoteAddressAsIpv4MappedIpv6,
  });
  for (const { upgradeType, filters } of config.upgradeConfigs) {
    if (filters.length > 0) throw new UnsupportedError(`${OWNER}.upgrade_configs[${upgradeType}].filters`);
  }
}

function codecOf(type: CodecType): ManagerSettings['codec'] {
  switch (type) {
    case CodecType.AUTO:
      return 'auto';
    case CodecType.HTTP1:
      return 'http1';
    case CodecType.HTTP2:
      return 'http2';
    default:
      throw new UnsupportedError(`${OWNER}.codec_type HTTP3`);
  }
}

const SERVER_HEADER: Readonly<Record<ServerHeader, ManagerSettings['serverHeader']>> = {
  [ServerHeader.OVERWRITE]: 'overwrite',
  [ServerHeader.APPEND_IF_ABSENT]: 'append-if-absent',
  [ServerHeader.PASS_THROUGH]: 'pass',
};

const CLIENT_CERT: Readonly<Record<ClientCert, ClientCertMode>> = {
  [ClientCert.SANITIZE]: 'sanitize',
  [ClientCert.FORWARD_ONLY]: 'forward-only',
  [ClientCert.APPEND_FORWARD]: 'append',
  [ClientCert.SANITIZE_SET]: 'set',
  [ClientCert.ALWAYS_FORWARD_ONLY]: 'always-forward',
};

const ESCAPED_SLASHES: Readonly<Record<EscapedSlashes, EscapedSlashAction>> = {
  [EscapedSlashes.IMPLEMENTATION_SPECIFIC_DEFAULT]: 'keep',
  [EscapedSlashes.KEEP_UNCHANGED]: 'keep',
  [EscapedSlashes.REJECT_REQUEST]: 'reject',
  [EscapedSlashes.UNESCAPE_AND_REDIRECT]: 'redirect',
  [EscapedSlashes.UNESCAPE_AND_FORWARD]: 'unescape',
};

const UNDERSCORES: Readonly<Record<Underscores, ManagerSettings['underscores']>> = {
  [Underscores.ALLOW]: 'allow',
  [Underscores.REJECT_REQUEST]: 'reject',
  [Underscores.DROP_HEADER]: 'drop',
};

/** Without a configuration no address is internal. */
function internalAddresses({
  internalAddressConfig: internal,
}: HttpConnectionManager): (ip: string) => boolean {
  const ranges = (internal?.cidrRanges ?? []).map((range, index): Cidr => {
    const field = `${OWNER}.internal_address_config.cidr_ranges[${index}]`;
    const address = parseIp(range.addressPrefix);
    if (address === undefined) throw new InvalidConfigError(field, `no IP address: ${range.addressPrefix}`);
    const bits = range.prefixLen ?? 0;
    if (bits > (address.family === 4 ? 32 : 128))
      throw new InvalidConfigError(field, `a prefix of ${bits} bits`);
    return { address, bits };
  });
  if (ranges.length === 0) return () => false;
  return (ip) => {
    const address = parseIp(ip);
    return address !== undefined && ranges.some((range) => cidrContains(range, address));
  };
}

function requestId(
  config: HttpConnectionManager,
): Pick<ManagerSettings, 'packTraceReason' | 'useRequestIdForSampling'> {
  const extension = config.requestIdExtension;
  if (extension === undefined) return { packTraceReason: true, useRequestIdForSampling: true };
  const uuid = unpacked(`${OWNER}.request_id_extension`, extension.typedConfig, UuidRequestIdConfigSchema);
  return {
    packTraceReason: uuid.packTraceReason ?? true,
    useRequestIdForSampling: uuid.useRequestIdForTraceSampling ?? true,
  };
}

function schemeOf({ schemeHeaderTransformation: scheme }: HttpConnectionManager): string {
  if (scheme === undefined) return '';
  refuseFields(`${OWNER}.scheme_header_transformation`, { match_upstream: scheme.matchUpstream });
  return scheme.transformation.case === 'schemeToOverwrite' ? scheme.transformation.value : '';
}

function http1Settings(options: Http1ProtocolOptions | undefined): ManagerSettings['http1'] {
  return {
    acceptHttp10: options?.acceptHttp10 ?? false,
    defaultHost: options?.defaultHostForHttp10 ?? '',
    allowAbsoluteUrl: options?.allowAbsoluteUrl ?? true,
    allowChunkedLength: options?.allowChunkedLength ?? false,
    allowCustomMethods: options?.allowCustomMethods ?? false,
    enableTrailers: options?.enableTrailers ?? false,
    ...nameFormat(`${OWNER}.http_protocol_options`, options),
  };
}
