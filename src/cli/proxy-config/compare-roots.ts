/** Whether two proxies trust the same root certificates. */

import { X509Certificate } from 'node:crypto';
import { MeshError } from '../../base/mesh-error.ts';
import type { ClusterFlags } from '../cluster.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { type ProxyAdmin, proxyOf } from '../proxy-admin.ts';
import { ConfigDump } from './dump.ts';
import { field, text } from './fields.ts';

const ROOT = 'ROOTCA';

/** Prints the answer. Returns the exit code. */
export async function compareRoots(
  pods: readonly string[],
  flags: ClusterFlags & { readonly 'proxy-admin-port': number },
  context: Context,
): Promise<number> {
  const sides = await Promise.all(
    pods.map(async (pod) => {
      const proxy = await proxyOf(pod, flags, context);
      return { name: proxy.name, roots: await rootsOf(proxy) };
    }),
  );
  const [one, other] = sides;
  if (one === undefined || other === undefined) throw new Error('two pods are needed');
  const isSame = one.roots.join() === other.roots.join();
  const message = isSame
    ? `Both [${one.name}] and [${other.name}] have the identical ROOTCA: they trust each other's certificates.`
    : `[${one.name}] and [${other.name}] have different ROOTCA: connections with mutual TLS between them fail.`;
  context.stdout.write(`${message}\n`);
  return isSame ? EXIT.ok : EXIT.failed;
}

/** Fingerprints, sorted: the order of certificates says nothing. */
async function rootsOf(proxy: ProxyAdmin): Promise<readonly string[]> {
  const dump = ConfigDump.read(await proxy.ask('/config_dump?mask=dynamic_active_secrets'), proxy.name);
  for (const entry of dump.entries('SecretsConfigDump', 'dynamic_active_secrets')) {
    if (text(entry, 'name') !== ROOT) continue;
    const trusted = field(entry, 'secret', 'validation_context', 'trusted_ca');
    const pem = Buffer.from(text(trusted, 'inline_bytes'), 'base64').toString('latin1');
    const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (found.length > 0) return found.map((one) => new X509Certificate(one).fingerprint256).toSorted();
  }
  throw new MeshError('NothingFound', `the proxy of ${proxy.name} has no certificate ${ROOT}`, {
    hint: 'It does not use mutual TLS, or has not been given its certificates yet.',
  });
}
