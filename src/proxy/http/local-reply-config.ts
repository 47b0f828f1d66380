/** What a configuration makes of the proxy's own answers: `local_reply_config`. */

import type {
  LocalReplyConfig,
  ResponseMapper,
} from '../../xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { SubstitutionFormatString } from '../../xds/proto/generated/envoy/config/core/v3/substitution_format_string_pb.js';
import type { LocalReply } from '../http-filters/filter.ts';
import { InvalidConfigError } from '../config-error.ts';
import { editsOf } from '../route/headers.ts';
import { type LogFilter, compileLogFilter } from '../telemetry/access-log/filters.ts';
import { compileFormatString, dataText } from '../telemetry/format-string.ts';
import { compileEdits } from './header-edits.ts';
import { HeaderList } from './header-list.ts';
import { bodyText } from './local-reply.ts';
import type { StreamRecord } from './stream-record.ts';

export type LocalReplies = (reply: LocalReply, info: StreamRecord) => LocalReply;

const OWNER = 'http_connection_manager.local_reply_config';

interface Body {
  readonly contentType: string;
  text(info: StreamRecord): string;
}

interface Mapper {
  readonly fits: LogFilter;
  map(reply: LocalReply, info: StreamRecord): { readonly reply: LocalReply; readonly body: Body | undefined };
}

/** Throws an `UnsupportedError` or `FormatError`. */
export function compileLocalReplies(
  config: LocalReplyConfig,
  surroundings: Parameters<typeof compileLogFilter>[1],
): LocalReplies {
  const mappers = config.mappers.map((mapper) => compileMapper(mapper, surroundings));
  const common = config.bodyFormat === undefined ? undefined : bodyOf(config.bodyFormat);
  return (reply, info) => {
    const mapper = mappers.find(({ fits }) => fits(info));
    const mapped = mapper?.map(reply, info) ?? { reply, body: undefined };
    const body = mapped.body ?? common;
    if (body === undefined) return mapped.reply;
    info.responseCode = mapped.reply.status;
    info.localReplyBody = bodyText(mapped.reply);
    const text = body.text(info);
    const headers = [...(mapped.reply.headers ?? []), ['content-type', body.contentType] as const];
    return { ...mapped.reply, body: Buffer.from(text, 'latin1'), headers };
  };
}

function compileMapper(mapper: ResponseMapper, surroundings: Parameters<typeof compileLogFilter>[1]): Mapper {
  if (mapper.filter === undefined) throw new InvalidConfigError(`${OWNER}.mappers.filter`, 'it is missing');
  const { statusCode = 200 } = mapper;
  if (statusCode < 200 || statusCode > 599)
    throw new InvalidConfigError(`${OWNER}.mappers.status_code`, `${statusCode} is not from 200 to 599`);
  const fits = compileLogFilter(mapper.filter, surroundings);
  const body = mapper.bodyFormatOverride === undefined ? undefined : bodyOf(mapper.bodyFormatOverride);
  const text = mapper.body === undefined ? undefined : dataText(mapper.body);
  const edits = compileEdits(
    editsOf({
      requestHeadersToAdd: [],
      requestHeadersToRemove: [],
      responseHeadersToAdd: mapper.headersToAdd,
      responseHeadersToRemove: [],
    }).response,
  );
  return {
    fits,
    map(reply, info) {
      const added = new HeaderList();
      edits?.(added, info);
      return {
        body,
        reply: {
          ...reply,
          status: mapper.statusCode ?? reply.status,
          body: text ?? reply.body,
          headers: [...(reply.headers ?? []), ...added.entries()],
        },
      };
    },
  };
}

function bodyOf(format: SubstitutionFormatString): Body {
  const text = compileFormatString(format);
  const byDefault = format.format.case === 'jsonFormat' ? 'application/json' : 'text/plain';
  return { contentType: format.contentType === '' ? byDefault : format.contentType, text };
}
