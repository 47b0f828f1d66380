/**
 * What happens to a request before it is routed: path and host are put in order, and the headers say who the client
 * is. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers
 */

import type { NodeInfo } from '../listeners/network-filter.ts';
import { normalizedPath, unescapedSlashes } from '../route/normalize-path.ts';
import { clientCertHeader } from './client-cert.ts';
import { lastForwardedAddress } from './forwarded-for.ts';
import type { HeaderList } from './header-list.ts';
import { localAddress } from './local-address.ts';
import { newRequestId } from './request-id.ts';
import type { ManagerSettings } from './settings.ts';
import type { StreamRecord } from './stream-record.ts';

const MAX_UINT32 = 4_294_967_295;

/** What clients may not say of themselves: `edge` ones only when they come from outside. */
const FROM_INSIDE: ReadonlySet<string> = new Set([
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-upstream-stream-duration-ms',
]);
const FROM_EDGE: ReadonlySet<string> = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
  'x-envoy-original-host',
]);

/** The path in order; a `redirect` to another, or undefined when it cannot be. */
export function orderedPath(
  path: string,
  settings: ManagerSettings,
): { readonly path: string; readonly redirects: boolean } | undefined {
  // A fragment is no part of what is asked for.
  if (path.includes('#')) return undefined;
  const { normalizePath, mergeSlashes, escapedSlashes } = settings;
  const plain = unescapedSlashes(path, escapedSlashes);
  if (plain === undefined) return undefined;
  const redirects = plain !== path && escapedSlashes === 'redirect';
  if (!normalizePath && !mergeSlashes) return { path: plain, redirects };
  if (normalizePath && plain.includes('%00') && /^[^?]*%00/.test(plain)) return undefined;
  return { path: normalizedPath(plain, settings), redirects };
}

export interface OrderedHost {
  readonly host: string;
  /** What was taken away. */
  readonly port: number | undefined;
}

/** The host without what the configuration takes away from it. */
export function orderedHost(authority: string, settings: ManagerSettings, localPort: number): OrderedHost {
  let host = authority;
  if (settings.stripTrailingDot) host = host.replace(/\.(:\d+)?$/, '$1');
  if (settings.stripPort === 'no') return { host, port: undefined };
  // As in Envoy whatever follows the last colon, even in an address that lacks its brackets.
  const found = /^(.*):(\+?\d{1,10})$/s.exec(host);
  const [, name = '', text = ''] = found ?? [];
  const port = Number(text);
  const strips = settings.stripPort === 'any' || port === localPort;
  return found !== null && port <= MAX_UINT32 && strips ? { host: name, port } : { host, port: undefined };
}

/** Says in the headers who the client is and how it came. The record holds the request. */
export function introduceClient(
  record: StreamRecord,
  headers: HeaderList,
  settings: ManagerSettings,
  node: NodeInfo,
  internalOnly: readonly string[],
): void {
  const { connection } = record;
  const direct = connection.remotePlace.kind === 'ip' ? connection.remotePlace.ip : '';
  const before = headers.get('x-forwarded-for') === undefined ? undefined : headers.joined('x-forwarded-for');
  const { trustedHops } = settings;
  let remote: string | undefined;
  let single = before === undefined;
  if (settings.useRemoteAddress) {
    if (trustedHops > 0) remote = lastForwardedAddress(before, trustedHops - 1)?.ip;
    remote ??= direct;
    if (!settings.skipXffAppend && direct !== '') {
      const shown = isLoopback(direct) ? localAddress() : direct;
      headers.set('x-forwarded-for', before === undefined || before === '' ? shown : `${before},${shown}`);
    }
  } else {
    const found = lastForwardedAddress(before, trustedHops);
    remote = found?.ip;
    single = found?.single ?? false;
  }
  const scheme = schemeOf(headers, settings, connection.tls);
  // Over HTTP/2 the request says itself what it is.
  const own = record.scheme.toLowerCase();
  const said = own === 'http' || own === 'https' ? own : scheme;
  record.scheme = settings.overwriteScheme === '' ? said : settings.overwriteScheme;
  if (settings.overwriteScheme !== '') headers.set('x-forwarded-proto', settings.overwriteScheme);
  if (settings.appendForwardedPort && !headers.has('x-forwarded-port')) {
    const { localPlace } = connection;
    if (localPlace.kind === 'ip') headers.append('x-forwarded-port', String(localPlace.port));
  }

  const internal = single && remote !== undefined && settings.isInternal(remote);
  const edge = !internal && settings.useRemoteAddress;
  record.downstreamRemoteIp = remote ?? direct;
  sanitize(headers, internal, edge);
  if (internal) headers.append('x-envoy-internal', 'true');
  else for (const name of internalOnly) headers.remove(name);

  if (settings.addUserAgent) {
    headers.set('x-envoy-downstream-service-cluster', node.cluster);
    if ((headers.get('user-agent') ?? '') === '') headers.set('user-agent', node.cluster);
    if (node.id !== '') headers.set('x-envoy-downstream-service-node', node.id);
  }
  if (settings.via !== '') {
    const via = headers.joined('via');
    headers.set('via', via === undefined ? settings.via : `${via}, ${settings.via}`);
  }
  if (edge && record.downstreamRemoteIp !== '') {
    headers.set('x-envoy-external-address', record.downstreamRemoteIp);
  }

  let id = headers.get('x-request-id');
  if (settings.generateRequestId && (id === undefined || (edge && !settings.preserveExternalRequestId))) {
    id = newRequestId();
    headers.set('x-request-id', id);
  }
  record.requestId = id ?? '';
  clientCertHeader(headers, connection, settings);
}

/** `x-forwarded-proto` where it may be believed; else what the connection is. */
function schemeOf(headers: HeaderList, settings: ManagerSettings, tls: boolean): string {
  const own = tls ? 'https' : 'http';
  const said = headers.get('x-forwarded-proto');
  const believed = !settings.useRemoteAddress || settings.trustedHops > 0;
  if (believed && said !== undefined) {
    const lower = said.toLowerCase();
    return lower === 'http' || lower === 'https' ? lower : own;
  }
  headers.set('x-forwarded-proto', own);
  return own;
}

function sanitize(headers: HeaderList, internal: boolean, edge: boolean): void {
  const { names } = headers;
  for (let index = names.length - 1; index >= 0; index--) {
    const name = names[index] ?? '';
    if (name.charCodeAt(0) !== 0x78 || !name.startsWith('x-envoy-')) continue;
    if (
      name === 'x-envoy-internal' ||
      (!internal && FROM_INSIDE.has(name)) ||
      (edge && FROM_EDGE.has(name))
    ) {
      names.splice(index, 1);
      headers.values.splice(index, 1);
    }
  }
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
