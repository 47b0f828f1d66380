/** The access log that MeshConfig asks for: a line for each request or connection. */

import type { JsonObject } from '@bufbuild/protobuf';
import type { Input } from '../input.ts';
import type { AccessLogSchema } from '../proto/generated/envoy/config/accesslog/v3/accesslog_pb.js';
import { FileAccessLogSchema } from '../proto/generated/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { pack } from '../proto/registry.ts';
import type { Init } from '../values.ts';

/** The fields in Istio's order: https://istio.io/latest/docs/tasks/observability/logs/access-log/ */
const FIELDS: readonly (readonly [name: string, format: string, quoted: boolean])[] = [
  ['bytes_received', '%BYTES_RECEIVED%', false],
  ['bytes_sent', '%BYTES_SENT%', false],
  ['duration', '%DURATION%', false],
  ['upstream_service_time', '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%', false],
  ['x_forwarded_for', '%REQ(X-FORWARDED-FOR)%', true],
  ['user_agent', '%REQ(USER-AGENT)%', true],
  ['request_id', '%REQ(X-REQUEST-ID)%', true],
  ['authority', '%REQ(:AUTHORITY)%', true],
  ['upstream_host', '%UPSTREAM_HOST%', true],
  ['upstream_cluster', '%UPSTREAM_CLUSTER_RAW%', false],
  ['upstream_local_address', '%UPSTREAM_LOCAL_ADDRESS%', false],
  ['downstream_local_address', '%DOWNSTREAM_LOCAL_ADDRESS%', false],
  ['downstream_remote_address', '%DOWNSTREAM_REMOTE_ADDRESS%', false],
  ['requested_server_name', '%REQUESTED_SERVER_NAME%', false],
  ['route_name', '%ROUTE_NAME%', false],
];

const REQUEST = {
  start_time: '%START_TIME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
};

const DEFAULT_TEXT =
  `[${REQUEST.start_time}] "${REQUEST.method} ${REQUEST.path} ${REQUEST.protocol}" ` +
  `${REQUEST.response_code} ${REQUEST.response_flags} ${REQUEST.response_code_details} ` +
  `${REQUEST.connection_termination_details} "${REQUEST.upstream_transport_failure_reason}" ` +
  `${FIELDS.map(([, format, quoted]) => (quoted ? `"${format}"` : format)).join(' ')}\n`;

const DEFAULT_JSON: JsonObject = {
  ...REQUEST,
  ...Object.fromEntries(FIELDS.map(([name, format]) => [name, format])),
};

/** None when MeshConfig names no file. */
export function accessLogs({ snapshot, report }: Input): Init<typeof AccessLogSchema>[] {
  const { accessLogFile = '', accessLogFormat = '', accessLogEncoding } = snapshot.mesh.config;
  if (accessLogFile === '') return [];
  const isJson = accessLogEncoding === 'JSON';
  const custom = isJson ? jsonFormat(accessLogFormat) : undefined;
  if (isJson && accessLogFormat !== '' && custom === undefined) {
    report(
      { kind: 'MeshConfig', namespace: snapshot.mesh.istioNamespace, name: 'mesh' },
      'accessLogFormat is no JSON object, so the default format is used. Write {"field": "%COMMAND%"}.',
    );
  }
  const format = isJson
    ? { case: 'jsonFormat' as const, value: custom ?? DEFAULT_JSON }
    : {
        case: 'textFormatSource' as const,
        value: {
          specifier: {
            case: 'inlineString' as const,
            value: accessLogFormat === '' ? DEFAULT_TEXT : accessLogFormat,
          },
        },
      };
  const config = pack(FileAccessLogSchema, {
    path: accessLogFile,
    accessLogFormat: { case: 'logFormat', value: { format } },
  });
  return [{ name: 'envoy.access_loggers.file', configType: { case: 'typedConfig', value: config } }];
}

function jsonFormat(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
