/** YAML or JSON in Envoy's form to a protobuf message. */

import { type DescMessage, type JsonValue, type MessageShape, fromBinary } from '@bufbuild/protobuf';
import { CORE_SCHEMA, YAMLException, load } from 'js-yaml';
import { MeshError } from '../../base/mesh-error.ts';
import { JsonProblemError, encodeJson } from './json-encoder.ts';

/**
 * The message that a text holds; JSON is YAML too. `file` is for errors only. Throws a `MeshError` that names
 * what is wrong and where: bad YAML with its line, an unknown field or extension with its path.
 */
export function readMessage<Schema extends DescMessage>(
  schema: Schema,
  text: string,
  file: string,
): MessageShape<Schema> {
  return messageOf(schema, readYaml(text, file), file);
}

/** One document of YAML, or of JSON, which is read much faster as what it is, as plain values. */
export function readYaml(text: string, file: string): JsonValue {
  const json = text.startsWith('{') ? asJson(text) : undefined;
  if (json !== undefined) return json;
  try {
    const value = load(text, { schema: CORE_SCHEMA, filename: file });
    return (value ?? {}) as JsonValue;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const where = mark === undefined ? { file } : { file, line: mark.line + 1, column: mark.column + 1 };
    throw new MeshError('BadConfiguration', `this is no valid YAML: ${reason}`, { where, cause: error });
  }
}

/** Undefined for what is no JSON: the reader of YAML then says where, if it is no YAML either. */
function asJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The message that plain values stand for; throws as `readMessage`. */
export function messageOf<Schema extends DescMessage>(
  schema: Schema,
  value: JsonValue,
  file: string,
): MessageShape<Schema> {
  return fromBinary(schema, bytesOf(schema, value, file));
}

/** The bytes of the message that plain values stand for; throws as `readMessage`. */
export function bytesOf(schema: DescMessage, value: JsonValue, file: string): Uint8Array {
  try {
    return encodeJson(schema, value);
  } catch (error) {
    if (!(error instanceof JsonProblemError)) throw error;
    const { path, message, hint } = error.problem;
    throw new MeshError('BadConfiguration', message, {
      where: path === '' ? { file } : { file, field: path },
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}
