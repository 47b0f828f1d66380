/** The certificate authority of a mesh: found in the cluster, or made when it has none, and named in its webhooks. */

import { MeshError } from '../../base/mesh-error.ts';
import { installationOf } from '../../install/installation.ts';
import { inApplyOrder, type Resource } from '../../install/resource.ts';
import { isTree } from '../../install/setting-path.ts';
import { findObject } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import { explained } from '../../kube/explain.ts';
import { persisting, type PatienceOptions } from '../../kube/patience.ts';
import type { Wanted } from './install.ts';

const SECRET = { apiVersion: 'v1', kind: 'Secret' } as const;

/** Secrets that hold an authority, in the order in which the control plane looks for them, with the keys of the root. */
const AUTHORITIES = [
  { name: 'cacerts', keys: ['root-cert.pem', 'ca-cert.pem'] },
  { name: 'istio-ca-secret', keys: ['root-cert.pem', 'ca-cert.pem'] },
] as const;

/** The Secret that is made when there is none. */
const OWN = 'istio-ca-secret';

/**
 * The objects with the root certificate in the webhooks that call the control plane, and, where the cluster has no
 * authority yet, with the Secret of a new one: without it no webhook could be called before the control plane has
 * made one itself. Throws a `MeshError`.
 */
export async function withTrust(
  client: KubeClient,
  wanted: Wanted,
  resources: readonly Resource[],
  options: PatienceOptions,
): Promise<readonly Resource[]> {
  const { namespace } = installationOf(wanted.spec, wanted.version);
  if (!resources.some((one) => clientsOf(one).some(isOwn))) return resources;
  const found = await rootOf(client, namespace, options);
  const made = found === undefined ? await newAuthority(wanted) : undefined;
  const bundle = Buffer.from(found ?? made?.certificate ?? '').toString('base64');
  const filled = resources.map((one) => withBundle(one, bundle));
  if (made === undefined) return filled;
  return inApplyOrder([...filled, secretOf(namespace, made)]);
}

async function rootOf(
  client: KubeClient,
  namespace: string,
  options: PatienceOptions,
): Promise<string | undefined> {
  for (const { name, keys } of AUTHORITIES) {
    try {
      const secret = await persisting(
        () => findObject(client, SECRET, { name, namespace }, options.signal),
        options,
      );
      if (secret === undefined) continue;
      const data = isTree(secret['data']) ? secret['data'] : {};
      const encoded = keys.map((key) => data[key]).find((value) => typeof value === 'string' && value !== '');
      const text = typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('utf8') : '';
      if (text.includes('BEGIN CERTIFICATE')) return text;
      throw new MeshError('BadAuthority', `it holds no certificate under ${keys.join(' or ')}`, {
        hint: 'Put the certificate and key of an authority there, or delete the Secret, and one is made.',
        where: { object: `Secret ${namespace}/${name}` },
      });
    } catch (error) {
      throw explained(error, client, `Secret ${namespace}/${name}`);
    }
  }
  return undefined;
}

interface Authority {
  /** Both as PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** Years that the root is in force, as Istio's own. */
const YEARS = 10;

/** A new authority that signs for the mesh's trust domain. */
async function newAuthority({ spec }: Pick<Wanted, 'spec'>): Promise<Authority> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = new Date();
  const end = new Date(now);
  end.setUTCFullYear(now.getUTCFullYear() + YEARS);
  const domain = String(
    spec.meshConfig?.['trustDomain'] ?? spec.values?.global?.trustDomain ?? 'cluster.local',
  );
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
    name: [{ O: [domain] }],
    notBefore: now,
    notAfter: end,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}

/** With the keys that istiod uses. No label of the installation: an uninstallation must not take it away. */
function secretOf(namespace: string, { certificate, key }: Authority): Resource {
  return {
    ...SECRET,
    metadata: { name: OWN, namespace },
    type: 'istio.io/ca-root',
    stringData: { 'ca-cert.pem': certificate, 'ca-key.pem': key, 'root-cert.pem': certificate },
  };
}

/** How the webhooks of a configuration are called. */
function clientsOf({ kind, ...rest }: Resource): readonly Readonly<Record<string, unknown>>[] {
  if (!kind.endsWith('WebhookConfiguration')) return [];
  const { webhooks } = rest as { readonly webhooks?: readonly { readonly clientConfig?: unknown }[] };
  return (webhooks ?? []).map(({ clientConfig }) => clientConfig).filter(isTree);
}

/** Whether it is a Service that is called, which has a certificate of this authority, and none is named yet. */
function isOwn({ service, caBundle }: Readonly<Record<string, unknown>>): boolean {
  return isTree(service) && caBundle === undefined;
}

function withBundle(resource: Resource, caBundle: string): Resource {
  if (!clientsOf(resource).some(isOwn)) return resource;
  const { webhooks = [] } = resource as {
    readonly webhooks?: readonly { readonly clientConfig: Readonly<Record<string, unknown>> }[];
  };
  return {
    ...resource,
    webhooks: webhooks.map((one) =>
      isOwn(one.clientConfig) ? { ...one, clientConfig: { ...one.clientConfig, caBundle } } : one,
    ),
  };
}
