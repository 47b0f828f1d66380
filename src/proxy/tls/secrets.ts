/** Certificates and keys that come by name (SDS, or `static_resources.secrets`). */

import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { Secret } from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';

export interface SecretSource {
  /**
   * Calls back with each version of a secret, at once when it is there already. Throws an `UnsupportedError` for a source
   * that secrets cannot come from.
   */
  subscribe(name: string, source: ConfigSource | undefined, onSecret: (secret: Secret) => void): SecretHandle;
}

export interface SecretHandle {
  /** Settles when it has come, or when nothing more is to be waited for. */
  readonly warm: Promise<void>;
  release(): void;
}
