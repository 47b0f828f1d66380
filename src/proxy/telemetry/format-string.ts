/** Formats as the configuration has them: text, where text comes from, or JSON. */

import { readFileSync } from 'node:fs';
import type { DataSource } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { TypedExtensionConfig } from '../../xds/proto/generated/envoy/config/core/v3/extension_pb.js';
import type { SubstitutionFormatString } from '../../xds/proto/generated/envoy/config/core/v3/substitution_format_string_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import { type Format, type FormatOptions, compileFormat } from './format.ts';
import { compileJsonFormat } from './json-format.ts';

/** Throws an `UnsupportedError` for extensions that are not known, and a `FormatError`. */
export function compileFormatString(source: SubstitutionFormatString): Format {
  const options = { omitEmpty: source.omitEmptyValues, ...extensions(source.formatters) };
  const { format } = source;
  switch (format.case) {
    case 'textFormat':
      return compileFormat(format.value, options);
    case 'textFormatSource':
      return compileFormat(dataText(format.value), options);
    case 'jsonFormat': {
      const line = compileJsonFormat(format.value, options);
      return (info) => `${line(info)}\n`;
    }
    default:
      throw new UnsupportedError('a format that is not set');
  }
}

function extensions(formatters: readonly TypedExtensionConfig[]): FormatOptions {
  let withoutQuery = false;
  for (const { typedConfig } of formatters) {
    const type = typedConfig?.typeUrl.split('/').at(-1) ?? '';
    switch (type) {
      case 'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery':
        withoutQuery = true;
        break;
      case 'envoy.extensions.formatter.metadata.v3.Metadata':
        // Known without being asked for, as in Envoy.
        break;
      default:
        throw new UnsupportedError(`formatter ${type}`);
    }
  }
  return { withoutQuery };
}

/** The text that a configuration holds or names, read now. Throws an `Error` when it cannot be. */
export function dataText({ specifier }: DataSource): string {
  switch (specifier.case) {
    case 'inlineString':
      return specifier.value;
    case 'inlineBytes':
      return Buffer.from(specifier.value).toString('utf8');
    case 'filename':
      return readFileSync(specifier.value, 'utf8');
    case 'environmentVariable':
      return process.env[specifier.value] ?? '';
    default:
      return '';
  }
}
