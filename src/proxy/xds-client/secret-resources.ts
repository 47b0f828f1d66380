/** Certificates and keys by name (SDS), and those of the bootstrap. They are held in memory only. */

import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import {
  type Secret,
  SecretSchema,
} from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { SecretHandle, SecretSource } from '../tls/secrets.ts';
import type { ResourceSources } from './config-sources.ts';
import { NamedResources } from './named-resources.ts';
import { SECRET_TYPE } from './resource-types.ts';
import { SecretUpdateStats } from './update-stats.ts';

export class SecretResources implements SecretSource {
  readonly #named: NamedResources<Secret>;
  readonly #statics: ReadonlyMap<string, Secret>;
  readonly #stats: StatsScope;

  /** `stats`: all of them. */
  constructor(sources: ResourceSources, statics: readonly Secret[], stats: StatsScope) {
    this.#stats = stats;
    this.#statics = new Map(statics.map((secret) => [secret.name, secret]));
    this.#named = new NamedResources(sources, SECRET_TYPE, (value) => {
      const secret = anyUnpack(value, SecretSchema);
      if (secret === undefined) throw new Error('it cannot be decoded');
      return secret;
    });
  }

  subscribe(
    name: string,
    source: ConfigSource | undefined,
    onSecret: (secret: Secret) => void,
  ): SecretHandle {
    if (source !== undefined) {
      const counted = () => new SecretUpdateStats(this.#stats.scope(`sds.${name}.`));
      return this.#named.subscribe(name, source, onSecret, counted);
    }
    const secret = this.#statics.get(name);
    if (secret === undefined)
      throw new UnsupportedError(`a secret ${name} that static_resources.secrets lacks`);
    onSecret(secret);
    return { warm: Promise.resolve(), release: () => undefined };
  }

  close(): void {
    this.#named.close();
  }
}
