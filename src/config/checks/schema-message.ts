/** What a schema says, in words for people: what is there, what is expected, how to mend it. */

import type { FieldPath } from '../../base/field-path.ts';
import { nearestName } from '../../base/nearest.ts';
import type { CheckName, Finding } from '../finding.ts';
import type { SchemaError } from '../generated-contract.ts';
import { patternText } from './pattern-text.ts';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

const FORMATS: Readonly<Record<string, { name: string; hint?: string }>> = {
  duration: { name: 'a duration', hint: 'Write numbers with units, as 1h30m, 5s or 100ms.' },
  'date-time': { name: 'a date and time', hint: 'Write it as 2024-01-31T12:00:00Z.' },
  byte: { name: 'base64' },
  int64: { name: 'a whole number' },
  uint64: { name: 'a whole number of zero or more' },
};

/** Names of a list that a hint still spells out. */
const MAX_LISTED = 12;

const NO_FIELDS: ReadonlySet<unknown> = new Set();

/**
 * The finding for an error of a schema. `root` is the object that was checked, `secret` the fields of it whose content is
 * not to be told.
 */
export function schemaFinding(
  error: SchemaError,
  root: unknown,
  secret: ReadonlySet<unknown> = NO_FIELDS,
): Finding {
  const { path, value } = follow(root, error.instancePath);
  switch (error.keyword) {
    case 'type':
      if (secret.has(path[0])) return wrongSecret(path, value, error.params.type);
      return wrongType(path, value, TYPE_NAMES[error.params.type] ?? error.params.type, error.params.type);
    case 'x-mesh-int-or-string':
      return wrongType(path, value, 'a whole number or text', 'integer');
    case 'x-mesh-closed':
      return unknownField(path, error.params.field, error.params.allowed);
    case 'required':
    case 'x-mesh-required': {
      const name = error.params.missingProperty;
      return fail('MissingField', [...path, name], `the field "${name}" is required`);
    }
    case 'x-mesh-exclusive':
      return exclusive(path, error.params);
    case 'x-mesh-one-of':
      if (error.params.present.length > 0) return exclusive(path, error.params);
      return fail('MissingField', path, `one of ${quoteList(error.params.fields)} must be set`);
    case 'deprecated':
      return {
        check: 'DeprecatedField',
        level: 'Warning',
        path,
        message: `the field "${String(path.at(-1) ?? '')}" is deprecated`,
        ...(error.params.hint === undefined ? {} : { hint: error.params.hint }),
      };
    case 'x-mesh-enum':
      return notInEnum(path, value, error.params.allowed);
    case 'pattern':
      return fail('InvalidValue', path, `${show(value)} ${patternText(error.params.pattern)}`);
    case 'format': {
      const format = FORMATS[error.params.format];
      return fail(
        'InvalidValue',
        path,
        `${show(value)} is not ${format?.name ?? `in the format ${error.params.format}`}`,
        format?.hint,
      );
    }
    case 'minLength':
      return error.params.limit === 1
        ? fail('InvalidValue', path, 'the text must not be empty')
        : fail('InvalidValue', path, `the text must have at least ${error.params.limit} characters`);
    case 'maxLength':
      return fail('TooMany', path, `the text has more than ${error.params.limit} characters`);
    case 'minItems':
      return error.params.limit === 1
        ? fail('InvalidValue', path, 'the list must not be empty')
        : fail('InvalidValue', path, `the list must have at least ${error.params.limit} items`);
    case 'maxItems':
      return fail(
        'TooMany',
        path,
        `the list has ${sizeOf(value)} items, more than the ${error.params.limit} allowed`,
      );
    case 'minProperties':
      return fail(
        'InvalidValue',
        path,
        `the map must have at least ${error.params.limit} ${error.params.limit === 1 ? 'entry' : 'entries'}`,
      );
    case 'maxProperties':
      return fail(
        'TooMany',
        path,
        `the map has ${sizeOf(value)} entries, more than the ${error.params.limit} allowed`,
      );
    case 'minimum':
      return fail(
        'InvalidValue',
        path,
        `${show(value)} is less than ${error.params.limit}, the least allowed`,
      );
    case 'maximum':
      return fail(
        'InvalidValue',
        path,
        `${show(value)} is more than ${error.params.limit}, the most allowed`,
      );
    case 'exclusiveMinimum':
      return fail('InvalidValue', path, `${show(value)} must be more than ${error.params.limit}`);
    case 'exclusiveMaximum':
      return fail('InvalidValue', path, `${show(value)} must be less than ${error.params.limit}`);
    case 'multipleOf':
      return fail('InvalidValue', path, `${show(value)} is not a multiple of ${error.params.multipleOf}`);
    case 'x-mesh-unique': {
      const { first, second, keys } = error.params;
      const what = keys.length === 0 ? 'equal' : `equal in ${quoteList(keys)}`;
      return fail(
        'InvalidValue',
        [...path, second],
        `items ${first} and ${second} of the list are ${what}`,
        'Remove one of the two.',
      );
    }
  }
}

function fail(check: CheckName, path: FieldPath, message: string, hint?: string): Finding {
  return { check, level: 'Error', path, message, ...(hint === undefined ? {} : { hint }) };
}

/** Walks a JSON pointer along the value: only there does it show which parts are indexes. */
function follow(root: unknown, pointer: string): { path: FieldPath; value: unknown } {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) {
      path.push(Number(key));
      value = value[Number(key)];
    } else {
      path.push(key);
      value = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    }
  }
  return { path, value };
}

function wrongType(path: FieldPath, value: unknown, expected: string, type: string): Finding {
  return fail('WrongType', path, `must be ${expected}, but is ${describe(value)}`, typeHint(value, type));
}

function wrongSecret(path: FieldPath, value: unknown, type: string): Finding {
  const is = value === null || typeof value === 'object' ? describe(value) : TYPE_NAMES[typeof value];
  const hint = type === 'string' && typeof value !== 'object' ? 'Put it in quotes.' : undefined;
  return fail(
    'WrongType',
    path,
    `must be ${TYPE_NAMES[type] ?? type}, but is ${is ?? 'something else'}`,
    hint,
  );
}

function typeHint(value: unknown, type: string): string | undefined {
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `Put it in quotes: "${String(value)}".`;
  }
  if (type === 'array' && value !== null) return 'Begin each item with a dash, even when there is only one.';
  if (typeof value === 'string') {
    const isNumber = value.trim() !== '' && Number.isFinite(Number(value));
    const isBoolean = value === 'true' || value === 'false';
    if ((isNumber && (type === 'integer' || type === 'number')) || (isBoolean && type === 'boolean')) {
      return 'Remove the quotes.';
    }
  }
  if (type === 'object' && Array.isArray(value)) return 'Remove the dashes.';
  return undefined;
}

function describe(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (value === undefined) return 'absent';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'a map';
    case 'string':
      return `the text ${show(value)}`;
    case 'number':
      return `the number ${value}`;
    default:
      return String(value);
  }
}

function unknownField(path: FieldPath, field: string, allowed: readonly string[]): Finding {
  const nearest = nearestName(field, allowed);
  const hint =
    nearest !== undefined
      ? `Did you mean "${nearest}"?`
      : allowed.length === 0
        ? 'No fields are allowed here.'
        : allowed.length <= MAX_LISTED
          ? `Known here: ${allowed.join(', ')}.`
          : undefined;
  return fail('UnknownField', [...path, field], `unknown field "${field}"`, hint);
}

function exclusive(
  path: FieldPath,
  params: { fields: readonly string[]; present: readonly string[] },
): Finding {
  const first = params.present[1] ?? params.present[0];
  return fail(
    'ExclusiveFields',
    first === undefined ? path : [...path, first],
    `only one of ${quoteList(params.fields)} may be set, but ${quoteList(params.present, 'and')} are`,
  );
}

function notInEnum(
  path: FieldPath,
  value: unknown,
  allowed: readonly (string | number | boolean)[],
): Finding {
  const names = allowed.map(String);
  const nearest = nearestName(String(value), names);
  const hint = nearest !== undefined ? `Did you mean ${nearest}?` : undefined;
  return fail('InvalidValue', path, `${show(value)} is not one of ${names.join(', ')}`, hint);
}

/** `"a", "b" or "c"`. */
function quoteList(names: readonly string[], word = 'or'): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${word} ${last}`;
}

/** The value on one line, shortened. */
function show(value: unknown): string {
  const text =
    typeof value === 'object'
      ? describe(value)
      : typeof value === 'string'
        ? JSON.stringify(value)
        : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isMapping(value) ? Object.keys(value).length : 0;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
