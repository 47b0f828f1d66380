import type { JsonObject } from '@bufbuild/protobuf';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import type { StreamInfo } from '../../../src/proxy/stream-info.ts';
import { AccessLogs } from '../../../src/proxy/telemetry/access-log/access-logs.ts';
import { AccessLogSchema } from '../../../src/xds/proto/generated/envoy/config/accesslog/v3/accesslog_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { FakeStats, fakeStreamInfo } from '../fake-stream-info.ts';

const FILE = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';

const GRPC = HeaderList.from([['content-type', 'application/grpc']]);

const header = (name: string, exact: string) => ({
  header_filter: { header: { name, string_match: { exact } } },
});
const status = (op: string, value: number) => ({
  status_code_filter: { comparison: { op, value: { default_value: value, runtime_key: 'k' } } },
});

const FILTERED: readonly (readonly [
  title: string,
  filter: JsonObject,
  over: Partial<StreamInfo>,
  logged: boolean,
])[] = [
  ['status at least', status('GE', 400), { responseCode: 503 }, true],
  ['status below', status('GE', 400), { responseCode: 200 }, false],
  ['status at most', status('LE', 299), { responseCode: 200 }, true],
  ['another status', status('EQ', 200), { responseCode: 201 }, false],
  [
    'long enough',
    { duration_filter: { comparison: { op: 'GE', value: { default_value: 20, runtime_key: 'k' } } } },
    {},
    true,
  ],
  [
    'too short',
    { duration_filter: { comparison: { op: 'GE', value: { default_value: 21, runtime_key: 'k' } } } },
    {},
    false,
  ],
  ['a health check', { not_health_check_filter: {} }, { healthCheck: true }, false],
  ['no health check', { not_health_check_filter: {} }, {}, true],
  ['traced', { traceable_filter: {} }, { traced: true }, true],
  ['not traced', { traceable_filter: {} }, {}, false],
  [
    'sampled by its id',
    { runtime_filter: { runtime_key: 'k', percent_sampled: { numerator: 50 } } },
    { requestId: '00000031-' },
    true,
  ],
  [
    'left out by its id',
    { runtime_filter: { runtime_key: 'k', percent_sampled: { numerator: 50 } } },
    { requestId: '00000032-' },
    false,
  ],
  [
    'sampled by chance',
    {
      runtime_filter: {
        runtime_key: 'k',
        percent_sampled: { numerator: 50 },
        use_independent_randomness: true,
      },
    },
    { requestId: '00000032-' },
    true,
  ],
  ['both', { and_filter: { filters: [status('EQ', 200), header('user-agent', 'curl')] } }, {}, true],
  ['one of both', { and_filter: { filters: [status('EQ', 200), header('user-agent', 'wget')] } }, {}, false],
  ['either', { or_filter: { filters: [status('EQ', 404), header('user-agent', 'curl')] } }, {}, true],
  ['any flag', { response_flag_filter: {} }, { responseFlags: ['UH'] }, true],
  ['no flag', { response_flag_filter: {} }, {}, false],
  ['another flag', { response_flag_filter: { flags: ['UF', 'NR'] } }, { responseFlags: ['UH'] }, false],
  [
    'gRPC status',
    { grpc_status_filter: { statuses: ['UNAVAILABLE'] } },
    { requestHeaders: GRPC, responseCode: 503 },
    true,
  ],
  [
    'gRPC status excluded',
    { grpc_status_filter: { statuses: ['NOT_FOUND'], exclude: true } },
    { responseTrailers: HeaderList.from([['grpc-status', '5']]) },
    false,
  ],
  [
    'metadata',
    {
      metadata_filter: {
        matcher: { filter: 'f', path: [{ key: 'k' }], value: { string_match: { exact: 'v' } } },
      },
    },
    { dynamicMetadata: new Map([['f', { k: 'v' }]]) },
    true,
  ],
  [
    'metadata that is not there',
    {
      metadata_filter: {
        matcher: { filter: 'f', path: [{ key: 'k' }], value: { string_match: { exact: 'v' } } },
        match_if_key_not_found: false,
      },
    },
    {},
    false,
  ],
  ['type of log', { log_type_filter: { types: ['DownstreamEnd'], exclude: true } }, {}, false],
];

describe('access logs', () => {
  let folder = '';
  let logs = new AccessLogs({ stats: new FakeStats(), random: () => 7 });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-log-'));
    logs = new AccessLogs({ stats: new FakeStats(), random: () => 7 });
  });

  afterEach(async () => {
    await logs.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name = 'log') => join(folder, name);
  const text = (name = 'log') => readFileSync(file(name), 'latin1');

  function compile(settings: JsonObject, filter?: JsonObject) {
    const json: JsonObject = { name: 'f', typed_config: { '@type': FILE, path: file(), ...settings } };
    if (filter !== undefined) json.filter = filter;
    const logger = logs.compile([messageFromJson(AccessLogSchema, json)]);
    if (logger === undefined) throw new Error('no logger');
    return logger;
  }

  const inline = (format: string) => ({ log_format: { text_format_source: { inline_string: format } } });

  it.each(FILTERED)('filter: %s', async (_, filter, over, logged) => {
    const log = compile(inline('x\n'), filter);
    log(fakeStreamInfo(over));
    await logs.flush();
    expect(text()).toBe(logged ? 'x\n' : '');
  });

  it('has the format of Envoy when none is given', async () => {
    compile({})(fakeStreamInfo());
    await logs.flush();
    expect(text()).toBe(
      '[2026-01-31T09:05:03.123Z] "GET /p?q=1&r=a%20b HTTP/1.1" 200 - 3 5 20 - "-" "curl" "-" "a.example" "-"\n',
    );
  });

  it('writes JSON with sorted keys, numbers as numbers, and null for what is not known', async () => {
    const format = {
      z: '%RESPONSE_CODE%',
      a: '%REQ(:method)% x',
      m: { k: '%REQ(x)%', b: ['%PROTOCOL%', '%REQ(x)%', 3, true] },
      mix: 'a%REQ(x)%b',
      u: 'é%%',
      e: '%REQ(odd)%',
    };
    const info = fakeStreamInfo({ requestHeaders: HeaderList.from([['odd', '\u00e9"\\q']]) });
    compile({ log_format: { json_format: format } })(info);
    compile({ log_format: { json_format: format, omit_empty_values: true } })(info);
    await logs.flush();
    expect(text()).toBe(
      '{"a":"GET x","e":"\\u00e9\\u0022\\u005cq","m":{"b":["HTTP/1.1",null,3,true],"k":null},"mix":"a-b","u":"\u00c3\u00a9%","z":200}\n' +
        '{"a":"GET x","e":"\\u00e9\\u0022\\u005cq","m":{"b":["HTTP/1.1",3,true]},"mix":"ab","u":"\u00c3\u00a9%","z":200}\n',
    );
  });

  it('keeps every line in its order, whatever their number', async () => {
    const log = compile(inline('%RESPONSE_CODE%\n'));
    const wanted: string[] = [];
    for (let code = 0; code < 50_000; code++) {
      log(fakeStreamInfo({ responseCode: code }));
      wanted.push(`${code}`);
    }
    await logs.flush();
    expect(text().trimEnd().split('\n')).toEqual(wanted);
  });

  it('goes on in a new file after rotation', async () => {
    const log = compile(inline('%RESPONSE_CODE%\n'));
    log(fakeStreamInfo({ responseCode: 1 }));
    await logs.flush();
    renameSync(file(), file('old'));
    logs.reopen();
    log(fakeStreamInfo({ responseCode: 2 }));
    await logs.flush();
    expect([text('old'), text()]).toEqual(['1\n', '2\n']);
  });

  it('refuses loggers, filters and formatters that it does not know, by name', () => {
    const grpc = 'type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig';
    const log = messageFromJson(AccessLogSchema, { name: 'g', typed_config: { '@type': grpc } });
    expect(() => logs.compile([log])).toThrow('HttpGrpcAccessLogConfig is not supported');
    const cel = 'type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter';
    expect(() =>
      compile({}, { extension_filter: { name: 'cel', typed_config: { '@type': cel, expression: 'true' } } }),
    ).toThrow('access log filter cel is not supported');
    expect(() => compile(inline('%CEL(true)%'))).toThrow('CEL');
  });
});
