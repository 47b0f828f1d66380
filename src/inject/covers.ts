/** Whether a pod that went through the API server still holds all that an injection would put into it. */

import { quantityOf } from '../base/quantity.ts';
import { itemKey } from './item-key.ts';
import { STATUS } from './pod/inject-pod.ts';
import { PROBERS_ENV } from './pod/probes.ts';
import { getKey, isMap, sameValue } from './yaml/value.ts';
import type { Json } from './yaml/value.ts';

/** Texts of JSON, to which defaults of the API server come when they are made again. */
const JSON_ENV = new Set(['ISTIO_META_POD_PORTS', PROBERS_ENV]);

/** Numbers whose absence means zero, which the API server does not write. */
const LEFT_OUT_WHEN_ZERO = new Set(['initialDelaySeconds']);

/**
 * Whether `actual` has every field of `wanted` with the same value. It may have more, such as defaults; but of
 * containers it must have the same.
 */
export function covers(actual: Json | undefined, wanted: Json, field = ''): boolean {
  if (isMap(wanted)) {
    if (field === 'env' && JSON_ENV.has(String(wanted.name)))
      return sameJson(getKey(actual, 'value'), wanted.value);
    return Object.entries(wanted).every(
      ([key, value]) =>
        key === STATUS ||
        value === null ||
        isEmpty(value) ||
        (value === 0 && LEFT_OUT_WHEN_ZERO.has(key) && getKey(actual, key) === undefined) ||
        covers(getKey(actual, key), value, key),
    );
  }
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual)) return false;
    if (field.endsWith('ontainers') && actual.length !== wanted.length) return false;
    return wanted.every((item, index) => {
      const key = itemKey(field, item);
      const match = key === undefined ? actual[index] : actual.find((one) => itemKey(field, one) === key);
      return match !== undefined && covers(match, item, field);
    });
  }
  return sameValue(actual, wanted) || sameAmount(actual, wanted);
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** `1000m` is what the API server writes as `1`. */
function sameAmount(one: Json | undefined, other: Json): boolean {
  if (one === undefined || one === null || typeof one === 'object' || typeof other === 'object') return false;
  const amount = quantityOf(String(one));
  return amount !== undefined && amount === quantityOf(String(other));
}

/** The text that is there was made before the defaults came, so it may lack them. */
function sameJson(actual: Json | undefined, wanted: Json | undefined): boolean {
  if (typeof actual !== 'string' || typeof wanted !== 'string') return false;
  try {
    return covers(JSON.parse(wanted) as Json, JSON.parse(actual) as Json);
  } catch {
    return false;
  }
}
