/** The certificate that the API server sees: signed in memory by the mesh's authority, or read from files. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MeshError } from '../../base/mesh-error.ts';
import { findObject } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { TlsFiles } from '../settings.ts';

/** All as PEM. The key must not come into a log or an error. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** An authority: its own certificate first, then what leads from it to the root. */
export type Authority = KeyPair;

/** Secrets that hold an authority, in the order in which an installation looks for them. */
const SECRETS = ['cacerts', 'istio-ca-secret'] as const;

/** How long a certificate of ours is in force, as long as its authority is. */
const LIFE = 30 * 24 * 3_600_000;
/** Clocks of machines differ. */
const SKEW = 5 * 60_000;

/** The authority of a control plane's namespace. Throws a `MeshError`, or an `ApiFailure`, when it cannot be had. */
export async function readAuthority(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Authority> {
  for (const name of SECRETS) {
    const found = await findObject(client, { apiVersion: 'v1', kind: 'Secret' }, { name, namespace }, signal);
    if (found === undefined) continue;
    const pem = (key: string): string => decoded(found['data'], key);
    const [certificate, key] = [pem('ca-cert.pem'), pem('ca-key.pem')];
    if (certificate !== '' && key !== '') {
      return { certificate: joined(certificate, pem('cert-chain.pem')), key };
    }
    throw new MeshError('BadAuthority', 'it lacks ca-cert.pem or ca-key.pem', {
      where: { object: `Secret ${namespace}/${name}` },
    });
  }
  throw new MeshError('NotFound', `there is no Secret ${namespace}/${SECRETS.join(` or ${namespace}/`)}`, {
    hint: 'mesh install makes one.',
  });
}

/** Reads a pair from files. Throws a `MeshError` for what is none. */
export async function readKeyPair({ certificate, key }: TlsFiles): Promise<KeyPair> {
  const [certificateText, keyText] = await Promise.all([certificate, key].map(readPem));
  const pair = { certificate: certificateText ?? '', key: keyText ?? '' };
  const isOne = firstCertificate(pair.certificate, certificate).checkPrivateKey(privateKey(pair.key, key));
  if (isOne) return pair;
  throw new MeshError('BadCertificate', `it is not the key of the certificate ${certificate}`, {
    where: { file: key },
  });
}

/**
 * A new key with a certificate for servers of these names, which must not be empty. Throws a `MeshError` for an
 * authority that cannot sign.
 */
export async function signServer(
  authority: Authority,
  names: readonly string[],
  now: number,
): Promise<KeyPair> {
  const issuer = firstCertificate(authority.certificate, 'ca-cert.pem');
  const key = privateKey(authority.key, 'ca-key.pem');
  const end = Math.min(now + LIFE, Date.parse(issuer.validTo));
  if (!issuer.checkPrivateKey(key)) {
    throw new MeshError('BadAuthority', 'ca-key.pem is not the key of ca-cert.pem');
  }
  if (!issuer.ca || end <= now) {
    throw new MeshError('BadAuthority', 'ca-cert.pem is not that of an authority, or no longer in force');
  }
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const own = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(own, true, ['sign', 'verify']);
  const signing = signingAlgorithm(key);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
    subject: [{ CN: [names[0] ?? ''] }],
    issuer: new x509.X509Certificate(issuer.raw).subjectName,
    notBefore: new Date(now - SKEW),
    notAfter: new Date(end),
    publicKey: keys.publicKey,
    signingKey: key.toCryptoKey(signing, false, ['sign']),
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(new x509.X509Certificate(issuer.raw)),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: joined(certificate.toString('pem'), authority.certificate),
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
  };
}

/** When a certificate must be followed by another, in milliseconds since 1970: after two thirds of its time. */
export function renewalOf({ certificate }: KeyPair): number {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [start, end] = [Date.parse(validFrom), Date.parse(validTo)];
  return start + ((end - start) * 2) / 3;
}

function signingAlgorithm(key: KeyObject): { name: string; hash: string; namedCurve?: string } {
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (key.asymmetricKeyType === 'ec' && curve !== undefined) return { name: 'ECDSA', ...curve };
  throw new MeshError('BadAuthority', 'ca-key.pem is neither RSA nor of the curves P-256, P-384 and P-521');
}

const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};

function firstCertificate(pem: string, name: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new MeshError('BadCertificate', `${name} is no certificate in PEM`);
  }
}

/** The cause is left out: it may quote what it could not read. */
function privateKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new MeshError('BadCertificate', `${name} is no private key in PEM without a password`);
  }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new MeshError('FileNotFound', `it cannot be read (${code ?? 'unknown'})`, { where: { file } });
  }
}

function decoded(data: unknown, key: string): string {
  const text = typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[key] : undefined;
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString('utf8') : '';
}

function joined(...parts: readonly string[]): string {
  return parts
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => `${one}\n`)
    .join('');
}
