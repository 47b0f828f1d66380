/** Certificates as proxies get them by name. */

import { create } from '@bufbuild/protobuf';
import {
  type Credential,
  type CredentialContent,
  type CredentialReference,
  credentialReference,
} from '../../model/credentials.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { SecretSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { ProxyIdentity } from '../proxy-identity.ts';
import { type Resource, SECRET_TYPE } from '../resource.ts';
import type { Init } from '../values.ts';
import { secretRefusal } from './permission.ts';

/** A Secret for a proxy, or a sentence that says why it gets none. */
export type SecretAnswer =
  | { readonly resource: Resource; readonly credential: Credential }
  | { readonly refused: string };

/** Made once for all who ask for the same by the same name. */
const MADE = new WeakMap<Credential, Map<string, Resource>>();

/** What a proxy gets for a name. */
export function secretFor(snapshot: Snapshot, proxy: ProxyIdentity, name: string): SecretAnswer {
  const reference = credentialReference(name, proxy.namespace);
  if (reference === undefined) return { refused: `"${name}" is no name of a Secret or ConfigMap` };
  const refused = secretRefusal(snapshot, proxy, reference, name);
  if (refused !== undefined) return { refused };
  const credential = snapshot.credential(reference);
  if (typeof credential === 'string') return { refused: credential };
  let byName = MADE.get(credential);
  if (byName === undefined) MADE.set(credential, (byName = new Map()));
  let resource = byName.get(name);
  if (resource === undefined) byName.set(name, (resource = resourceOf(name, credential, reference)));
  return { resource, credential };
}

function resourceOf(name: string, credential: Credential, { namespace }: CredentialReference): Resource {
  const { kind, meta } = credential.object;
  const message = create(SecretSchema, { name, type: typeOf(credential.content) });
  return { typeUrl: SECRET_TYPE, name, message, changedBy: [{ kind, namespace, name: meta.name }] };
}

function typeOf(content: CredentialContent): NonNullable<Init<typeof SecretSchema>['type']> {
  const inline = (value: Buffer) => ({ specifier: { case: 'inlineBytes' as const, value } });
  if (content.kind === 'authorities') {
    const { certificates, revoked } = content;
    return {
      case: 'validationContext',
      value: {
        trustedCa: inline(certificates),
        ...(revoked !== undefined && { crl: inline(revoked) }),
      },
    };
  }
  const { chain, key, staple } = content;
  return {
    case: 'tlsCertificate',
    value: {
      certificateChain: inline(chain),
      privateKey: inline(key),
      ...(staple !== undefined && { ocspStaple: inline(staple) }),
    },
  };
}
