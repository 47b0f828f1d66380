/** Certificates and keys by name (SDS), and those of the bootstrap. They are held in memory only. */

import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import {
  type Secret,
  SecretSchema,
} from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import type { SecretHandle, SecretSource } from '../tls/secrets.ts';
import { sourceKey } from './cluster-resources.ts';
import type { ResourceSources } from './config-sources.ts';
import { type RawResource, type Refusal, SECRET_TYPE } from './resource-types.ts';

interface NamedSecret {
  secret: Secret | undefined;
  readonly users: Set<(secret: Secret) => void>;
  release(): void;
}

export class SecretResources implements SecretSource {
  readonly #sources: ResourceSources;
  readonly #statics: ReadonlyMap<string, Secret>;
  readonly #named = new Map<string, NamedSecret>();

  constructor(sources: ResourceSources, statics: readonly Secret[]) {
    this.#sources = sources;
    this.#statics = new Map(statics.map((secret) => [secret.name, secret]));
    sources.handle(SECRET_TYPE, { apply: (added) => this.#take(added) });
  }

  subscribe(
    name: string,
    source: ConfigSource | undefined,
    onSecret: (secret: Secret) => void,
  ): SecretHandle {
    if (source === undefined) {
      const secret = this.#statics.get(name);
      if (secret === undefined)
        throw new UnsupportedError(`a secret ${name} that static_resources.secrets lacks`);
      onSecret(secret);
      return { release: () => undefined };
    }
    const key = `${sourceKey(source)}\0${name}`;
    const known = this.#named.get(key) ?? this.#open(key, name, source);
    known.users.add(onSecret);
    if (known.secret !== undefined) onSecret(known.secret);
    return {
      release: () => {
        if (!known.users.delete(onSecret) || known.users.size > 0) return;
        this.#named.delete(key);
        known.release();
      },
    };
  }

  #open(key: string, name: string, source: ConfigSource): NamedSecret {
    const entry: NamedSecret = { secret: undefined, users: new Set(), release: () => undefined };
    this.#named.set(key, entry);
    try {
      entry.release = this.#sources.subscribe(source, SECRET_TYPE, name);
    } catch (error) {
      this.#named.delete(key);
      throw error;
    }
    return entry;
  }

  #take(added: readonly RawResource[]): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      try {
        const secret = anyUnpack(value, SecretSchema);
        if (secret === undefined) throw new Error('it cannot be decoded');
        for (const [key, entry] of this.#named) {
          if (key.slice(key.indexOf('\0') + 1) !== name) continue;
          for (const onSecret of entry.users) onSecret(secret);
          entry.secret = secret;
        }
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    return refusals;
  }
}
