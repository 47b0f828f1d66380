/** Checks of certificates: that none ends soon. From Secrets and ConfigMaps of a cluster, or of files. */

import { X509Certificate } from 'node:crypto';
import type { MeshObject } from '../../config/object.ts';
import { isTree } from '../../install/setting-path.ts';
import { type Category, checkOf, type Check } from './health.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Keys under which Secrets and ConfigMaps hold certificates. Keys to sign with are never looked at. */
const CERTIFICATE_KEYS = [
  'tls.crt',
  'cert',
  'ca.crt',
  'cacert',
  'ca-cert.pem',
  'root-cert.pem',
  'cert-chain.pem',
];

/** Texts that hold certificates, with the name to show. */
export interface Held {
  readonly name: string;
  readonly pem: string;
}

/** What of an object can be a certificate. Values of Secrets are base64, those of ConfigMaps text. */
export function certificatesOf({
  kind,
  meta,
  value,
}: Pick<MeshObject, 'kind' | 'meta' | 'value'>): readonly Held[] {
  const { data, stringData } = value as Readonly<Record<string, unknown>>;
  const place = meta.namespace === undefined ? '' : `${meta.namespace}/`;
  return CERTIFICATE_KEYS.flatMap((key) => {
    const encoded: unknown = isTree(data) ? data[key] : undefined;
    const plain: unknown = isTree(stringData) ? stringData[key] : undefined;
    const text =
      typeof plain === 'string'
        ? plain
        : typeof encoded === 'string'
          ? kind === 'Secret'
            ? Buffer.from(encoded, 'base64').toString('utf8')
            : encoded
          : undefined;
    if (text?.includes('BEGIN CERTIFICATE') !== true) return [];
    return [{ name: `${kind} ${place}${meta.name}, ${key}`, pem: text }];
  });
}

/** A check for each certificate; those that end within `days`, or have ended, fail. `now` is in milliseconds since 1970. */
export function certificateChecks(held: readonly Held[], days: number, now: number): Category {
  return {
    categoryName: 'certificates',
    checks:
      held.length === 0
        ? [{ description: 'there are no certificates to check', result: 'success' }]
        : held.flatMap((one) => chainChecks(one, days, now)),
  };
}

function chainChecks({ name, pem }: Held, days: number, now: number): readonly Check[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block, index) => {
    const title = blocks.length === 1 ? name : `${name} (${index + 1} of ${blocks.length})`;
    const hint =
      'Renew it: a control plane does so for certificates of its own; others come from whoever made them.';
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(block);
    } catch {
      return checkOf(title, ['it cannot be read as a certificate'], { hint });
    }
    const ends = certificate.validToDate.getTime();
    const left = Math.floor((ends - now) / DAY);
    const until = new Date(ends).toISOString().slice(0, 10);
    if (ends <= now) return checkOf(title, [`it ended on ${until}`], { hint });
    if (certificate.validFromDate.getTime() > now)
      return checkOf(title, ['it is not in force yet'], { hint });
    return checkOf(`${title}: until ${until}`, left >= days ? [] : [`it ends in ${left} days, on ${until}`], {
      hint,
    });
  });
}
