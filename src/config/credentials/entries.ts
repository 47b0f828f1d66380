/** The entries of Secrets and ConfigMaps that hold certificates: under which names, and as bytes. */

import type { FieldPath } from '../../base/field-path.ts';
import type { MeshObject } from '../object.ts';

/** Names of a certificate and its key. Where a Secret has both, the first counts, as in Istio. */
export const KEY_PAIRS = [
  { certificate: 'cert', key: 'key', staple: undefined },
  { certificate: 'tls.crt', key: 'tls.key', staple: 'tls.ocsp-staple' },
] as const;

/** Names of the authorities that peers are trusted by, and of the list of what these have revoked. */
export const AUTHORITIES = [
  { authorities: 'cacert', revoked: 'crl' },
  { authorities: 'ca.crt', revoked: 'ca.crl' },
] as const;

/** The type of Secrets whose certificate stands under `tls.crt`. */
export const TLS_SECRET = 'kubernetes.io/tls';

export interface Entry {
  readonly path: FieldPath;
  /** Undefined when what stands there is no base64. */
  readonly bytes: Buffer | undefined;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** An entry of a Secret or ConfigMap; undefined when it is absent or empty. */
export function entryOf({ key: kind, value }: MeshObject, name: string): Entry | undefined {
  const text = (field: string): string | undefined => {
    const map = value[field];
    if (typeof map !== 'object' || map === null || !Object.hasOwn(map, name)) return undefined;
    const found: unknown = (map as Readonly<Record<string, unknown>>)[name];
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const isSecret = kind === 'core/Secret';
  const plain = text(isSecret ? 'stringData' : 'data');
  if (plain !== undefined)
    return { path: [isSecret ? 'stringData' : 'data', name], bytes: Buffer.from(plain) };
  const coded = isSecret ? text('data')?.replaceAll(/\s/g, '') : undefined;
  if (coded === undefined) return undefined;
  const isCoded = coded.length % 4 === 0 && BASE64.test(coded);
  return { path: ['data', name], bytes: isCoded ? Buffer.from(coded, 'base64') : undefined };
}
