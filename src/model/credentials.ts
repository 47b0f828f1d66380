/** Certificates that configuration names: which Secret or ConfigMap a name means, and what it holds. */

import type { KindKey } from '../api/kind-info.ts';
import { AUTHORITIES, KEY_PAIRS, entryOf } from '../config/credentials/entries.ts';
import { certificatesIn } from '../config/credentials/pem.ts';
import type { MeshObject } from '../config/object.ts';

/** What stands behind the name of a Secret where its authorities are meant, and not its own certificate. */
export const AUTHORITIES_SUFFIX = '-cacert';

/** The kinds that names mean. */
export const CREDENTIAL_KINDS = ['core/Secret', 'core/ConfigMap'] as const satisfies readonly KindKey[];

/** Who may have what a name means depends on its scheme. */
export type CredentialScheme = 'kubernetes' | 'kubernetes-gateway' | 'configmap';

/** What a name of secret discovery means. */
export interface CredentialReference {
  readonly scheme: CredentialScheme;
  readonly namespace: string;
  /** As it is asked for, with the suffix of authorities if it has that. */
  readonly name: string;
}

/** A certificate with its key, or authorities: PEM as it stands in the object. */
export type CredentialContent =
  | {
      readonly kind: 'certificate';
      readonly chain: Buffer;
      readonly key: Buffer;
      readonly staple: Buffer | undefined;
    }
  | { readonly kind: 'authorities'; readonly certificates: Buffer; readonly revoked: Buffer | undefined };

export interface Credential {
  readonly object: MeshObject;
  readonly content: CredentialContent;
  /** When its first certificate begins and ends to be good; undefined where that cannot be read. */
  readonly goodFrom: Date | undefined;
  readonly goodUntil: Date | undefined;
}

/** Where objects are looked up: `ObjectStore`. */
export interface CredentialObjects {
  find(kind: KindKey, namespace: string, name: string): MeshObject | undefined;
}

const NAME = /^(kubernetes|kubernetes-gateway|configmap):\/\/(?:([^/]+)\/)?([^/]+)$/;

/**
 * Reads a name as proxies ask for it: `kubernetes://NAME`, of the proxy's own namespace, or with a namespace ahead of
 * it, as the other schemes always have it. Undefined for what is no such name.
 */
export function credentialReference(
  resourceName: string,
  ownNamespace: string,
): CredentialReference | undefined {
  const [, scheme, namespace, name] = NAME.exec(resourceName) ?? [];
  if (name === undefined) return undefined;
  if (namespace === undefined && scheme !== 'kubernetes') return undefined;
  return { scheme: scheme as CredentialScheme, namespace: namespace ?? ownNamespace, name };
}

const READ = new WeakMap<MeshObject, Partial<Record<CredentialContent['kind'], Credential>>>();

/** What a reference leads to, or a sentence that says why it leads nowhere. The same value for the same object. */
export function findCredential(
  { scheme, namespace, name }: CredentialReference,
  objects: CredentialObjects,
): Credential | string {
  const bare = name.endsWith(AUTHORITIES_SUFFIX) ? name.slice(0, -AUTHORITIES_SUFFIX.length) : name;
  if (scheme === 'configmap') {
    const object = objects.find('core/ConfigMap', namespace, bare);
    return object === undefined
      ? `there is no ConfigMap ${namespace}/${bare} that is in force`
      : credentialIn(object, 'authorities', namespace);
  }
  const exact = objects.find('core/Secret', namespace, name);
  if (bare === name) {
    return exact === undefined
      ? `there is no Secret ${namespace}/${name} that is in force`
      : credentialIn(exact, 'certificate', namespace);
  }
  const object = exact ?? objects.find('core/Secret', namespace, bare);
  return object === undefined
    ? `there is no Secret ${namespace}/${bare} or ${namespace}/${name} that is in force`
    : credentialIn(object, 'authorities', namespace);
}

function credentialIn(
  object: MeshObject,
  kind: CredentialContent['kind'],
  namespace: string,
): Credential | string {
  const known = READ.get(object)?.[kind];
  if (known !== undefined) return known;
  const content = kind === 'certificate' ? certificateIn(object) : authoritiesIn(object);
  if (content === undefined) {
    const wanted =
      kind === 'certificate' ? 'neither tls.crt and tls.key, nor cert and key' : 'neither ca.crt nor cacert';
    return `${object.kind} ${namespace}/${object.meta.name} has ${wanted}`;
  }
  const first = certificatesIn(content.kind === 'certificate' ? content.chain : content.certificates)?.[0];
  const made: Credential = {
    object,
    content,
    goodFrom: first && new Date(first.validFrom),
    goodUntil: first && new Date(first.validTo),
  };
  READ.set(object, { ...READ.get(object), [kind]: made });
  return made;
}

function certificateIn(object: MeshObject): CredentialContent | undefined {
  for (const names of KEY_PAIRS) {
    const chain = entryOf(object, names.certificate)?.bytes;
    const key = entryOf(object, names.key)?.bytes;
    if (chain === undefined || key === undefined) continue;
    const staple = names.staple === undefined ? undefined : entryOf(object, names.staple)?.bytes;
    return { kind: 'certificate', chain, key, staple };
  }
  return undefined;
}

function authoritiesIn(object: MeshObject): CredentialContent | undefined {
  for (const names of AUTHORITIES) {
    const certificates = entryOf(object, names.authorities)?.bytes;
    if (certificates === undefined) continue;
    return { kind: 'authorities', certificates, revoked: entryOf(object, names.revoked)?.bytes };
  }
  return undefined;
}
