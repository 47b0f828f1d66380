/** Operators over requests and responses: headers, paths, parameters, sizes, outcomes. */

import { randomUUID } from 'node:crypto';
import type { HeaderList } from '../../http/header-list.ts';
import { plainPath, queryOf, queryParameter } from '../../route/request.ts';
import type { StreamInfo } from '../../stream-info.ts';
import { FormatError } from '../format-error.ts';
import { camelGrpcStatus, grpcStatusOf, isGrpc, snakeGrpcStatus } from '../grpc-status.ts';
import { longFlags, shortFlags } from '../response-flags.ts';
import { type Operator, type OperatorKind, type OperatorTable, plain, truncated } from './operator.ts';

type HeaderGetter = (info: StreamInfo) => string | undefined;

function known(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** The value of a request header; `:path` and its like count as headers. */
export function requestHeader(name: string): HeaderGetter {
  switch (name) {
    case ':method':
      return ({ method }) => known(method);
    case ':path':
      return ({ path }) => known(path);
    case ':authority':
    case 'host':
      return ({ authority }) => known(authority);
    case ':scheme':
      return ({ scheme }) => known(scheme);
    default:
      return ({ requestHeaders }) => requestHeaders?.get(name);
  }
}

export function responseHeader(name: string): HeaderGetter {
  if (name === ':status') {
    return ({ responseCode, responseStatus }) => {
      const status = responseCode === 0 ? responseStatus : responseCode;
      return status === undefined ? undefined : String(status);
    };
  }
  return ({ responseHeaders }) => responseHeaders?.get(name);
}

/** `NAME` or `NAME?OTHER`. */
function headerNames(parameters: string): readonly [name: string, other: string | undefined] {
  const [name = '', other, ...more] = parameters.split('?');
  if (more.length > 0) {
    throw new FormatError(parameters, `More than 1 alternative header specified in token: ${parameters}`);
  }
  for (const one of [name, other ?? '']) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z:]*$/.test(one)) {
      throw new FormatError(
        parameters,
        'Invalid header configuration. Format string contains invalid characters.',
      );
    }
  }
  return [name.toLowerCase(), other?.toLowerCase()];
}

function headerOperator(getter: (name: string) => HeaderGetter): OperatorKind {
  return {
    parameters: 'required',
    length: true,
    compile(parameters, length) {
      const [name, other] = headerNames(parameters);
      const first = getter(name);
      if (other === undefined || other === '') {
        return length === undefined ? first : (info) => truncated(first(info), length);
      }
      const second = getter(other);
      return (info) => truncated(first(info) ?? second(info), length);
    },
  };
}

function headerBytes(headers: HeaderList | undefined): number {
  let bytes = 0;
  if (headers === undefined) return bytes;
  for (const name of headers.names) bytes += name.length;
  for (const value of headers.values) bytes += value.length;
  return bytes;
}

/** Of names and values as they are in the end, those of HTTP/2 that begin with a colon among them; not as they were on the wire. */
function requestHeadersBytes({ requestHeaders, method, path, authority, scheme }: StreamInfo): number {
  let bytes = headerBytes(requestHeaders);
  for (const [name, value] of [
    [':method', method],
    [':path', path],
    [':authority', authority],
    [':scheme', scheme],
  ] as const) {
    if (value !== '') bytes += name.length + value.length;
  }
  return bytes;
}

function responseHeadersBytes({ responseHeaders, responseCode }: StreamInfo): number {
  if (responseHeaders === undefined) return 0;
  return headerBytes(responseHeaders) + ':status'.length + String(responseCode).length;
}

/** Which form of the path: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage */
function pathOperator(parameters: string, length: number | undefined): Operator {
  const [query = '', which = '', ...more] = parameters.split(':');
  if (more.length > 0 || !['', 'WQ', 'NQ'].includes(query)) {
    throw new FormatError(
      parameters,
      `Invalid PATH option: '${parameters}', only 'WQ'/'NQ' are allowed for the query.`,
    );
  }
  const path: HeaderGetter = (() => {
    const original = requestHeader('x-envoy-original-path');
    const sent = requestHeader(':path');
    switch (which) {
      case '':
      case 'ORIG_OR_PATH':
        return (info) => original(info) ?? sent(info);
      case 'ORIG':
        return original;
      case 'PATH':
        return sent;
      default:
        throw new FormatError(
          parameters,
          `Invalid PATH option: '${which}', only 'PATH'/'ORIG'/'ORIG_OR_PATH' are allowed.`,
        );
    }
  })();
  return (info) => {
    const value = path(info);
    return truncated(value === undefined || query !== 'NQ' ? value : plainPath(value), length);
  };
}

function queryOperator(parameters: string, length: number | undefined): Operator {
  return ({ path }) => {
    const value = queryParameter(path, parameters);
    return truncated(value === undefined ? undefined : percentDecoded(value), length);
  };
}

function queriesOperator(parameters: string, length: number | undefined): Operator {
  if (!['', 'ORIG', 'DECODED'].includes(parameters)) {
    throw new FormatError(
      parameters,
      `Invalid QUERY_PARAMS option: '${parameters}', only 'ORIG'/'DECODED' are allowed`,
    );
  }
  return ({ path }) => {
    const query = queryOf(path).slice(1);
    if (query === '') return undefined;
    return truncated(parameters === 'DECODED' ? shownDecoded(query) : query, length);
  };
}

/** Escapes that are none stay. */
function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

/** Decodes what may stand in an address as it is; other escapes stay, as in Envoy. */
function shownDecoded(text: string): string {
  return text.replaceAll(/%[0-9a-fA-F]{2}/g, (escape) => {
    const letter = percentDecoded(escape);
    return /[!#-;=?-[\]_`a-z~]/.test(letter) ? letter : escape;
  });
}

function grpcOperator(parameters: string): Operator {
  switch (parameters) {
    case '':
    case 'CAMEL_STRING':
      return (info) => ofGrpc(info, camelGrpcStatus);
    case 'SNAKE_STRING':
      return (info) => ofGrpc(info, snakeGrpcStatus);
    case 'NUMBER':
      return (info) => ofGrpc(info, (status) => status);
    default:
      throw new FormatError(
        parameters,
        `GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ${parameters}`,
      );
  }
}

function ofGrpc<Value>(info: StreamInfo, write: (status: number) => Value): Value | undefined {
  if (!isGrpc(info.requestHeaders)) return undefined;
  const status = grpcStatusOf(info);
  return status === undefined ? undefined : write(status);
}

export const MESSAGE_OPERATORS: OperatorTable = {
  REQ: headerOperator(requestHeader),
  STREAM_INFO_REQ: headerOperator(requestHeader),
  RESP: headerOperator(responseHeader),
  TRAILER: headerOperator(
    (name) =>
      ({ responseTrailers }) =>
        responseTrailers?.get(name),
  ),
  PATH: { parameters: 'optional', length: true, compile: pathOperator },
  QUERY_PARAM: { parameters: 'required', length: true, compile: queryOperator },
  QUERY_PARAMS: { parameters: 'optional', length: true, compile: queriesOperator },
  GRPC_STATUS: { parameters: 'optional', length: false, compile: grpcOperator },
  GRPC_STATUS_NUMBER: plain((info) => ofGrpc(info, (status) => status)),
  REQUEST_HEADERS_BYTES: plain(requestHeadersBytes),
  RESPONSE_HEADERS_BYTES: plain(responseHeadersBytes),
  RESPONSE_TRAILERS_BYTES: plain((info) => headerBytes(info.responseTrailers)),
  BYTES_RECEIVED: plain((info) => info.bytesReceived),
  BYTES_SENT: plain((info) => info.bytesSent),
  PROTOCOL: plain((info) => known(info.protocol)),
  UPSTREAM_PROTOCOL: plain((info) => known(info.upstreamProtocol)),
  RESPONSE_CODE: plain((info) => info.responseCode),
  RESPONSE_CODE_DETAILS: {
    parameters: 'optional',
    length: false,
    compile(parameters) {
      if (parameters === 'ALLOW_WHITESPACES') return (info) => known(info.responseCodeDetails);
      return (info) => known(info.responseCodeDetails)?.replaceAll(/\s/g, '_');
    },
  },
  CONNECTION_TERMINATION_DETAILS: plain((info) => known(info.connectionTerminationDetails)),
  RESPONSE_FLAGS: plain((info) => shortFlags(info.responseFlags) ?? '-'),
  RESPONSE_FLAGS_LONG: plain((info) => longFlags(info.responseFlags) ?? '-'),
  LOCAL_REPLY_BODY: plain((info) => info.localReplyBody ?? ''),
  ACCESS_LOG_TYPE: plain((info) => (info.protocol === '' ? 'TcpConnectionEnd' : 'DownstreamEnd')),
  ROUTE_NAME: plain((info) => known(info.routeName)),
  VIRTUAL_CLUSTER_NAME: plain((info) => info.virtualClusterName),
  STREAM_ID: plain((info) => known(info.requestId)),
  UNIQUE_ID: plain(() => randomUUID()),
  TRACE_ID: plain((info) => info.traceId),
  SPAN_ID: plain((info) => info.spanId),
};

/** Of the extension `envoy.formatter.req_without_query`. */
export const WITHOUT_QUERY: OperatorKind = {
  parameters: 'required',
  length: true,
  compile(parameters, length) {
    const [name, other] = headerNames(parameters);
    const first = requestHeader(name);
    const second = other === undefined || other === '' ? undefined : requestHeader(other);
    return (info) => {
      const value = first(info) ?? second?.(info);
      return truncated(value === undefined ? undefined : plainPath(value), length);
    };
  },
};
