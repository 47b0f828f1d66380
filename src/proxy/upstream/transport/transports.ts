/** The transport socket of each endpoint: the one that its metadata chooses, else the cluster's. */

import type { Cluster } from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import {
  ProxyProtocolConfig_Version,
  ProxyProtocolPassThroughTLVs_PassTLVsMatchType,
} from '../../../xds/proto/generated/envoy/config/core/v3/proxy_protocol_pb.js';
import type { TransportSocket as Config } from '../../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '../../../xds/proto/generated/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { RawBufferSchema } from '../../../xds/proto/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import { UpstreamTlsContextSchema } from '../../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { refuseFields, typeNameOf, unpacked } from '../../config-error.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { SecretSource } from '../../tls/secrets.ts';
import type { Endpoint } from '../host.ts';
import { proxyProtocol } from './proxy-protocol.ts';
import { RAW, type TransportSocket } from './socket.ts';
import { type AutoTls, TlsClient } from './tls-client.ts';

export interface TransportOptions {
  readonly auto: AutoTls;
  readonly secrets: SecretSource | undefined;
  /** `cluster.NAME.`. */
  readonly scope: StatsScope;
  /** A secret has changed: new connections take the new one. */
  onSecret(): void;
}

const MATCH = 'envoy.transport_socket_match';

export class Transports {
  readonly #byDefault: TransportSocket;
  readonly #matches: readonly {
    readonly wanted: readonly (readonly [key: string, value: string])[];
    readonly transport: TransportSocket;
  }[];

  /** Throws an `UnsupportedError` or `InvalidConfigError`; nothing is left open then. */
  constructor(owner: string, message: Cluster, options: TransportOptions) {
    this.#byDefault = transportSocket(`${owner}.transport_socket`, message.transportSocket, options);
    const matches: { wanted: [string, string][]; transport: TransportSocket }[] = [];
    this.#matches = matches;
    try {
      for (const [index, one] of message.transportSocketMatches.entries()) {
        const field = `${owner}.transport_socket_matches[${index}]`;
        const wanted = Object.entries(one.match ?? {}).map(([key, value]): [string, string] => [
          key,
          JSON.stringify(value),
        ]);
        matches.push({ wanted, transport: transportSocket(field, one.transportSocket, options) });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether any endpoint may be reached over TLS. */
  get tls(): boolean {
    return this.#all.some(({ tls }) => tls);
  }

  /** Resolves when all secrets have come. */
  get ready(): Promise<unknown> | undefined {
    const waits = this.#all.flatMap(({ ready }) => ready ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits);
  }

  of(host: Endpoint): TransportSocket {
    if (this.#matches.length === 0) return this.#byDefault;
    const own = host.metadata?.filterMetadata[MATCH];
    const found = this.#matches.find(({ wanted }) =>
      wanted.every(([key, value]) => own !== undefined && JSON.stringify(own[key]) === value),
    );
    return found?.transport ?? this.#byDefault;
  }

  close(): void {
    for (const transport of this.#all) transport.close?.();
  }

  get #all(): readonly TransportSocket[] {
    return [this.#byDefault, ...this.#matches.map(({ transport }) => transport)];
  }
}

function transportSocket(
  field: string,
  config: Config | undefined,
  options: TransportOptions,
): TransportSocket {
  if (config === undefined) return RAW;
  const any = config.configType.case === 'typedConfig' ? config.configType.value : undefined;
  const type = typeNameOf(any);
  switch (type) {
    case RawBufferSchema.typeName:
      return RAW;
    case UpstreamTlsContextSchema.typeName: {
      const { auto, secrets, scope, onSecret } = options;
      return new TlsClient(
        field,
        unpacked(field, any, UpstreamTlsContextSchema),
        auto,
        secrets,
        scope,
        onSecret,
      );
    }
    case ProxyProtocolUpstreamTransportSchema.typeName: {
      const { config: settings, transportSocket: inner } = unpacked(
        field,
        any,
        ProxyProtocolUpstreamTransportSchema,
      );
      refuseFields(`${field}.config`, {
        pass_through_tlvs:
          settings?.passThroughTlvs !== undefined &&
          (settings.passThroughTlvs.matchType !== ProxyProtocolPassThroughTLVs_PassTLVsMatchType.INCLUDE ||
            settings.passThroughTlvs.tlvType.length > 0),
      });
      const version = settings?.version === ProxyProtocolConfig_Version.V2 ? 2 : 1;
      return proxyProtocol(version, transportSocket(`${field}.transport_socket`, inner, options));
    }
    case '':
      if (config.name === 'envoy.transport_sockets.raw_buffer') return RAW;
      throw new UnsupportedError(`${field} ${config.name} without typed_config`);
    default:
      throw new UnsupportedError(`${field} of type ${type}`);
  }
}
