/** Certificates with their keys, as configuration and secrets hold them. */

import { type KeyObject, X509Certificate, constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { TlsCertificate } from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { InvalidConfigError, refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { readDataSource } from './data-source.ts';
import { subjectAltNames } from './subject-alt-names.ts';

/** A certificate with its key, ready for use. */
export interface Identity {
  /** Lower case names that it is for, wildcards as they stand in it. */
  readonly names: readonly string[];
  /** `rsa`, `ec`; undefined when only OpenSSL knows. */
  readonly keyType: string | undefined;
  readonly options:
    | { readonly cert: Buffer; readonly key: Buffer; readonly passphrase: string | undefined }
    | { readonly pfx: Buffer; readonly passphrase: string | undefined };
}

/** Throws an `UnsupportedError` or `InvalidConfigError`, also for keys that Envoy does not take. */
export function identityOf(field: string, certificate: TlsCertificate): Identity {
  refuseFields(field, {
    private_key_provider: certificate.privateKeyProvider !== undefined,
    ocsp_staple: certificate.ocspStaple !== undefined,
    signed_certificate_timestamp: certificate.signedCertificateTimestamp.length > 0,
    watched_directory: certificate.watchedDirectory !== undefined,
  });
  const passphrase = readDataSource(`${field}.password`, certificate.password)?.toString();
  const pfx = readDataSource(`${field}.pkcs12`, certificate.pkcs12);
  if (pfx !== undefined) return { names: [], keyType: undefined, options: { pfx, passphrase } };
  const cert = readDataSource(`${field}.certificate_chain`, certificate.certificateChain);
  const key = readDataSource(`${field}.private_key`, certificate.privateKey);
  if (cert === undefined || key === undefined) {
    throw new InvalidConfigError(field, 'certificate_chain and private_key have both to be set');
  }
  return { ...traitsOf(field, cert), options: { cert, key, passphrase } };
}

function traitsOf(field: string, cert: Buffer): Pick<Identity, 'names' | 'keyType'> {
  const chain = `${field}.certificate_chain`;
  const { subjectAltName, subject, publicKey } = firstOf(chain, cert);
  checkKey(chain, publicKey);
  const listed = subjectAltNames(subjectAltName).flatMap(({ type, value }) =>
    type === 'DNS' ? [value] : [],
  );
  const common = /^CN=(.*)$/m.exec(subject ?? '')?.[1];
  const names = listed.length > 0 || common === undefined ? listed : [common];
  return { names: names.map((name) => name.toLowerCase()), keyType: publicKey.asymmetricKeyType };
}

function firstOf(field: string, cert: Buffer): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch {
    throw new InvalidConfigError(field, 'no certificate in PEM');
  }
}

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** BoringSSL knows fewer keys than OpenSSL, and Envoy wants those of RSA to be long. */
function checkKey(field: string, { asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): void {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'rsa') {
    if (modulusLength >= 2048) return;
    throw new InvalidConfigError(field, 'only RSA certificates with 2048-bit or larger keys are supported');
  }
  if (asymmetricKeyType === 'ed25519' || (asymmetricKeyType === 'ec' && CURVES.has(namedCurve))) return;
  throw new UnsupportedError(`${field}: a key of ${namedCurve ?? asymmetricKeyType ?? 'another kind'}`);
}

/** What OpenSSL is told of certificates, of which each client gets one that it can check. */
export function optionsOf(
  identities: readonly Identity[],
  { ciphers = constants.defaultCipherList, sigalgs }: SecureContextOptions,
): SecureContextOptions {
  const [first, ...others] = identities;
  if (others.length === 0) return first?.options ?? {};
  const pairs = identities.flatMap(({ options }) => ('cert' in options ? [options] : []));
  return {
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key, passphrase }) => ({ pem: key, ...(passphrase !== undefined && { passphrase }) })),
    // What OpenSSL takes first decides which certificate it is: Envoy's choice is that of elliptic curves.
    ciphers: curvesFirst(ciphers),
    ...(sigalgs !== undefined && { sigalgs: curvesFirst(sigalgs) }),
  };
}

function curvesFirst(list: string): string {
  const parts = list.split(':');
  const isCurve = (part: string): boolean => /ecdsa/i.test(part);
  return [...parts.filter(isCurve), ...parts.filter((part) => !isCurve(part))].join(':');
}
