/** Checks the keys that tokens are verified with: their address, and key sets written out. */

import { createRequire } from 'node:module';
import type * as Crypto from 'node:crypto';

import { nearestName } from '../../../base/nearest.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { parseRequestUri, parseUrl } from '../../../base/url.ts';
import type { RuleReport } from '../rule.ts';

/** An address that starts with http:// or https://. An empty one is left to the schema. */
export function checkJwksUri(report: RuleReport, path: FieldPath, uri: string | undefined): void {
  if (uri === undefined || uri === '') return;
  const url = parseUrl(uri);
  if (url === undefined || parseRequestUri(uri) === undefined) {
    report.error(path, `"${uri.slice(0, 200)}" is no URL such as https://example.com/jwks.json`);
  } else if (url.scheme !== 'http' && url.scheme !== 'https') {
    report.error(path, `must start with http:// or https://, and its scheme is "${url.scheme}"`);
  } else if (url.host === '') report.warn(path, `"${uri.slice(0, 200)}" names no host`);
}

interface KeyType {
  /** Fields that a public key has: base64 but for `crv`. */
  readonly required: readonly string[];
  readonly base64: readonly string[];
  readonly symmetric?: boolean;
}

/** RFC 7518, section 6, and RFC 8037. */
const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  RSA: { required: ['n', 'e'], base64: ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] },
  EC: { required: ['crv', 'x', 'y'], base64: ['x', 'y', 'd'] },
  OKP: { required: ['crv', 'x'], base64: ['x', 'd'] },
  oct: { required: ['k'], base64: ['k'], symmetric: true },
};
/** RFC 7517, section 4: fields that every key may have. */
const TEXTS: readonly string[] = ['alg', 'crv', 'kid', 'use', 'x5t', 'x5t#S256', 'x5u'];
const LISTS: readonly string[] = ['key_ops', 'x5c'];

export interface JwksFinding {
  /** The end of a sentence; undefined when the set is sound. */
  readonly problem: string | undefined;
  /** Indexes of keys with private or symmetric material. */
  readonly privateKeys: readonly number[];
}

/** Looks at a JSON Web Key Set, or a single key in its place. RFC 7517. */
export function findJwksProblem(text: string): JwksFinding {
  const privateKeys: number[] = [];
  const problem = setProblem(text, privateKeys);
  return { problem, privateKeys: problem === undefined ? privateKeys : [] };
}

function setProblem(text: string, privateKeys: number[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isObject(value)) return 'it must be a JSON object with the list "keys"';
  if (!Object.hasOwn(value, 'keys')) {
    if (!Object.hasOwn(value, 'kty')) return 'it has no list "keys"';
    return keyProblem(value, 0, privateKeys);
  }
  const { keys } = value;
  if (keys === null) return undefined;
  if (!Array.isArray(keys)) return '"keys" must be a list';
  for (const [index, key] of keys.entries()) {
    const problem = isObject(key) ? keyProblem(key, index, privateKeys) : 'it must be an object';
    if (problem !== undefined) return `in key ${index}, ${problem}`;
  }
  return undefined;
}

function keyProblem(
  key: Readonly<Record<string, unknown>>,
  index: number,
  privateKeys: number[],
): string | undefined {
  const { kty } = key;
  const type = typeof kty === 'string' && Object.hasOwn(KEY_TYPES, kty) ? KEY_TYPES[kty] : undefined;
  if (type === undefined) {
    const near = typeof kty === 'string' ? nearestName(kty, Object.keys(KEY_TYPES)) : undefined;
    const known =
      near === undefined ? `must be one of ${Object.keys(KEY_TYPES).join(', ')}` : `should be "${near}"`;
    return `"kty" ${known}`;
  }
  for (const field of type.required) {
    if (key[field] === undefined || key[field] === null) return `"${field}" is missing`;
  }
  for (const field of TEXTS) {
    const value = key[field] ?? '';
    if (typeof value !== 'string') return `"${field}" must be a string`;
  }
  for (const field of LISTS) {
    const value = key[field] ?? [];
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
      return `"${field}" must be a list of strings`;
    }
  }
  for (const certificate of (key['x5c'] as readonly string[] | undefined | null) ?? []) {
    if (!isCertificate(certificate)) return '"x5c" must hold certificates: DER in base64';
  }
  for (const field of type.base64) {
    const value = key[field] ?? '';
    if (typeof value !== 'string' || !isBase64(value)) return `"${field}" must be base64url text`;
  }
  if (type.symmetric === true || Object.hasOwn(key, 'd')) privateKeys.push(index);
  return undefined;
}

// Loaded when the first certificate is met, which is seldom: it takes some milliseconds. `require`, because rules
// are synchronous and a dynamic import is not.
let crypto: typeof Crypto | undefined;

function isCertificate(text: string): boolean {
  if (!/^[A-Za-z0-9+/\r\n]+={0,2}$/.test(text)) return false;
  crypto ??= createRequire(import.meta.url)('node:crypto') as typeof Crypto;
  try {
    return new crypto.X509Certificate(Buffer.from(text, 'base64')).raw.length > 0;
  } catch {
    return false;
  }
}

/** Either alphabet of base64, not mixed, with padding or without. */
function isBase64(text: string): boolean {
  const plain = text.replaceAll(/[\r\n]/g, '');
  const padded = plain.endsWith('=');
  if (padded ? plain.length % 4 !== 0 : plain.length % 4 === 1) return false;
  const body = plain.replace(/={1,2}$/, '');
  return /^[A-Za-z0-9\-_]*$/.test(body) || /^[A-Za-z0-9+/]*$/.test(body);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
