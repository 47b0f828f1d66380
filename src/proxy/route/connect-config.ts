/** What a route says of CONNECT requests that end at this proxy. */

import { ProxyProtocolConfig_Version } from '../../xds/proto/generated/envoy/config/core/v3/proxy_protocol_pb.js';
import type { RouteAction_UpgradeConfig } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { InvalidConfigError, refuseFields } from '../config-error.ts';
import { UnsupportedError } from './unsupported.ts';

export interface ConnectConfig {
  /** The version of the PROXY protocol in which the endpoint is told who the client is; undefined for none. */
  readonly proxyProtocol: 1 | 2 | undefined;
  /** The body of a POST counts as such bytes, too. */
  readonly allowPost: boolean;
}

/** Undefined where CONNECT is sent on as it is. Throws an `UnsupportedError` or `InvalidConfigError`. */
export function connectConfig(configs: readonly RouteAction_UpgradeConfig[]): ConnectConfig | undefined {
  let found: ConnectConfig | undefined;
  for (const { upgradeType, connectConfig: config } of configs) {
    const kind = upgradeType.toUpperCase();
    if (kind === 'CONNECT-UDP') throw new UnsupportedError(`upgrade_configs[${upgradeType}]`);
    if (config === undefined) continue;
    const field = `upgrade_configs[${upgradeType}].connect_config`;
    if (kind !== 'CONNECT') {
      throw new InvalidConfigError(field, 'only CONNECT may have one');
    }
    const protocol = config.proxyProtocolConfig;
    refuseFields(`${field}.proxy_protocol_config`, {
      pass_through_tlvs: protocol?.passThroughTlvs !== undefined,
    });
    found = {
      proxyProtocol:
        protocol === undefined ? undefined : protocol.version === ProxyProtocolConfig_Version.V2 ? 2 : 1,
      allowPost: config.allowPost,
    };
  }
  return found;
}
