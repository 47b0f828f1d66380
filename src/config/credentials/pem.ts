/** Certificates in PEM, read one by one. */

import { X509Certificate } from 'node:crypto';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** The certificates of a text, in their order; undefined when there is none, or one that cannot be read. */
export function certificatesIn(bytes: Buffer): readonly X509Certificate[] | undefined {
  const text = bytes.toString('latin1');
  const found: X509Certificate[] = [];
  let at = text.indexOf(BEGIN);
  while (at >= 0) {
    const end = text.indexOf(END, at);
    if (end < 0) return undefined;
    try {
      found.push(new X509Certificate(text.slice(at, end + END.length)));
    } catch {
      return undefined;
    }
    at = text.indexOf(BEGIN, end);
  }
  return found.length === 0 ? undefined : found;
}
