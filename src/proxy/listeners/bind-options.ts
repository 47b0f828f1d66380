/** How a listener's sockets are bound. */

import type { Listener } from '../../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { Address } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import { SocketAddress_Protocol } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import { canonicalIp, type Place } from '../address.ts';
import { InvalidConfigError, refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';

export interface BindOptions {
  readonly transparent: boolean;
  readonly freebind: boolean;
  /** Other sockets may have the same address, where they want to share it too: the kernel spreads connections. */
  readonly reusePort: boolean;
  /** A socket for `::` takes IPv4 too. */
  readonly ipv4Compat: boolean;
  /** Length of the queue; 0 without it. */
  readonly fastOpen: number;
  readonly backlog: number;
  /** Of a path; 0 leaves it to the system. */
  readonly pipeMode: number;
}

export interface BoundPlace {
  readonly place: Place;
  readonly options: BindOptions;
}

/** All addresses of a listener, the main one first. */
export function boundPlaces(field: string, message: Listener): readonly BoundPlace[] {
  refuseFields(field, { socket_options: message.socketOptions.length > 0 });
  const additional = message.additionalAddresses.map((one, index) => {
    const where = `${field}.additional_addresses[${index}]`;
    refuseFields(where, { socket_options: one.socketOptions !== undefined });
    return { address: one.address, where: `${where}.address` };
  });
  const all = [{ address: message.address, where: `${field}.address` }, ...additional];
  return all.map(({ address, where }) => ({
    place: placeOf(where, address),
    options: {
      transparent: message.transparent === true,
      freebind: message.freebind === true,
      reusePort: address?.address.case === 'socketAddress' && reusesPort(message),
      ipv4Compat: address?.address.case === 'socketAddress' && address.address.value.ipv4Compat,
      fastOpen: message.tcpFastOpenQueueLength ?? 0,
      backlog: message.tcpBacklogSize ?? 4096,
      pipeMode: address?.address.case === 'pipe' ? address.address.value.mode : 0,
    },
  }));
}

/**
 * `enable_reuse_port`, which is true by default, and false wherever the system spreads no connections.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto
 */
export function reusesPort(message: Listener): boolean {
  return SPREADS.has(process.platform) && message.enableReusePort !== false;
}

const SPREADS: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'freebsd']);

function placeOf(field: string, address: Address | undefined): Place {
  switch (address?.address.case) {
    case 'socketAddress': {
      const { value } = address.address;
      if (value.protocol === SocketAddress_Protocol.UDP) throw new UnsupportedError(`${field} over UDP`);
      refuseFields(field, {
        resolver_name: value.resolverName !== '',
        named_port: value.portSpecifier.case === 'namedPort',
      });
      const ip = canonicalIp(value.address);
      if (ip === undefined) throw new InvalidConfigError(field, `"${value.address}" is no IP address`);
      const port = value.portSpecifier.case === 'portValue' ? value.portSpecifier.value : 0;
      if (port > 65_535) throw new InvalidConfigError(`${field}.port_value`, 'above 65535');
      return { kind: 'ip', ip, port };
    }
    case 'pipe': {
      const { path, mode } = address.address.value;
      // Node.js ends the process for modes of 32 bits.
      if (mode > 0o777) throw new InvalidConfigError(`${field}.pipe.mode`, 'above 511');
      if (path === '') throw new InvalidConfigError(`${field}.pipe.path`, 'empty');
      return { kind: 'pipe', path };
    }
    case 'envoyInternalAddress':
      throw new UnsupportedError(`${field}.envoy_internal_address`);
    default:
      throw new InvalidConfigError(field, 'missing');
  }
}
