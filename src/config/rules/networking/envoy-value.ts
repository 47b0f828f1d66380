/** Checks Envoy configuration in its JSON form against the messages of Envoy's API. */

import { isDurationSyntax } from '../../../base/duration.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { envoyMessage, typesNamedLike, wrappedScalar } from './envoy-api.ts';
import type { EnvoyField, EnvoyKind, Scalar } from './envoy-api.ts';
import { didYouMean } from './suggestion.ts';

// Far deeper than any configuration; messages of Envoy nest in themselves.
const MAX_DEPTH = 100;

const INTEGER = /^[-+]?\d+$/;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[-+]\d\d:\d\d)$/;

/** What values of a kind look like, for messages. */
const WORDS: Readonly<Record<Scalar, string>> = {
  bool: 'true or false',
  string: 'a string',
  bytes: 'a string in base64',
  int: 'an integer',
  uint: 'an integer, 0 or more',
  float: 'a number',
  duration: 'a duration, such as "5s"',
  timestamp: 'a time, such as "2026-01-31T12:00:00Z"',
  any: 'an object with its type in "@type"',
  object: 'an object',
  list: 'a list',
  value: 'a value',
};

/**
 * Checks a value as a message of that type (`envoy.config.cluster.v3.Cluster`). What Envoy's own JSON parser
 * would refuse is an error; a field that is not known may be newer than the table, so it is a warning.
 */
export function checkEnvoyMessage(report: RuleReport, path: FieldPath, type: string, value: unknown): void {
  checkMessage(report, path, type, value, 0);
}

function checkMessage(
  report: RuleReport,
  path: FieldPath,
  type: string,
  value: unknown,
  depth: number,
): void {
  if (depth > MAX_DEPTH) return;
  if (!isObject(value)) return wrongType(report, path, 'an object', value);
  const message = envoyMessage(type);
  if (message === undefined) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '@type') continue;
    const field = message.get(key);
    const place = [...path, key];
    if (field !== undefined) checkField(report, place, field, inner, depth + 1);
    else reportUnknown(report, place, key, type, [...message.values()]);
  }
  if (
    message.has('typed_config') &&
    !['typed_config', 'config_discovery'].some((name) => isThere(value, name))
  ) {
    report.warn(
      path,
      `${naming(value)} has no typed_config, and Envoy no longer finds extensions by name alone`,
      {
        check: 'MissingField',
        hint: 'Add typed_config with the "@type" of the extension.',
      },
    );
  }
}

function naming(value: Readonly<Record<string, unknown>>): string {
  return typeof value['name'] === 'string' && value['name'] !== '' ? `"${value['name']}"` : 'this extension';
}

function isThere(value: Readonly<Record<string, unknown>>, name: string): boolean {
  const camel = name.replace(/_c/, 'C').replace(/_d/, 'D');
  return (value[name] ?? value[camel] ?? null) !== null;
}

function checkField(
  report: RuleReport,
  path: FieldPath,
  field: EnvoyField,
  value: unknown,
  depth: number,
): void {
  if (value === null) return;
  if (field.form === 'list') {
    if (!Array.isArray(value)) return wrongType(report, path, 'a list', value);
    for (const [index, item] of value.entries()) checkValue(report, [...path, index], field.of, item, depth);
  } else if (field.form === 'map') {
    if (!isObject(value)) return wrongType(report, path, 'an object', value);
    for (const [key, item] of Object.entries(value))
      checkValue(report, [...path, key], field.of, item, depth);
  } else checkValue(report, path, field.of, value, depth);
}

function checkValue(report: RuleReport, path: FieldPath, of: EnvoyKind, value: unknown, depth: number): void {
  if (of.kind === 'message') checkMessage(report, path, of.type, value, depth);
  else if (of.kind === 'any') checkAny(report, path, value, depth);
  else if (of.kind === 'enum') {
    if (Number.isInteger(value)) return;
    if (typeof value !== 'string') wrongType(report, path, `one of ${of.values.join(', ')}`, value);
    else if (!of.values.includes(value)) {
      report.error(path, `"${value}" is none of ${of.values.join(', ')}`, didYouMean(value, of.values));
    }
  } else if (!isScalar(of.kind, value)) wrongType(report, path, WORDS[of.kind], value);
}

/** Numbers may be written in strings, as protobuf's JSON does for those of 64 bits. */
function isScalar(kind: Scalar, value: unknown): boolean {
  switch (kind) {
    case 'value':
      return true;
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return typeof value === 'string' && value.length % 4 === 0 && BASE64.test(value);
    case 'int':
      return typeof value === 'string' ? INTEGER.test(value) : Number.isInteger(value);
    case 'uint':
      return typeof value === 'string' ? /^\d+$/.test(value) : Number.isInteger(value) && Number(value) >= 0;
    case 'float':
      return typeof value === 'string' ? NUMBER.test(value) || isNonFinite(value) : typeof value === 'number';
    case 'duration':
      return typeof value === 'string' && isDurationSyntax(value);
    case 'timestamp':
      return typeof value === 'string' && TIMESTAMP.test(value);
    case 'object':
    case 'any':
      return isObject(value);
    case 'list':
      return Array.isArray(value);
  }
}

function isNonFinite(text: string): boolean {
  return text === 'NaN' || text === 'Infinity' || text === '-Infinity';
}

/** A message of any type: which, says its `@type`. */
function checkAny(report: RuleReport, path: FieldPath, value: unknown, depth: number): void {
  if (!isObject(value)) return wrongType(report, path, WORDS.any, value);
  const url = value['@type'];
  const place = [...path, '@type'];
  if (url === undefined) {
    report.error(path, 'has no "@type", which says what message it is', {
      check: 'MissingField',
      hint: 'Write it as type.googleapis.com/envoy.extensions.….',
    });
    return;
  }
  if (typeof url !== 'string') return wrongType(report, place, 'a string', url);
  const type = url.slice(url.lastIndexOf('/') + 1);
  const wrapped = wrappedScalar(type);
  if (wrapped !== undefined) checkWrapped(report, path, type, wrapped, value);
  else if (type === 'google.protobuf.Empty') return;
  else if (envoyMessage(type) === undefined) reportUnknownType(report, place, type);
  else checkMessage(report, path, type, value, depth);
}

function checkWrapped(
  report: RuleReport,
  path: FieldPath,
  type: string,
  kind: Scalar,
  value: Readonly<Record<string, unknown>>,
): void {
  if (value['value'] === undefined) {
    report.error(path, `a ${type} has its content in the field "value"`, { check: 'MissingField' });
  } else if (!isScalar(kind, value['value']))
    wrongType(report, [...path, 'value'], WORDS[kind], value['value']);
}

function reportUnknownType(report: RuleReport, path: FieldPath, type: string): void {
  const old = /\.v2(?:alpha\d*)?\./.test(type);
  const like = typesNamedLike(type);
  const elsewhere = like.length > 0 ? `Did you mean ${like.join(' or ')}?` : undefined;
  report.error(
    path,
    old
      ? `"${type}" belongs to Envoy's v2 API, which is gone: use the type of v3`
      : `"${type}" is no message that Envoy has`,
    {
      check: 'BrokenReference',
      hint: elsewhere ?? 'Wrap the configuration of an extension of your own in a xds.type.v3.TypedStruct.',
    },
  );
}

function reportUnknown(
  report: RuleReport,
  path: FieldPath,
  key: string,
  type: string,
  fields: readonly EnvoyField[],
): void {
  const names = fields.map((field) => field.name);
  report.warn(path, `"${key}" is no field of ${type}`, { check: 'UnknownField', ...didYouMean(key, names) });
}

function wrongType(report: RuleReport, path: FieldPath, wanted: string, value: unknown): void {
  report.error(path, `must be ${wanted}, and is ${describe(value)}`, { check: 'WrongType' });
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 80))}`;
  return String(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
