/** `header_key_format` of Envoy's Http1ProtocolOptions, of connection managers and of clusters. */

import type { Http1ProtocolOptions } from '../../xds/proto/generated/envoy/config/core/v3/protocol_pb.js';
import {
  PreserveCaseFormatterConfigSchema,
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders as OwnFormat,
} from '../../xds/proto/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.js';
import { unpacked } from '../config-error.ts';
import type { NameStyle } from './name-style.ts';
import type { KeptForm } from './written-names.ts';

export interface NameFormat {
  /** Of messages that bring no form of their own. */
  readonly nameStyle: NameStyle;
  /** What is remembered of messages that come; undefined for nothing. */
  readonly keptForm: KeptForm | undefined;
}

/** `owner` names the options. Throws an `UnsupportedError` for formatters that are not known. */
export function nameFormat(owner: string, options: Http1ProtocolOptions | undefined): NameFormat {
  const format = options?.headerKeyFormat?.headerFormat;
  switch (format?.case) {
    case 'properCaseWords':
      return { nameStyle: 'proper', keptForm: undefined };
    case 'statefulFormatter': {
      const field = `${owner}.header_key_format.stateful_formatter`;
      const config = unpacked(field, format.value.typedConfig, PreserveCaseFormatterConfigSchema);
      const ownNames = config.formatterTypeOnEnvoyHeaders === OwnFormat.PROPER_CASE ? 'proper' : 'lower';
      return { nameStyle: 'lower', keptForm: { ownNames, reason: config.forwardReasonPhrase } };
    }
    default:
      return { nameStyle: 'lower', keptForm: undefined };
  }
}
