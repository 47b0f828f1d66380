/** Certificates that tests make for themselves: an authority, and leaves that it signs. */

import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** Names are DNS names, addresses, or URIs where they have a scheme. */
  issue(names: readonly string[], options?: { readonly notAfter?: Date }): Certificate;
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

export function authority(commonName = 'test authority'): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issue = (subject: string, publicKey: KeyObject, extensions: Buffer[], notAfter: Date) =>
    pem('CERTIFICATE', certificate(commonName, keys.privateKey, subject, publicKey, extensions, notAfter));
  const later = new Date(Date.now() + 3_600_000);
  return {
    cert: issue(
      commonName,
      keys.publicKey,
      [extension('2.5.29.19', sequence(tlv(1, Buffer.from([255]))), true)],
      later,
    ),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    issue: (names, options = {}) => {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const san = extension('2.5.29.17', sequence(...names.map(generalName)), false);
      return {
        cert: issue(
          names[0] ?? 'nobody',
          own.publicKey,
          names.length === 0 ? [] : [san],
          options.notAfter ?? later,
        ),
        key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

let serial = 1;

function certificate(
  issuer: string,
  signer: KeyObject,
  subject: string,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  notAfter: Date,
): Buffer {
  const toBeSigned = sequence(
    tlv(0xa0, tlv(2, Buffer.from([2]))),
    tlv(2, Buffer.from([1, ++serial & 0x7f, Math.floor(Math.random() * 256)])),
    ECDSA_SHA256,
    name(issuer),
    sequence(time(new Date(Date.now() - 3_600_000)), time(notAfter)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [tlv(0xa3, sequence(...extensions))] : []),
  );
  const signature = sign('sha256', toBeSigned, signer);
  return sequence(toBeSigned, ECDSA_SHA256, tlv(3, Buffer.concat([Buffer.from([0]), signature])));
}

function name(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(commonName)))));
}

function generalName(value: string): Buffer {
  if (isIP(value) === 4) return tlv(0x87, Buffer.from(value.split('.').map(Number)));
  return tlv(value.includes('://') ? 0x86 : 0x82, Buffer.from(value));
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  return sequence(oid(id), ...(isCritical ? [tlv(1, Buffer.from([255]))] : []), tlv(4, value));
}

function time(date: Date): Buffer {
  const text = date.toISOString().replaceAll(/[-:T]/g, '');
  return tlv(0x17, Buffer.from(`${text.slice(2, 14)}Z`));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(6, Buffer.from(bytes));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
