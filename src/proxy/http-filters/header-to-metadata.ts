/** Values of headers and cookies as metadata, for subsets of endpoints and access logs. */

import type { Any } from '@bufbuild/protobuf/wkt';
import { compileRe2 } from '../../base/re2.ts';
import {
  type Config,
  ConfigSchema,
  type Config_KeyValuePair as Pair,
  type Config_Rule as Rule,
  Config_ValueEncode as Encode,
  Config_ValueType as ValueType,
} from '../../xds/proto/generated/envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import { cookieValue } from '../route/cookies.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { FilterKind } from './filter.ts';
import { type Headers, requestHeadersOf, responseHeadersOf } from './header-edits.ts';
import { RouteSettings, unpack } from './settings.ts';

type Step = (headers: Headers, info: StreamInfo) => void;

interface Steps {
  readonly request: readonly Step[];
  readonly response: readonly Step[];
}

/** Envoy's own limit; longer values are left out. */
const MOST = 8 * 1024;

function compileConfig(settings: Any): Steps {
  const config: Config = unpack(ConfigSchema, settings);
  return { request: config.requestRules.map(compileRule), response: config.responseRules.map(compileRule) };
}

function compileRule(rule: Rule): Step {
  const header = rule.header.toLowerCase();
  const present = rule.onHeaderPresent === undefined ? undefined : compilePair(rule.onHeaderPresent);
  const missing = rule.onHeaderMissing === undefined ? undefined : compilePair(rule.onHeaderMissing);
  if (header === '' && rule.cookie === '') throw new UnsupportedError('a rule without header and cookie');
  return (headers, info) => {
    const value = header === '' ? cookieValue(headers.getAll('cookie'), rule.cookie) : headers.get(header);
    if (value === undefined) {
      missing?.('', info);
      return;
    }
    present?.(value, info);
    if (rule.remove && header !== '') headers.remove(header);
  };
}

function compilePair(pair: Pair): (value: string, info: StreamInfo) => void {
  const namespace =
    pair.metadataNamespace === '' ? 'envoy.filters.http.header_to_metadata' : pair.metadataNamespace;
  const rewrite = pair.regexValueRewrite;
  const pattern = rewrite?.pattern === undefined ? undefined : compileRe2(rewrite.pattern.regex);
  return (found, info) => {
    let text = pair.value === '' ? found : pair.value;
    if (pattern !== undefined) text = pattern.replaceAll(found, rewrite?.substitution ?? '');
    if (text === '' || text.length >= MOST) return;
    const value = valueOf(text, pair);
    if (value === undefined) return;
    info.dynamicMetadata.set(namespace, { ...info.dynamicMetadata.get(namespace), [pair.key]: value });
  };
}

function valueOf(text: string, { type, encode }: Pair): unknown {
  const plain = encode === Encode.BASE64 ? Buffer.from(text, 'base64').toString('utf8') : text;
  switch (type) {
    case ValueType.NUMBER: {
      const number = Number(plain);
      return plain.trim() === '' || Number.isNaN(number) ? undefined : number;
    }
    case ValueType.PROTOBUF_VALUE:
      return undefined;
    default:
      return plain;
  }
}

function refuseUnsupported(settings: Any): Steps {
  const { requestRules, responseRules } = unpack(ConfigSchema, settings);
  const pairs = [...requestRules, ...responseRules].flatMap((rule) => [
    rule.onHeaderPresent,
    rule.onHeaderMissing,
  ]);
  if (pairs.some((pair) => pair?.type === ValueType.PROTOBUF_VALUE)) {
    throw new UnsupportedError('type PROTOBUF_VALUE of header_to_metadata');
  }
  return compileConfig(settings);
}

export const HEADER_TO_METADATA: FilterKind = {
  typeName: ConfigSchema.typeName,

  compile(name, settings) {
    const base = refuseUnsupported(settings);
    const routes = new RouteSettings(refuseUnsupported);
    return {
      name,
      forStream(stream) {
        const { request, response } = routes.first(stream, name) ?? base;
        return {
          onRequestHeaders() {
            const headers = requestHeadersOf(stream);
            for (const step of request) step(headers, stream.info);
            return 'continue';
          },
          onResponseHeaders(_, __, list) {
            if (response.length === 0) return 'continue';
            const headers = responseHeadersOf(stream, list);
            for (const step of response) step(headers, stream.info);
            return 'continue';
          },
        };
      },
    };
  },

  checkRouteSettings(settings) {
    refuseUnsupported(settings);
  },
};
