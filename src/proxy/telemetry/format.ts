/**
 * Envoy's format language, `[%START_TIME%] %REQ(USER-AGENT):20%`: compiled once, then run for each request.
 * Used by access logs, header edits and bodies of the proxy's own answers.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
 */

import { hostname } from 'node:os';
import type { StreamInfo } from '../stream-info.ts';
import { utf8Bytes } from './bytes.ts';
import { FormatError } from './format-error.ts';
import { MESSAGE_OPERATORS, WITHOUT_QUERY } from './operators/messages.ts';
import { type FormatSurroundings, METADATA_OPERATORS, surroundingOperators } from './operators/metadata.ts';
import type { FormatValue, Operator, OperatorKind, OperatorTable } from './operators/operator.ts';
import { PEER_OPERATORS } from './operators/peers.ts';
import { TIME_OPERATORS } from './operators/times.ts';

export interface FormatOptions {
  /** What is not known is written as nothing, where it is `-` otherwise. */
  readonly omitEmpty?: boolean;
  /** Extensions that the configuration names: `envoy.formatter.req_without_query`. */
  readonly withoutQuery?: boolean;
  /** Those of the process when absent. */
  readonly surroundings?: FormatSurroundings;
}

/** Writes what the format says of a request: Latin-1 text, one character a byte, as header values are. */
export type Format = (info: StreamInfo) => string;

/** Texts as they are, and operators. */
export type FormatPart = string | Operator;

const KNOWN: OperatorTable = {
  ...MESSAGE_OPERATORS,
  ...TIME_OPERATORS,
  ...PEER_OPERATORS,
  ...METADATA_OPERATORS,
};

const COMMAND = /%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::([0-9]+))?%/y;

let ofProcess: FormatSurroundings | undefined;

/** Throws a `FormatError` for an operator that is not known, in Envoy's words. */
export function compileFormat(text: string, options: FormatOptions = {}): Format {
  const parts = formatParts(text, options);
  const empty = options.omitEmpty === true ? '' : '-';
  const [only] = parts;
  if (parts.length === 0) return () => '';
  if (parts.length === 1 && only !== undefined) {
    return typeof only === 'string' ? () => only : (info) => valueText(only(info)) ?? empty;
  }
  return (info) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : (valueText(part(info)) ?? empty);
    return line;
  };
}

/** The parts of a format in their order; texts that follow each other are one. */
export function formatParts(text: string, options: FormatOptions): readonly FormatPart[] {
  const parts: FormatPart[] = [];
  let literal = '';
  let index = 0;
  while (index < text.length) {
    const percent = text.indexOf('%', index);
    if (percent < 0) break;
    literal += text.slice(index, percent);
    if (text[percent + 1] === '%') {
      literal += '%';
      index = percent + 2;
      continue;
    }
    COMMAND.lastIndex = percent;
    const command = COMMAND.exec(text);
    if (command === null) {
      throw new FormatError(
        text,
        `Incorrect configuration: ${text}. Couldn't find valid command at position ${percent}`,
      );
    }
    if (literal !== '') parts.push(utf8Bytes(literal));
    literal = '';
    const [whole, name = '', parameters = '', length] = command;
    parts.push(compileOperator(name, parameters, length === undefined ? undefined : Number(length), options));
    index = percent + whole.length;
  }
  literal += text.slice(index);
  if (literal !== '') parts.push(utf8Bytes(literal));
  return parts;
}

function compileOperator(
  name: string,
  parameters: string,
  length: number | undefined,
  options: FormatOptions,
): Operator {
  const kind = operatorKind(name, options);
  if (kind === undefined) throw new FormatError(name, `Not supported field in StreamInfo: ${name}`);
  if (kind.parameters === 'none' && (parameters !== '' || length !== undefined)) {
    throw new FormatError(name, `${name} does not take any parameters or length`);
  }
  if (kind.parameters === 'required' && parameters === '') {
    throw new FormatError(name, `${name} requires parameters`);
  }
  if (!kind.length && length !== undefined) {
    throw new FormatError(name, `${name} does not allow length to be specified.`);
  }
  return kind.compile(parameters, length);
}

function operatorKind(name: string, options: FormatOptions): OperatorKind | undefined {
  if (name === 'ENVIRONMENT' || name === 'HOSTNAME') {
    ofProcess ??= { environment: process.env, hostname: hostname() };
    return surroundingOperators(options.surroundings ?? ofProcess)[name];
  }
  if (name === 'REQ_WITHOUT_QUERY') return options.withoutQuery === true ? WITHOUT_QUERY : undefined;
  return Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
}

/** Undefined for what is not known. */
export function valueText(value: FormatValue): string | undefined {
  if (typeof value === 'string' || value === undefined) return value;
  return typeof value === 'object' ? utf8Bytes(JSON.stringify(value)) : String(value);
}

/**
 * Compiles the value of a header that is added. Unknown values are written as nothing: a header whose whole value
 * is empty is left out unless `keep_empty_value` is set. Line ends within become spaces. Older spellings are read too, as
 * `%UPSTREAM_METADATA(["filter", "key"])%` and `%PER_REQUEST_STATE(key)%`.
 */
export function compileHeaderFormat(text: string): Format {
  const modern = text
    .replaceAll(/%(UPSTREAM_METADATA|DYNAMIC_METADATA)\(\[(.*?)\]\)%/g, (_, name: string, list: string) => {
      const keys = [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, key = '']) => key);
      return `%${name}(${keys.join(':')})%`;
    })
    .replaceAll(/%PER_REQUEST_STATE\(([^)]*)\)%/g, '%FILTER_STATE($1:PLAIN)%');
  const format = compileFormat(modern, { omitEmpty: true });
  return (info) => {
    const value = format(info);
    return BREAKS.test(value) ? value.replaceAll(ALL_BREAKS, ' ') : value;
  };
}

/** What would end a header, or the message's head: clients can write it, escaped, into what some operators decode. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const BREAKS = /[\0\r\n]/;
const ALL_BREAKS = new RegExp(BREAKS, 'g');
