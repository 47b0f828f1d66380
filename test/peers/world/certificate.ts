/** Certificates for tests: made when they run, by openssl, each its own issuer. */

import { spawnSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes `NAME.key` and `NAME.crt` in the folder, for a host and whatever else (`IP:10.0.0.1`, `URI:…`). */
export function makeCertificate(
  folder: string,
  name: string,
  host: string,
  ...more: readonly string[]
): { cert: string; key: string } {
  return make(folder, name, 'ec -pkeyopt ec_paramgen_curve:P-256', host, more);
}

/** As `makeCertificate`, with a key of RSA. */
export function makeRsaCertificate(
  folder: string,
  name: string,
  host: string,
  ...more: readonly string[]
): void {
  make(folder, name, 'rsa:2048', host, more);
}

/** As `makeCertificate`, with a key of any algorithm as openssl takes it: `rsa:2048`. */
export function makeCertificateOf(algorithm: string, folder: string, name: string, host: string): void {
  make(folder, name, algorithm, host, []);
}

function make(
  folder: string,
  name: string,
  algorithm: string,
  host: string,
  more: readonly string[],
): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const kind = `req -x509 -newkey ${algorithm} -nodes -days 2`.split(' ');
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=${[`DNS:${host}`, ...more].join(',')}`];
  const files = ['-keyout', key, '-out', cert];
  openssl([...kind, ...names, ...files]);
  return { cert, key };
}

/** Makes lists of what the certificate's issuer, itself, has revoked: `NAME-revoked.crl` has it, `NAME-clean.crl` nothing. */
export function makeRevocations(folder: string, name: string): void {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const { serialNumber } = new X509Certificate(readFileSync(cert));
  const database = join(folder, `${name}-issued`);
  const settings = join(folder, `${name}-issuer`);
  writeFileSync(
    settings,
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${database}\ndefault_md=sha256\ndefault_crl_days=2\n`,
  );
  for (const [list, entries] of [
    ['revoked', `R\t391231235959Z\t200101000000Z\t${serialNumber}\tunknown\t/CN=${name}\n`],
    ['clean', ''],
  ] as const) {
    writeFileSync(database, entries);
    const out = join(folder, `${name}-${list}.crl`);
    openssl(['ca', '-gencrl', '-config', settings, '-keyfile', key, '-cert', cert, '-out', out]);
  }
}

/** What pins a certificate: the hash of all of it (hexadecimal), and that of its key (base64). */
export function pinsOf(folder: string, name: string): { readonly hash: string; readonly spki: string } {
  const certificate = new X509Certificate(readFileSync(join(folder, `${name}.crt`)));
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return {
    hash: createHash('sha256').update(certificate.raw).digest('hex'),
    spki: createHash('sha256').update(key).digest('base64'),
  };
}

function openssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} fails: ${stderr}`);
}
