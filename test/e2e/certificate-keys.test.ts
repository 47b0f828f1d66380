/** Which keys of certificates are taken: the same by Envoy and by the builtin engine. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificateOf } from '../peers/world/certificate.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const PROXY = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));

const SHORT = 'only RSA certificates with 2048-bit or larger keys are supported';

/** Keys as openssl makes them, and what is said of those that are refused; nothing of the others. */
const KEYS: readonly (readonly [algorithm: string, refused: string])[] = [
  ['rsa:1024', SHORT],
  ['rsa:2040', SHORT],
  ['rsa:2048', ''],
  ['rsa:3072', ''],
  ['rsa-pss -pkeyopt rsa_keygen_bits:2048', 'certificate'],
  ['ec -pkeyopt ec_paramgen_curve:P-256', ''],
  ['ec -pkeyopt ec_paramgen_curve:P-384', ''],
  ['ec -pkeyopt ec_paramgen_curve:P-521', ''],
  ['ec -pkeyopt ec_paramgen_curve:secp224r1', 'certificate'],
  ['ec -pkeyopt ec_paramgen_curve:secp256k1', 'certificate'],
  ['ed25519', ''],
  ['ed448', 'certificate'],
];

describeOnRealEnvoy('keys of certificates', (program) => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'lateen-keys-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(KEYS)('%s', (algorithm, refused) => {
    makeCertificateOf(algorithm, folder, 'site', 'site.example');
    const file = (name: string): object => ({ filename: join(folder, name) });
    const certificate = { certificate_chain: file('site.crt'), private_key: file('site.key') };
    const echo = {
      name: 'envoy.filters.network.echo',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo' },
    };
    const transport_socket = {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        common_tls_context: { tls_certificates: [certificate] },
      },
    };
    const listener = {
      name: 'tls',
      address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
      filter_chains: [{ filters: [echo], transport_socket }],
    };
    const bootstrap = join(folder, 'bootstrap.json');
    writeFileSync(bootstrap, JSON.stringify({ static_resources: { listeners: [listener] } }));
    const look = (argv: readonly string[]): { readonly code: number | null; readonly said: string } => {
      const [command = '', ...args] = [...argv, '--mode', 'validate', '-c', bootstrap];
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
      return { code: status, said: stdout + stderr };
    };
    const code = refused === '' ? 0 : 1;
    const said: unknown = expect.stringContaining(refused);
    expect(look([program])).toEqual({ code, said });
    expect(look([process.execPath, PROXY, '--engine', 'builtin'])).toEqual({ code, said });
  });
});
