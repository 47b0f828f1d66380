import { describe, expect, it } from 'vitest';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { compileFormat, compileHeaderFormat } from '../../../src/proxy/telemetry/format.ts';
import type { StreamInfo } from '../../../src/proxy/stream-info.ts';
import { fakeConnection, fakeStreamInfo } from '../fake-stream-info.ts';

const GRPC = HeaderList.from([['content-type', 'application/grpc+proto']]);

const WRITTEN: readonly (readonly [format: string, expected: string, over?: Partial<StreamInfo>])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['100%% of %PROTOCOL%', '100% of HTTP/1.1'],
  ['%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %REQ(HOST)%', 'GET /p?q=1&r=a%20b a.example a.example'],
  ['%REQ(User-Agent)% %REQ(user-agent):2% %REQ(x)%', 'curl cu -'],
  ['%REQ(X-NONE?USER-AGENT)%|%REQ(X-NONE?X-NEITHER)%', 'curl|-'],
  ['%REQ(x-two)%', 'one'],
  ['%RESP(content-type)% %RESP(:status)% %TRAILER(grpc-status)%', 'text/plain 200 -'],
  ['%START_TIME%', '2026-01-31T09:05:03.123Z'],
  ['%START_TIME(%Y/%m/%dT%H:%M:%S%z %s)%', '2026/01/31T09:05:03+0000 1769850303'],
  [
    '%START_TIME(%s %3f %6f %f %3s %E3S %E*S %q %Ez %-m)%',
    '1769850303 123 123000 123000000 1769850303 03.123 03.123 %q +00:00 1',
  ],
  [
    '%START_TIME(%a %A %b %B %e %j %I %p %y %u %w %U %W %V %G)%',
    'Sat Saturday Jan January 31 031 09 AM 26 6 6 04 04 05 2026',
  ],
  [
    '%START_TIME(%F %T %R %D %c %r)%',
    '2026-01-31 09:05:03 09:05 01/31/26 Sat Jan 31 09:05:03 2026 09:05:03 AM',
  ],
  [
    '%DURATION% %REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%',
    '20 1 3 10 10',
  ],
  ['%COMMON_DURATION(DS_RX_BEG:US_TX_END)% %COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%', '3 10250'],
  ['%COMMON_DURATION(US_RX_BEG:DS_RX_BEG)% %COMMON_DURATION(DS_RX_BEG:own)%', '- -'],
  ['%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%', '200 via_upstream -'],
  [
    '%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%',
    'URX,UF UpstreamRetryLimitExceeded,UpstreamConnectionFailure',
    { responseFlags: ['URX', 'UF'] },
  ],
  [
    '%RESPONSE_CODE_DETAILS% %RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%',
    'a_b a b',
    { responseCodeDetails: 'a b' },
  ],
  ['%RESPONSE_CODE%', '0', { responseCode: 0 }],
  ['%BYTES_RECEIVED% %BYTES_SENT% %REQUEST_HEADERS_BYTES%', '3 5 91'],
  [
    '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT%',
    '127.0.0.1:80 127.0.0.1 80',
  ],
  [
    '%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
    '10.0.0.1:0 127.0.0.1:40000',
    { downstreamRemoteIp: '10.0.0.1' },
  ],
  [
    '%DOWNSTREAM_REMOTE_ADDRESS%',
    '[::1]:9',
    {
      downstreamRemoteIp: '::1',
      connection: fakeConnection({ remotePlace: { kind: 'ip', ip: '::1', port: 9 } }),
    },
  ],
  [
    '%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_LOCAL_PORT%',
    '- - 127.0.0.1:50000 50000',
  ],
  ['%UPSTREAM_TRANSPORT_FAILURE_REASON%', 'TLS_error:_x', { upstreamTransportFailureReason: 'TLS error: x' }],
  ['%ROUTE_NAME% %CONNECTION_ID% %STREAM_ID%', 'default 7 5d1c9b9e-0000-9000-8000-000000000000'],
  ['%REQUESTED_SERVER_NAME%', 'sni.example', { connection: fakeConnection({ sni: 'sni.example' }) }],
  ['%PATH% %PATH(NQ)% %PATH(NQ:PATH):1% %PATH(WQ:ORIG)%', '/p?q=1&r=a%20b /p / -'],
  [
    '%QUERY_PARAM(q)% %QUERY_PARAM(none)% %QUERY_PARAMS(DECODED)% %QUERY_PARAMS%',
    '1 - q=1&r=a%20b q=1&r=a%20b',
  ],
  [
    '%DYNAMIC_METADATA(f:a:b)% %DYNAMIC_METADATA(f:a)% %DYNAMIC_METADATA(g)% %METADATA(DYNAMIC:f:a:b):1%',
    'xyz {"b":"xyz"} - x',
    { dynamicMetadata: new Map([['f', { a: { b: 'xyz' } }]]) },
  ],
  [
    '%FILTER_STATE(k:PLAIN)% %FILTER_STATE(k)% %FILTER_STATE(other)%',
    'v "v" -',
    { filterState: new Map([['k', 'v']]) },
  ],
  ['%GRPC_STATUS% %GRPC_STATUS_NUMBER%', '- -'],
  [
    '%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%',
    'NotFound NOT_FOUND 5',
    { requestHeaders: GRPC, responseTrailers: HeaderList.from([['grpc-status', '5']]) },
  ],
  ['%GRPC_STATUS%', 'Unavailable', { requestHeaders: GRPC, responseCode: 503 }],
  ['%ACCESS_LOG_TYPE%', 'DownstreamEnd'],
  ['%ENVIRONMENT(A):2%|%ENVIRONMENT(B)%|%HOSTNAME%', 'va|-|h'],
  ['é %PROTOCOL%', '\u00c3\u00a9 HTTP/1.1'],
];

/** In the words of Envoy 1.40. */
const REFUSED: readonly (readonly [format: string, problem: string])[] = [
  ['%NOPE%', 'Not supported field in StreamInfo: NOPE'],
  ['%REQ_WITHOUT_QUERY(:PATH)%', 'Not supported field in StreamInfo: REQ_WITHOUT_QUERY'],
  ['%toString%', "Incorrect configuration: %toString%. Couldn't find valid command at position 0"],
  ['%REQ%', 'REQ requires parameters'],
  ['%REQ()%', 'REQ requires parameters'],
  ['%PROTOCOL(x)%', 'PROTOCOL does not take any parameters or length'],
  ['%PROTOCOL:3%', 'PROTOCOL does not take any parameters or length'],
  ['%START_TIME:3%', 'START_TIME does not allow length to be specified.'],
  ['%START_TIME(%n)%', 'Invalid header configuration. Format string contains newline.'],
  ['%REQ(a?b?c)%', 'More than 1 alternative header specified in token: a?b?c'],
  ['%REQ(a b)%', 'Invalid header configuration. Format string contains invalid characters.'],
  ['100%', "Incorrect configuration: 100%. Couldn't find valid command at position 3"],
  ['%RESP(a)', "Incorrect configuration: %RESP(a). Couldn't find valid command at position 0"],
  ['%GRPC_STATUS(FOO)%', 'GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: FOO'],
  ['%FILTER_STATE(a:FOO)%', 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.'],
  ['%COMMON_DURATION(a)%', 'Invalid common duration configuration: a.'],
  ['%QUERY_PARAMS(RAW)%', "Invalid QUERY_PARAMS option: 'RAW', only 'ORIG'/'DECODED' are allowed"],
];

const surroundings = { environment: { A: 'value' }, hostname: 'h' };

describe('formats of access logs and headers', () => {
  it.each(WRITTEN.map((row) => [row[0], row] as const))('%s is written', (_, [format, expected, over]) => {
    expect(compileFormat(format, { surroundings })(fakeStreamInfo(over))).toBe(expected);
  });

  it.each(REFUSED)('%s is refused', (format, problem) => {
    expect(() => compileFormat(format)).toThrow(problem);
  });

  it('leaves unknown values out when asked to', () => {
    expect(compileFormat('[%REQ(x)%]', { omitEmpty: true })(fakeStreamInfo())).toBe('[]');
  });

  it('reads the query-less operator when the extension is named', () => {
    const format = compileFormat('%REQ_WITHOUT_QUERY(X-NONE?:PATH)%', { withoutQuery: true });
    expect(format(fakeStreamInfo())).toBe('/p');
  });

  it('reads older spellings in header values, and leaves unknown values out', () => {
    const info = fakeStreamInfo({
      dynamicMetadata: new Map([['a.b', { key: 'v' }]]),
      filterState: new Map([['s', 'state']]),
    });
    const format = compileHeaderFormat('%DYNAMIC_METADATA(["a.b", "key"])% %PER_REQUEST_STATE(s)%%REQ(x)%');
    expect(format(info)).toBe('v state');
  });

  it('writes no line ends into header values, whatever a client has escaped', () => {
    const info = fakeStreamInfo({ path: '/?q=a%0d%0ax-more:%20b%00c' });
    expect(compileHeaderFormat('%QUERY_PARAM(q)%')(info)).toBe('a  x-more: b c');
  });
});
