/** Whom certificates of a connection are for, as `spiffe://cluster.local/ns/shop/sa/web`. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { subjectAltNames } from '../../tls/subject-alt-names.ts';

/** The first URI of each side's certificate; empty without one. */
export interface Principals {
  readonly peer: string;
  readonly own: string;
}

const NOBODY: Principals = { peer: '', own: '' };
/** Certificates of a connection stay what they are, and are dear to read. */
const KNOWN = new WeakMap<object, Principals>();

function firstUri(certificate: object | null | undefined): string {
  const text: unknown =
    certificate != null && 'subjectaltname' in certificate ? certificate.subjectaltname : undefined;
  if (typeof text !== 'string') return '';
  return subjectAltNames(text).find(({ type }) => type === 'URI')?.value ?? '';
}

/** Of a connection whose handshake is over. */
export function principalsOf(socket: Socket | TLSSocket | undefined): Principals {
  if (socket === undefined || !('getPeerCertificate' in socket)) return NOBODY;
  const known = KNOWN.get(socket);
  if (known !== undefined) return known;
  const found = { peer: firstUri(socket.getPeerCertificate()), own: firstUri(socket.getCertificate()) };
  KNOWN.set(socket, found);
  return found;
}
