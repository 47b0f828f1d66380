/** Reads values that protobuf's JSON form lets one write in more than one way. */

import { parseDuration } from '../../../base/duration.ts';

/** A whole number that may be written as a text of digits; undefined where there is none. */
export function wholeNumber(value: number | string | undefined): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  // 64 bits have 19 digits; longer texts are not numbers of the API.
  return value !== undefined && /^-?\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

/** The name of an enum's value, which may be written as its number; undefined for what is none of them. */
export function enumName<Name extends string>(
  value: number | string | undefined,
  names: readonly Name[],
): Name | undefined {
  return typeof value === 'number' ? names[value] : names.find((name) => name === value);
}

/** Nanoseconds of a duration field; undefined when it is absent or malformed (which the schema reports). */
export function nanoseconds(value: string | undefined): bigint | undefined {
  return value === undefined ? undefined : parseDuration(value);
}

/** Whether the value is a map: neither a list nor a scalar. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
