/**
 * The value of a YAML scalar, as Kubernetes' own tools see it: sigs.k8s.io/yaml, which is YAML 1.1 with
 * Go's number syntax, turned into JSON. `test/config/parse/scalar.test.ts` has the table of facts.
 */

/** What a scalar may stand for. Infinity and NaN are resolved, though JSON has no way to write them. */
export type Scalar = string | number | boolean | null;

/** A tag that the text does not fit, as `!!int x`. */
export class TagMismatch extends Error {}

const WORDS = new Map<string, Scalar>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word): [string, Scalar] => [word, true],
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word): [string, Scalar] => [word, false],
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, Scalar] => [word, null]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, Scalar] => [word, Number.NaN]),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word): [string, Scalar] => [
    word,
    Number.POSITIVE_INFINITY,
  ]),
  ...['-.inf', '-.Inf', '-.INF'].map((word): [string, Scalar] => [word, Number.NEGATIVE_INFINITY]),
]);

const INTEGER = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const SIGNED_BINARY = /^0b([+-][01]+)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
// Text that starts with a dot goes to Go's ParseFloat as it stands, which takes "_" between digits only.
const DOT_FLOAT = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;
const DATE = /^\d{4}-(\d{1,2})-(\d{1,2})(?:$|[Tt ])/;

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** First characters after which a plain scalar can be anything but a string. */
const SPECIAL_START = new Uint8Array(128);
for (const character of '0123456789+-.yYnNtTfFoO~') SPECIAL_START[character.charCodeAt(0)] = 1;

/** The value of a plain scalar without a tag. */
export function resolvePlain(text: string): Scalar {
  if (text === '') return null;
  const first = text.charCodeAt(0);
  if (first > 127 || SPECIAL_START[first] === 0) return text;
  if (first > 57) return text.length > 5 ? text : wordOr(text);
  if (first >= 49 && isShortDecimal(text)) return Number(text);
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (first === 46) return finiteOr(text, DOT_FLOAT.test(text) ? text.replaceAll('_', '') : undefined);
  return resolveNumber(text);
}

function wordOr(text: string): Scalar {
  const word = WORDS.get(text);
  return word === undefined ? text : word;
}

/** Digits only and few enough to be exact: nearly every number in a manifest. */
function isShortDecimal(text: string): boolean {
  if (text.length > 15) return false;
  for (let index = 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

function resolveNumber(text: string): Scalar {
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const integer = parseInteger(plain);
  if (integer !== undefined) return Number(integer);
  return finiteOr(text, FLOAT.test(plain) ? plain : undefined);
}

function finiteOr(text: string, number: string | undefined): Scalar {
  if (number === undefined) return text;
  const value = Number(number);
  return Number.isFinite(value) ? value : text;
}

/** Go's strconv.ParseInt with base 0, then ParseUint; undefined where neither takes the text. */
function parseInteger(plain: string): bigint | undefined {
  const signedBinary = SIGNED_BINARY.exec(plain)?.[1];
  if (signedBinary !== undefined)
    return inInt64(withSign(signedBinary[0] ?? '', `0b${signedBinary.slice(1)}`));
  const match = INTEGER.exec(plain);
  if (match === null) return undefined;
  const [, sign = '', hex, binary, octal, decimal] = match;
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : (decimal ?? '');
  // Longer digits than any 64-bit number has in base 2 cannot fit, and BigInt of them would be slow.
  if (digits.length > 4096) return undefined;
  const value = withSign(sign, digits);
  return inInt64(value) ?? (sign === '' && value <= UINT64_MAX ? value : undefined);
}

function withSign(sign: string, digits: string): bigint {
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}

function inInt64(value: bigint): bigint | undefined {
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

/**
 * The value of a scalar with an explicit tag (in full, `tag:yaml.org,2002:int`). Unknown tags are ignored
 * and leave a string. Throws TagMismatch where the text is not of the tag's type.
 */
export function resolveTagged(tag: string, text: string): Scalar {
  const name = tag.startsWith('tag:yaml.org,2002:') ? tag.slice('tag:yaml.org,2002:'.length) : undefined;
  switch (name) {
    case 'bool':
    case 'int':
    case 'float':
    case 'null': {
      const value = resolvePlain(text);
      if (scalarType(value) === name) return value;
      if (name === 'float' && typeof value === 'number') return value;
      break;
    }
    case 'timestamp':
      if (isDate(text)) return text;
      break;
    case 'binary':
      return decodeBase64(text);
    default:
      return text;
  }
  throw new TagMismatch(`"${shorten(text)}" is not of the type !!${name}`);
}

function scalarType(value: Scalar): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'str';
}

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const month = Number(match[1]);
  const day = Number(match[2]);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function decodeBase64(text: string): string {
  const plain = text.replace(/[\r\n]/g, '');
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) {
    throw new TagMismatch('the text after !!binary is not base64');
  }
  const bytes = Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/**
 * The key that a plain scalar gives: JSON keys are strings, so `yes` is "true" and `0x10` is "16".
 * Undefined for what no key can be (null, and integers above 2^63).
 */
export function resolvePlainKey(text: string): string | undefined {
  const first = text.charCodeAt(0);
  if (first > 127 || (text !== '' && SPECIAL_START[first] === 0)) return text;
  return keyOf(text, resolvePlain(text));
}

/** The key that a resolved scalar gives; `text` is what was written. */
export function keyOf(text: string, value: Scalar): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return undefined;
  const integer = parseInteger(text.replaceAll('_', ''));
  if (integer !== undefined) return integer > INT64_MAX ? undefined : integer.toString();
  return formatFloat32(value);
}

/** Go's FormatFloat(value, 'g', -1, 32), by which sigs.k8s.io/yaml writes keys that are floats. */
function formatFloat32(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  if (single === 0) return Object.is(single, -0) ? '-0' : '0';
  let digits = '';
  for (let precision = 1; precision <= 9; precision++) {
    digits = single.toExponential(precision - 1);
    if (Math.fround(Number(digits)) === single) break;
  }
  const [mantissa = '', exponentText = '0'] = digits.split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return Number(digits).toString();
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
