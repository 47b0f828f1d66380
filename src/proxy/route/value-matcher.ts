/** Matchers of metadata: https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/value.proto */

import type { MetadataMatcher } from '../../xds/proto/generated/envoy/type/matcher/v3/metadata_pb.js';
import type { ValueMatcher } from '../../xds/proto/generated/envoy/type/matcher/v3/value_pb.js';
import { compileStringMatcher } from './string-matcher.ts';
import { UnsupportedError } from './unsupported.ts';

type ValueTest = (value: unknown) => boolean;

/** Throws an `UnsupportedError` for what is not known. Undefined is a value that is not there. */
export function compileValueMatcher({ matchPattern: pattern }: ValueMatcher): ValueTest {
  switch (pattern.case) {
    case 'nullMatch':
      return (value) => value === null;
    case 'boolMatch':
      return (value) => value === pattern.value;
    case 'presentMatch':
      return (value) => (value !== undefined && value !== null) === pattern.value;
    case 'stringMatch': {
      const text = compileStringMatcher(pattern.value);
      return (value) => typeof value === 'string' && text.fits(value);
    }
    case 'doubleMatch': {
      const { matchPattern: number } = pattern.value;
      if (number.case === 'exact') return (value) => value === number.value;
      if (number.case === 'range') {
        const { start, end } = number.value;
        return (value) => typeof value === 'number' && value >= start && value < end;
      }
      throw new UnsupportedError('double_match without a pattern');
    }
    case 'listMatch': {
      const { matchPattern: list } = pattern.value;
      if (list.case !== 'oneOf') throw new UnsupportedError('list_match without one_of');
      const one = compileValueMatcher(list.value);
      return (value) => Array.isArray(value) && value.some(one);
    }
    case 'orMatch': {
      const tests = pattern.value.valueMatchers.map(compileValueMatcher);
      return (value) => tests.some((test) => test(value));
    }
    default:
      throw new UnsupportedError('a value matcher without a pattern');
  }
}

/** What stands in a filter's metadata at a path; undefined when there is nothing. */
export function valueAt(
  metadata: Readonly<Record<string, unknown>> | undefined,
  path: readonly string[],
): unknown {
  let value: unknown = metadata;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** Of metadata by the names of filters; `missing` is what holds when nothing stands at the path. */
export function compileMetadataMatcher(
  { filter, path, value, invert }: MetadataMatcher,
  missing?: boolean,
): (metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>) => boolean {
  const keys = path.map(({ segment }) => segment.value ?? '');
  const fits = value === undefined ? () => false : compileValueMatcher(value);
  return (metadata) => {
    const found = valueAt(metadata.get(filter), keys);
    if (found === undefined && missing !== undefined) return missing;
    return fits(found) !== invert;
  };
}
