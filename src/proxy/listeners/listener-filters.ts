/** What is found out about a connection before its filter chain is chosen. */

import {
  type ListenerFilter as Config,
  type ListenerFilterChainMatchPredicate as Predicate,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { OriginalSrcSchema } from '../../xds/proto/generated/envoy/extensions/filters/listener/original_src/v3/original_src_pb.js';
import {
  type ProxyProtocol,
  ProxyProtocolSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { TlsInspectorSchema } from '../../xds/proto/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import {
  ProxyProtocolConfig_Version,
  ProxyProtocolPassThroughTLVs_PassTLVsMatchType,
} from '../../xds/proto/generated/envoy/config/core/v3/proxy_protocol_pb.js';
import { InvalidConfigError, refuseFields, typeNameOf, unpacked } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { StatsScope } from '../stats/stats.ts';
import { Timeout } from '../timeout.ts';
import type { PendingConnection } from './pending-connection.ts';
import { readClientHello } from './client-hello.ts';
import { detectHttp } from './http-detection.ts';
import { originalDestination, requireOriginalDestinations } from './original-destination.ts';
import { readProxyHeader } from './proxy-protocol.ts';

/** `more`: it has to see more bytes. A number: that many bytes are taken off the connection. */
export type FilterResult = 'done' | 'more' | 'close' | { readonly consumed: number };

export interface ListenerFilter {
  /** What it makes of the bytes that have come; none at first. */
  inspect(connection: PendingConnection, bytes: Buffer): FilterResult;
}

const PREFIX = 'envoy.extensions.filters.listener.';
const NO_BYTES = Buffer.alloc(0);

/** Throws an `UnsupportedError` or `InvalidConfigError` that names the filter. */
export function listenerFilter(field: string, config: Config, stats: StatsScope): ListenerFilter {
  const filter = compile(field, config, stats);
  const isDisabled = predicate(`${field}.filter_disabled`, config.filterDisabled);
  if (isDisabled === undefined) return filter;
  return {
    inspect: (connection, bytes) => (isDisabled(connection) ? 'done' : filter.inspect(connection, bytes)),
  };
}

function compile(field: string, config: Config, stats: StatsScope): ListenerFilter {
  if (config.configType.case === 'configDiscovery') throw new UnsupportedError(`${field}.config_discovery`);
  const any = config.configType.value;
  const type = typeNameOf(any);
  switch (type.startsWith(PREFIX) ? type.slice(PREFIX.length) : config.name) {
    case 'original_dst.v3.OriginalDst':
    case 'envoy.filters.listener.original_dst':
      return originalDst();
    case 'tls_inspector.v3.TlsInspector':
    case 'envoy.filters.listener.tls_inspector': {
      if (any !== undefined) {
        const settings = unpacked(field, any, TlsInspectorSchema);
        refuseFields(field, { enable_ja3_fingerprinting: settings.enableJa3Fingerprinting === true });
      }
      return tlsInspector(stats);
    }
    case 'http_inspector.v3.HttpInspector':
    case 'envoy.filters.listener.http_inspector':
      return httpInspector(stats);
    case 'proxy_protocol.v3.ProxyProtocol':
    case 'envoy.filters.listener.proxy_protocol':
      return proxyProtocol(
        field,
        any === undefined ? undefined : unpacked(field, any, ProxyProtocolSchema),
        stats,
      );
    case 'original_src.v3.OriginalSrc':
      return originalSrc(field, unpacked(field, any, OriginalSrcSchema));
    default:
      throw new UnsupportedError(`${field} ${type === '' ? config.name : type}`);
  }
}

/** The address that the client meant, of a connection that was redirected here. */
export function originalDst(): ListenerFilter {
  requireOriginalDestinations();
  return {
    inspect: (connection) => {
      // Of a connection that TPROXY brought here the socket's own address is the one that the client meant.
      const place = connection.transparent ? connection.local : originalDestination(connection.socket);
      if (place !== undefined) {
        connection.local = place;
        connection.restored = true;
      }
      return 'done';
    },
  };
}

function originalSrc(field: string, { mark, bindPort }: { mark: number; bindPort: boolean }): ListenerFilter {
  refuseFields(field, { bind_port: bindPort });
  return {
    inspect: (connection) => {
      if (connection.remote.kind === 'ip') connection.upstreamSource = { ip: connection.remote.ip, mark };
      return 'done';
    },
  };
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/tls_inspector */
export function tlsInspector(scope: StatsScope): ListenerFilter {
  const stats = scope.scope('tls_inspector.');
  const counter = (name: string) => stats.counter(name);
  const [found, notFound, tooLarge] = [
    counter('tls_found'),
    counter('tls_not_found'),
    counter('client_hello_too_large'),
  ];
  const [alpn, noAlpn] = [counter('alpn_found'), counter('alpn_not_found')];
  const [sni, noSni] = [counter('sni_found'), counter('sni_not_found')];
  return {
    inspect: (connection, bytes) => {
      const hello = readClientHello(bytes);
      if (hello === 'more') return 'more';
      if (hello === 'too-large') {
        tooLarge.value++;
        return 'close';
      }
      if (hello === 'no') {
        notFound.value++;
        return 'done';
      }
      found.value++;
      (hello.applicationProtocols.length > 0 ? alpn : noAlpn).value++;
      (hello.serverName === '' ? noSni : sni).value++;
      connection.transportProtocol = 'tls';
      connection.sni = hello.serverName;
      connection.applicationProtocols = hello.applicationProtocols;
      return 'done';
    },
  };
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/http_inspector */
function httpInspector(scope: StatsScope): ListenerFilter {
  const stats = scope.scope('http_inspector.');
  const counters = {
    'http/1.0': stats.counter('http10_found'),
    'http/1.1': stats.counter('http11_found'),
    h2c: stats.counter('http2_found'),
  };
  const notFound = stats.counter('http_not_found');
  return {
    inspect: (connection, bytes) => {
      if (connection.transportProtocol === 'tls') return 'done';
      const found = detectHttp(bytes);
      if (found === 'more') return 'more';
      if (found === 'no') {
        notFound.value++;
        return 'done';
      }
      counters[found].value++;
      connection.applicationProtocols = [found];
      return 'done';
    },
  };
}

function proxyProtocol(
  field: string,
  settings: ProxyProtocol | undefined,
  scope: StatsScope,
): ListenerFilter {
  refuseFields(field, {
    rules: (settings?.rules ?? []).length > 0,
    pass_through_tlvs:
      settings?.passThroughTlvs !== undefined &&
      (settings.passThroughTlvs.matchType !== ProxyProtocolPassThroughTLVs_PassTLVsMatchType.INCLUDE ||
        settings.passThroughTlvs.tlvType.length > 0),
  });
  const isOptional = settings?.allowRequestsWithoutProxyProtocol === true;
  const disallowed = (settings?.disallowedVersions ?? []).map((one) =>
    one === ProxyProtocolConfig_Version.V2 ? 2 : 1,
  );
  const prefix = settings === undefined || settings.statPrefix === '' ? '' : `${settings.statPrefix}.`;
  const stats = scope.scope(`proxy_proto.${prefix}`);
  const versions = [1, 2].map((version) => ({
    found: stats.counter(`versions.v${version}.found`),
    disallowed: stats.counter(`versions.v${version}.disallowed`),
    error: stats.counter(`versions.v${version}.error`),
  }));
  const [without, refused] = [stats.counter('not_found_allowed'), stats.counter('not_found_disallowed')];
  return {
    inspect: (connection, bytes) => {
      const header = readProxyHeader(bytes);
      if (header === 'more') return 'more';
      if (header === 'no') {
        (isOptional ? without : refused).value++;
        return isOptional ? 'done' : 'close';
      }
      if (header === 'bad') {
        const counters = versions[bytes[0] === 13 ? 1 : 0];
        if (counters !== undefined) counters.error.value++;
        return 'close';
      }
      const counters = versions[header.version - 1];
      if (disallowed.includes(header.version)) {
        if (counters !== undefined) counters.disallowed.value++;
        return 'close';
      }
      if (counters !== undefined) counters.found.value++;
      if (header.addresses !== undefined) {
        connection.remote = header.addresses.source;
        connection.restored ||= !samePlace(connection.local, header.addresses.destination);
        connection.local = header.addresses.destination;
      }
      return { consumed: header.length };
    },
  };
}

function samePlace(a: PendingConnection['local'], b: PendingConnection['local']): boolean {
  return a.kind === 'ip' && b.kind === 'ip' && a.ip === b.ip && a.port === b.port;
}

type Holds = (connection: PendingConnection) => boolean;

function predicate(field: string, config: Predicate | undefined): Holds | undefined {
  if (config === undefined) return undefined;
  const { rule } = config;
  switch (rule.case) {
    case 'anyMatch':
      return () => rule.value;
    case 'notMatch': {
      const inner = predicate(field, rule.value);
      return (connection) => inner?.(connection) !== true;
    }
    case 'orMatch':
    case 'andMatch': {
      const rules = rule.value.rules.map((one) => predicate(field, one));
      if (rules.length < 2) throw new InvalidConfigError(field, 'less than two rules to choose from');
      return rule.case === 'orMatch'
        ? (connection) => rules.some((one) => one?.(connection) === true)
        : (connection) => rules.every((one) => one?.(connection) === true);
    }
    case 'destinationPortRange': {
      const { start, end } = rule.value;
      return ({ local }) => local.kind === 'ip' && local.port >= start && local.port < end;
    }
    default:
      throw new InvalidConfigError(field, 'no rule is set');
  }
}

/**
 * Runs filters one after the other, and waits for bytes where one needs them. `onDone` hears `close` for a connection that
 * a filter, the client or an error has ended, and `timeout` after `timeout` milliseconds (0 waits for ever).
 */
export function runFilters(
  filters: readonly ListenerFilter[],
  connection: PendingConnection,
  timeout: number,
  onDone: (outcome: 'done' | 'close' | 'timeout') => void,
): void {
  const { socket } = connection;
  let index = 0;
  let bytes: Buffer = NO_BYTES;
  let timer: Timeout | undefined;
  let isWaiting = false;
  const finish = (outcome: 'done' | 'close' | 'timeout') => {
    if (isWaiting) {
      timer?.clear();
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
    }
    if (bytes.length > 0 && outcome !== 'close') socket.unshift(bytes);
    onDone(outcome);
  };
  const advance = () => {
    for (; index < filters.length; index++) {
      const filter = filters[index];
      if (filter === undefined) break;
      const result = filter.inspect(connection, bytes);
      if (result === 'more') return wait();
      if (result === 'close') return finish('close');
      if (typeof result === 'object') bytes = bytes.subarray(result.consumed);
    }
    finish('done');
  };
  const wait = () => {
    if (isWaiting) return;
    isWaiting = true;
    if (timeout > 0) timer = new Timeout(timeout, () => finish('timeout'));
    socket.on('readable', onReadable);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
  };
  const onReadable = () => {
    let isMore = false;
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      isMore = true;
    }
    if (isMore) advance();
  };
  const onEnd = () => finish('close');
  advance();
}
