/** Configuration that is understood but wrong, and small readers that many resources share. */

import type { Duration } from '@bufbuild/protobuf/wkt';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { badDuration } from './durations.ts';
import { milliseconds as waitOf } from './route/milliseconds.ts';
import { UnsupportedError } from './route/unsupported.ts';

/** A value that Envoy would refuse too. */
export class InvalidConfigError extends Error {
  /** The field, as the Envoy API spells it. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.name = 'InvalidConfigError';
    this.field = field;
  }
}

/** Throws an `UnsupportedError` for the first field that is set; keys are names below `owner`. */
export function refuseFields(owner: string, fields: Readonly<Record<string, boolean>>): void {
  for (const [name, isSet] of Object.entries(fields)) {
    if (isSet) throw new UnsupportedError(`${owner}.${name}`);
  }
}

/** Milliseconds, not rounded, and no longer than a timer can wait; the default when it is absent. */
export function milliseconds(duration: Duration | undefined, whenAbsent: number): number {
  return duration === undefined ? whenAbsent : waitOf(duration);
}

/** Throws an `InvalidConfigError` for the first duration in a message that Envoy would not take. */
export function checkDurations(owner: string, message: object): void {
  const bad = badDuration(message);
  if (bad !== undefined) throw new InvalidConfigError(`${owner}${bad.path}`, bad.problem);
}

/** The message inside an `Any` of that type. Throws when the bytes are no such message, or the type is another. */
export function unpacked<Schema extends DescMessage>(
  field: string,
  any: Any | undefined,
  schema: Schema,
): MessageShape<Schema> {
  if (any === undefined) throw new InvalidConfigError(field, 'its typed_config is missing');
  let message: MessageShape<Schema> | undefined;
  try {
    message = anyUnpack(any, schema);
  } catch {
    throw new InvalidConfigError(field, `its bytes are no ${schema.typeName}`);
  }
  if (message === undefined) throw new UnsupportedError(`${field} of type ${typeNameOf(any)}`);
  checkDurations(field, message);
  return message;
}

/** The type of what is inside, without the prefix of its URL; `TypedStruct` wrappers are not looked into. */
export function typeNameOf(any: Any | undefined): string {
  const url = any?.typeUrl ?? '';
  return url.slice(url.lastIndexOf('/') + 1);
}
