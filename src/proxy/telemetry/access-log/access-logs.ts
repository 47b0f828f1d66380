/** The access logs of listeners, connection managers and TCP proxies: compiled from the configuration. */

import { fromBinary } from '@bufbuild/protobuf';
import type { AccessLog } from '../../../xds/proto/generated/envoy/config/accesslog/v3/accesslog_pb.js';
import {
  type FileAccessLog,
  FileAccessLogSchema,
} from '../../../xds/proto/generated/envoy/extensions/access_loggers/file/v3/file_pb.js';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '../../../xds/proto/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import type { SubstitutionFormatString } from '../../../xds/proto/generated/envoy/config/core/v3/substitution_format_string_pb.js';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { AccessLogger } from '../../stream-info.ts';
import { type Format, compileFormat } from '../format.ts';
import { compileFormatString } from '../format-string.ts';
import { compileJsonFormat } from '../json-format.ts';
import { compileLogFilter } from './filters.ts';
import { LogFile, fileStats } from './log-file.ts';

/** Envoy's own, for loggers without a format. */
const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ' +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" ' +
  '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

export interface AccessLogSurroundings {
  readonly stats: StatsScope;
  /** A whole number from 0 to 2^32 - 1. */
  random(): number;
}

/** All access logs of the process; those that name the same file share it. */
export class AccessLogs {
  readonly #files = new Map<string, LogFile>();
  readonly #surroundings: AccessLogSurroundings;
  readonly #onExit = () => {
    for (const file of this.#files.values()) file.flushNow();
  };

  constructor(surroundings: AccessLogSurroundings) {
    this.#surroundings = surroundings;
    process.on('exit', this.#onExit);
  }

  /**
   * One logger for all of the list; undefined for an empty list. Throws an `UnsupportedError` for kinds, filters and
   * operators that are not known, and the file system's error for a file that cannot be written to.
   */
  compile(logs: readonly AccessLog[]): AccessLogger | undefined {
    const loggers = logs.map((log) => this.#compileOne(log));
    const [only] = loggers;
    if (loggers.length < 2) return only;
    return (info) => {
      for (const log of loggers) log(info);
    };
  }

  /** For log rotation: files are opened anew under their names. */
  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  /** All lines until now are written. */
  async flush(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.flush()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
    this.#files.clear();
    process.off('exit', this.#onExit);
  }

  #compileOne(log: AccessLog): AccessLogger {
    const { path, format } = sinkOf(log);
    const filter =
      log.filter === undefined ? undefined : compileLogFilter(log.filter, this.#surroundings.random);
    const file = this.#file(path);
    if (filter === undefined) return (info) => file.append(format(info));
    return (info) => {
      if (filter(info)) file.append(format(info));
    };
  }

  #file(path: string): LogFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file = new LogFile(path, fileStats(this.#surroundings.stats));
    this.#files.set(path, file);
    return file;
  }
}

interface Sink {
  readonly path: string;
  readonly format: Format;
}

function sinkOf({ name, configType }: AccessLog): Sink {
  const settings = configType.value;
  switch (settings?.typeUrl.split('/').at(-1)) {
    case FileAccessLogSchema.typeName: {
      const file = fromBinary(FileAccessLogSchema, settings.value);
      return { path: file.path, format: fileFormat(file) };
    }
    case StdoutAccessLogSchema.typeName: {
      const { accessLogFormat } = fromBinary(StdoutAccessLogSchema, settings.value);
      return { path: '/dev/stdout', format: formatOr(accessLogFormat.value) };
    }
    case StderrAccessLogSchema.typeName: {
      const { accessLogFormat } = fromBinary(StderrAccessLogSchema, settings.value);
      return { path: '/dev/stderr', format: formatOr(accessLogFormat.value) };
    }
    default:
      throw new UnsupportedError(`access log ${settings?.typeUrl ?? name}`);
  }
}

function formatOr(format: SubstitutionFormatString | undefined): Format {
  return format === undefined ? compileFormat(DEFAULT_FORMAT) : compileFormatString(format);
}

function fileFormat({ accessLogFormat: format }: FileAccessLog): Format {
  switch (format.case) {
    case 'format':
      return compileFormat(format.value === '' ? DEFAULT_FORMAT : format.value);
    case 'jsonFormat':
    case 'typedJsonFormat': {
      const line = compileJsonFormat(format.value, {});
      return (info) => `${line(info)}\n`;
    }
    default:
      return formatOr(format.value);
  }
}
