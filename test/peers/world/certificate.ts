/** Certificates for tests: made when they run, by openssl, each its own issuer. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Makes `NAME.key` and `NAME.crt` in the folder. */
export function makeCertificate(folder: string, name: string, host: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'.split(' ');
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const files = ['-keyout', key, '-out', cert];
  const { status, stderr } = spawnSync('openssl', [...kind, ...names, ...files], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl makes no certificate: ${stderr}`);
  return { cert, key };
}
