/**
 * What is wrong with a Secret that holds certificates. What proxies would refuse is found here, where the Secret and
 * the entry can be named. Nothing of what stands in it is ever part of a message.
 */

import { type KeyObject, createPrivateKey } from 'node:crypto';
import { formatFieldPath } from '../../base/field-path.ts';
import type { MeshObject } from '../object.ts';
import { AUTHORITIES, type Entry, KEY_PAIRS, TLS_SECRET, entryOf } from './entries.ts';
import { certificatesIn } from './pem.ts';

/** As the API server bounds a Secret, in bytes. https://kubernetes.io/docs/concepts/configuration/secret/ */
const MAX_ENTRY = 1 << 20;

const REVOKED = '-----BEGIN X509 CRL-----';

/** Each fault as a sentence that begins with its field; none for what holds no certificates. */
export function credentialFaults(object: MeshObject): readonly string[] {
  if (object.key !== 'core/Secret') return [];
  const faults = new Map<string, string>();
  const fault = (entry: Entry | string, what: string): void => {
    const field = formatFieldPath(typeof entry === 'string' ? ['data', entry] : entry.path);
    if (!faults.has(field)) faults.set(field, `${field}: ${what}`);
  };
  /** The bytes of an entry that can be looked at. */
  const read = (name: string): { readonly entry: Entry; readonly bytes: Buffer } | undefined => {
    const entry = entryOf(object, name);
    if (entry === undefined) return undefined;
    if (entry.bytes === undefined) fault(entry, 'this is no base64');
    else if (entry.bytes.length > MAX_ENTRY) fault(entry, `this has more than ${MAX_ENTRY} bytes`);
    else return { entry, bytes: entry.bytes };
    return undefined;
  };
  const pair =
    KEY_PAIRS.find(({ certificate, key }) => [certificate, key].every((name) => entryOf(object, name))) ??
    (object.value['type'] === TLS_SECRET ? KEY_PAIRS[1] : undefined);
  if (pair !== undefined) {
    for (const name of [pair.certificate, pair.key]) {
      if (entryOf(object, name) === undefined) fault(name, 'this is missing or empty');
    }
    const [chain, key] = [read(pair.certificate), read(pair.key)];
    const leaf = chain && certificatesIn(chain.bytes)?.[0];
    const privateKey = key && readKey(key.bytes);
    if (chain !== undefined && leaf === undefined) fault(chain.entry, 'this is no certificate in PEM');
    if (key !== undefined && privateKey === undefined) {
      fault(key.entry, 'this is no private key in PEM, or one with a passphrase');
    }
    if (leaf !== undefined && key !== undefined && privateKey !== undefined) {
      if (!leaf.checkPrivateKey(privateKey)) {
        fault(key.entry, `this key does not belong to the certificate in ${pair.certificate}`);
      }
    }
  }
  for (const { authorities, revoked } of AUTHORITIES) {
    const certificates = read(authorities);
    if (certificates === undefined) continue;
    if (certificatesIn(certificates.bytes) === undefined)
      fault(certificates.entry, 'these are no certificates in PEM');
    const list = read(revoked);
    if (list !== undefined && !list.bytes.includes(REVOKED)) {
      fault(list.entry, 'this is no list of revoked certificates in PEM');
    }
  }
  return [...faults.values()];
}

function readKey(bytes: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(bytes);
  } catch {
    // What OpenSSL says of a key stays unsaid.
    return undefined;
  }
}
