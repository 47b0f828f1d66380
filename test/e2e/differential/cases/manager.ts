/** Settings of connection managers: who the client is, paths put in order, names, limits. */

import type { JsonMap } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';

const XFF: readonly Question[] = [
  {},
  { headers: [['x-forwarded-for', '1.2.3.4']] },
  { headers: [['x-forwarded-for', '1.2.3.4, 10.0.0.1']] },
  { headers: [['x-forwarded-for', '10.0.0.1']] },
  { headers: [['x-forwarded-for', 'a, b']] },
  { headers: [['x-forwarded-for', '::1']] },
  { headers: [['x-forwarded-proto', 'https']] },
  { headers: [['x-envoy-internal', 'true'], ['x-envoy-external-address', '9.9.9.9']] },
  { headers: [['x-envoy-retry-on', '5xx'], ['x-envoy-max-retries', '2'], ['x-envoy-upstream-rq-timeout-ms', '5000'], ['x-envoy-expected-rq-timeout-ms', '1']] },
  { headers: [['x-envoy-decorator-operation', 'op'], ['x-envoy-downstream-service-cluster', 'c'], ['x-envoy-original-path', '/o'], ['x-envoy-force-trace', '1']] },
  { headers: [['x-request-id', '5d1c9b9e-1111-4222-8333-444444444444']] },
  { headers: [['x-request-id', 'own']] },
];

const PATHS = ['//', '///?x', '/%2f', '/%2f%2f..%2f', '/a/../b', '/a/./b', '/../a', '/a//b', '//a', '/a%2fb', '/a%2Fb/..', '/a%5cb', '/a\\b', '/%2e%2e/a', '/a%2e', '/A%c3%a9', '/a?x=/../b', '/%', '/%zz', '/a%00b', '/.', '/..', '/a/..', '/a/b/../../..', '/a;b', '/~a', '/a%7Eb', '/a/%2e/b', '/a/%2E%2E/b', '/a///b/', '/a/.../b'];

const paths = (): Question[] => PATHS.map((path) => ({ path, title: path }));

const echo: JsonMap = { match: { prefix: '/' }, route: { cluster: 'b1' } };

const variants: readonly (readonly [title: string, manager: JsonMap, questions: readonly Question[]])[] = [
  ['use_remote_address', { use_remote_address: true }, XFF],
  ['one trusted hop', { use_remote_address: true, xff_num_trusted_hops: 1 }, XFF],
  ['two trusted hops behind another proxy', { xff_num_trusted_hops: 2 }, XFF.slice(0, 6)],
  ['skip_xff_append', { use_remote_address: true, skip_xff_append: true }, XFF.slice(0, 4)],
  ['internal addresses', { use_remote_address: true, internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }, { address_prefix: '10.0.0.0', prefix_len: 8 }] } }, XFF],
  ['internal addresses behind another proxy', { internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] } }, XFF],
  ['no normalization', { normalize_path: false }, paths()],
  ['normalize_path', { normalize_path: true }, paths()],
  ['merge_slashes', { merge_slashes: true }, paths()],
  ['both', { normalize_path: true, merge_slashes: true }, paths()],
  ['escaped slashes are refused', { path_with_escaped_slashes_action: 'REJECT_REQUEST', normalize_path: true }, paths()],
  ['escaped slashes are unescaped', { path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD', normalize_path: true, merge_slashes: true }, paths()],
  ['escaped slashes are redirected', { path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT' }, paths().slice(0, 16)],
  ['the name of the server', { server_name: 'lateen' }, [{}, { do: 'header=server:own' }, { path: '/none', host: 'unknown.example' }]],
  ['the name of the server, when there is none', { server_header_transformation: 'APPEND_IF_ABSENT' }, [{}, { do: 'header=server:own' }, { host: 'unknown.example' }]],
  ['the name of the server passes', { server_header_transformation: 'PASS_THROUGH' }, [{}, { do: 'header=server:own' }, { host: 'unknown.example' }]],
  ['via', { via: 'lateen' }, [{}, { headers: [['via', '1.1 other']], do: 'header=via:1.0 more' }]],
  ['no request ids', { generate_request_id: false }, [{}, { headers: [['x-request-id', 'own']] }]],
  ['request ids in answers', { always_set_request_id_in_response: true, preserve_external_request_id: true, use_remote_address: true }, [{}, { headers: [['x-request-id', '5d1c9b9e-1111-4222-8333-444444444444']] }, { host: 'unknown.example' }]],
  ['add_user_agent', { add_user_agent: true }, [{}, { headers: [['user-agent', 'curl']] }]],
  ['append_x_forwarded_port', { append_x_forwarded_port: true }, [{ excused: { 'x-forwarded-port': 'listeners have ports of their own' } }, { headers: [['x-forwarded-port', '99']] }]],
  ['no port in hosts', { strip_any_host_port: true }, [{ host: 's.example:1234' }, { host: 's.example' }, { host: '[::1]:80' }, { host: '[::1]' }]],
  ['no dot at the end of hosts', { strip_trailing_host_dot: true }, [{ host: 's.example.' }, { host: 's.example.:80' }]],
  ['the scheme is set', { scheme_header_transformation: { scheme_to_overwrite: 'https' } }, [{}, { headers: [['x-forwarded-proto', 'http']] }]],
  ['headers with underscores are refused', { common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } }, [{ headers: [['a_b', '1']] }, {}, { headers: [['a_b', '1']], protocol: 'http2' }]],
  ['headers with underscores are dropped', { common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' } }, [{ headers: [['a_b', '1']] }, { headers: [['a_b', '1']], protocol: 'http2' }]],
  ['few headers', { common_http_protocol_options: { max_headers_count: 8 } }, [{}, { headers: Array.from({ length: 10 }, (_, index) => [`x-${index}`, '1'] as const) }, { headers: Array.from({ length: 10 }, (_, index) => [`x-${index}`, '1'] as const), protocol: 'http2' }]],
  ['small headers', { max_request_headers_kb: 1 }, [{ headers: [['x-long', 'y'.repeat(500)]] }, { headers: [['x-long', 'y'.repeat(2000)]] }, { path: `/${'p'.repeat(2000)}` }]],
  ['HTTP/1.0', { http_protocol_options: { accept_http_10: true } }, [{}]],
  ['names in their proper case', { http_protocol_options: { header_key_format: { proper_case_words: {} } } }, [{ headers: [['x-own-name', '1']] }]],
  ['only HTTP/1.1', { codec_type: 'HTTP1' }, [{}]],
  ['only HTTP/2', { codec_type: 'HTTP2' }, [{ protocol: 'http2' }]],
  ['max_requests_per_connection', { common_http_protocol_options: { max_requests_per_connection: 1 } }, [{ headers: [['connection', 'keep-alive']] }]],
  ['CONNECT is nobody’s', {}, [{ method: 'CONNECT', path: 'a.example:80' }]],
  ['100-continue passes', { proxy_100_continue: true }, [{ method: 'POST', body: 'x', headers: [['expect', '100-continue']] }]],
  ['request timeout', { request_timeout: '3s' }, [{ do: 'delay=100' }]],
  ['stream idle timeout', { stream_idle_timeout: '0.2s' }, [{ do: 'delay=9000' }, { do: 'delay=9000', protocol: 'http2' }]],
  ['max_stream_duration', { common_http_protocol_options: { max_stream_duration: '0.2s' } }, [{ do: 'delay=9000' }]],
  ['max_stream_duration that is enough', { common_http_protocol_options: { max_stream_duration: '10s' } }, [{}]],
  [
    'local replies',
    {
      local_reply_config: {
        mappers: [
          {
            filter: { status_code_filter: { comparison: { op: 'EQ', value: { default_value: 404, runtime_key: 'x' } } } },
            status_code: 410,
            body: { inline_string: 'gone' },
            body_format_override: { text_format_source: { inline_string: '%LOCAL_REPLY_BODY% %RESPONSE_CODE% %REQ(:path)%' } },
            headers_to_add: [{ header: { key: 'x-mapped', value: 'yes' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
          },
        ],
        body_format: { json_format: { body: '%LOCAL_REPLY_BODY%', code: '%RESPONSE_CODE%', flags: '%RESPONSE_FLAGS%' } },
      },
    },
    [{ host: 'unknown.example', path: '/x' }, { host: 'unknown.example', method: 'HEAD' }, { path: '/empty' }, { path: '/says' }, { do: 'status=404' }],
  ],
];

const routes: readonly JsonMap[] = [
  { match: { path: '/empty' }, route: { cluster: 'empty' } },
  { match: { path: '/says' }, direct_response: { status: 400, body: { inline_string: 'said' } } },
  echo,
];

export const MANAGER: readonly Scenario[] = variants.map(([title, manager, questions]) => {
  const isAnyHost = /hosts|scheme/.test(title);
  return { title: `manager: ${title}`, manager, routes, questions, ...(isAnyHost && { host: { domains: ['*'] } }) };
});
