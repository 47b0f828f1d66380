/** Formats of access logs that hold all there is to tell, and their lines as fields. */

import { METADATA_OPERATORS, surroundingOperators } from '../../../src/proxy/telemetry/operators/metadata.ts';
import { MESSAGE_OPERATORS } from '../../../src/proxy/telemetry/operators/messages.ts';
import type { OperatorTable } from '../../../src/proxy/telemetry/operators/operator.ts';
import { PEER_OPERATORS } from '../../../src/proxy/telemetry/operators/peers.ts';
import { TIME_OPERATORS } from '../../../src/proxy/telemetry/operators/times.ts';
import type { JsonMap } from './json.ts';

/** Envoy's own, which a log without a format has. */
export const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Istio's, as its documentation has it. */
export const ISTIO_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% ' +
  '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% ' +
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

const OPERATORS: OperatorTable = {
  ...MESSAGE_OPERATORS,
  ...TIME_OPERATORS,
  ...PEER_OPERATORS,
  ...METADATA_OPERATORS,
  ...surroundingOperators({ environment: {}, hostname: '' }),
};

/** What stands in brackets after the operators that need something there, or may have it. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  REQ: ['(:METHOD)', '(X-CASE)', '(X-NONE?:AUTHORITY)', '(:PATH):5', '(:SCHEME)', '(X-FORWARDED-PROTO)'],
  STREAM_INFO_REQ: ['(:PATH)'],
  RESP: [
    '(X-ENVOY-UPSTREAM-SERVICE-TIME)',
    '(CONNECTION)',
    '(:STATUS)',
    '(CONTENT-TYPE)',
    '(CONTENT-LENGTH)',
    '(SERVER)',
    '(X-BACKEND)',
    '(GRPC-STATUS)',
  ],
  TRAILER: ['(X-AFTER)', '(GRPC-STATUS)'],
  PATH: ['', '(NQ)', '(WQ:ORIG)', '(NQ:PATH)', '(:PATH)', ':4'],
  QUERY_PARAM: ['(a)', '(none)', '(a):1'],
  QUERY_PARAMS: ['', '(DECODED)', '(ORIG)'],
  GRPC_STATUS: ['', '(SNAKE_STRING)', '(NUMBER)'],
  RESPONSE_CODE_DETAILS: ['', '(ALLOW_WHITESPACES)'],
  COMMON_DURATION: [
    '(DS_RX_BEG:DS_RX_END)',
    '(DS_RX_BEG:DS_TX_END:us)',
    '(US_TX_BEG:US_TX_END:ns)',
    '(US_TX_END:US_RX_BEG)',
    '(US_RX_BEG:US_RX_END)',
    '(DS_TX_BEG:DS_TX_END)',
  ],
  START_TIME: ['', '(%s)', '(%Y/%m/%d)', '(%s%3f)'],
  EMIT_TIME: ['', '(%s)'],
  DYNAMIC_METADATA: ['(set)', '(set:text)', '(set:number)', '(set:whole)', '(set:none)', '(set:text):2'],
  CLUSTER_METADATA: ['(shop)', '(shop:tier)', '(none)'],
  UPSTREAM_METADATA: ['(shop)', '(shop:zone)', '(shop:deep:flag)'],
  METADATA: ['(ROUTE:shop)', '(ROUTE:shop:kind)', '(VIRTUAL_HOST:shop:kind)', '(LISTENER:shop:kind)'],
  FILTER_STATE: ['(none)', '(none:PLAIN)'],
  ENVIRONMENT: ['(LANG)', '(NONE_SUCH)'],
};

/** Each operator, with all that is asked of it, under its own text. */
export const EVERY_FIELD: JsonMap = Object.fromEntries(
  Object.entries(OPERATORS).flatMap(([name, { parameters }]) => {
    const all = PARAMETERS[name] ?? (parameters === 'required' ? [] : ['']);
    if (all.length === 0) throw new Error(`nothing is asked of ${name}`);
    return all.map((one) => [name + one, `%${name}${one}%`]);
  }),
);

/** With values that are not texts, and texts of several operators. */
export const JSON_FORMAT: JsonMap = {
  ...EVERY_FIELD,
  joined: '%RESPONSE_CODE%/%PROTOCOL%/%UPSTREAM_CLUSTER%',
  nested: { code: '%RESPONSE_CODE%', list: ['%REQ(:METHOD)%', '%BYTES_SENT%', 7] },
  plain: 'just "text"',
  number: 1.5,
  yes: true,
};

function escaped(text: string): string {
  return text.replaceAll(/[[\]()?*+.^$|\\{}/]/g, String.raw`\$&`);
}

/** The fields of a line, by the operators of its format. Throws when the line is none of that format. */
export function textFields(format: string, line: string): Record<string, string> {
  const names: string[] = [];
  const pattern = format
    .trimEnd()
    .split(/(%[^%]+%)/)
    .map((part) => {
      if (!part.startsWith('%')) return escaped(part);
      names.push(part.slice(1, -1));
      return '(.*?)';
    })
    .join('');
  const found = new RegExp(`^${pattern}$`).exec(line);
  if (found === null) throw new Error(`not of the format: ${line}`);
  return Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? '']));
}

/** What differs from run to run, each with the shape it has to have. */
const SHAPES: readonly (readonly [name: RegExp, shape: string, value: RegExp])[] = [
  [/^(START|EMIT)_TIME$/, 'time in UTC', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
  [/^(START|EMIT)_TIME_LOCAL$/, 'local time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$/],
  [/^(START|EMIT)_TIME\(%s\)$/, 'seconds', /^\d{10}$/],
  [/^START_TIME\(%s%3f\)$/, 'milliseconds', /^\d{13}$/],
  [/DURATION|^RESP\(X-ENVOY-UPSTREAM-SERVICE-TIME\)$/, 'duration', /^\d+$/],
  [/STREAM_\w*PORT$/, 'port', /^[1-9]\d*$/],
  [/ADDRESS$|^UPSTREAM_HOST(_NAME)?$/, '127.0.0.1 and a port', /^127\.0\.0\.1:[1-9]\d*$/],
  [/^(UPSTREAM_)?CONNECTION_ID$/, 'number', /^[1-9]\d*$/],
  [/^(REQ\(X-REQUEST-ID\)|STREAM_ID|UNIQUE_ID)$/, 'uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  [/^TRACE_ID$/, 'trace', /^([0-9a-f]{16}){1,2}$/],
  [/^SPAN_ID$/, 'span', /^[0-9a-f]{16}$/],
];

/** A field without what differs from run to run; what has not the shape it should have stays. */
export function comparableField(name: string, value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  for (const [pattern, shape, form] of SHAPES) {
    if (pattern.test(name) && form.test(String(value))) return `<${typeof value} ${shape}>`;
  }
  return value;
}

const SERVICE_TIME = 'RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)';
const RESPONSE_BYTES = 'RESPONSE_HEADERS_BYTES';

export function comparableFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const all = { ...fields };
  const { [SERVICE_TIME]: time, [RESPONSE_BYTES]: bytes } = all;
  // A time of more digits is a longer header.
  if (typeof time === 'string' && typeof bytes === 'number') all[RESPONSE_BYTES] = bytes - time.length;
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, comparableField(name, value)]));
}
