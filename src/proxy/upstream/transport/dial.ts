/** Opens the TCP connection below everything else, from the address and with the options that a cluster sets. */

import { type Socket, connect, isIPv6 } from 'node:net';
import type { Cluster } from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { BindConfig } from '../../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import { canonicalIp, type Place } from '../../address.ts';
import { InvalidConfigError, refuseFields } from '../../config-error.ts';
import { dialFrom } from '../../sockets/dial-from.ts';
import { keepProbes } from '../../sockets/socket-options.ts';
import type { UpstreamSource } from '../types.ts';

export interface Dialer {
  /** From `source`, when connections keep the client's address. */
  dial(place: Place, source?: UpstreamSource): Socket;
}

interface Keepalive {
  /** Seconds; undefined leaves it to the system. */
  readonly time: number | undefined;
  readonly interval: number | undefined;
  readonly probes: number | undefined;
}

/** Of `upstream_bind_config` and `upstream_connection_options`; the cluster manager's bind config when it has none. */
export function dialerOf(owner: string, cluster: Cluster, byDefault: BindConfig | undefined): Dialer {
  const sources = sourceAddresses(owner, cluster.upstreamBindConfig ?? byDefault);
  const keepalive = keepaliveOf(owner, cluster);
  return sources.length === 0 && keepalive === undefined ? PLAIN : dialer(sources, keepalive);
}

function dialer(
  sources: readonly { readonly ip: string; readonly port: number }[],
  keepalive: Keepalive | undefined,
): Dialer {
  return {
    dial: (place, kept) => {
      if (place.kind === 'pipe') {
        // A zero byte stands for the abstract name space of Linux, which Envoy writes as @.
        const path = place.path.startsWith('@') ? `\0${place.path.slice(1)}` : place.path;
        return connect({ path, allowHalfOpen: true });
      }
      if (kept !== undefined) return dialFrom(kept, place);
      const isV6 = isIPv6(place.ip);
      const source = sources.find(({ ip }) => isIPv6(ip) === isV6);
      const socket = connect({
        host: place.ip,
        port: place.port,
        allowHalfOpen: true,
        noDelay: true,
        ...(source !== undefined && { localAddress: source.ip }),
        ...(source !== undefined && source.port !== 0 && { localPort: source.port }),
      });
      if (keepalive !== undefined) applyKeepalive(socket, keepalive);
      return socket;
    },
  };
}

/** What most clusters have. */
const PLAIN = dialer([], undefined);

function applyKeepalive(socket: Socket, { time, interval, probes }: Keepalive): void {
  socket.once('connect', () => {
    // Without a time the system's own stays, which Node.js cannot say: 7200 s is Linux's.
    socket.setKeepAlive(true, (time ?? 7200) * 1000);
    keepProbes(socket, interval ?? 75, probes ?? 9);
  });
}

function sourceAddresses(
  owner: string,
  bind: BindConfig | undefined,
): readonly { ip: string; port: number }[] {
  if (bind === undefined) return [];
  const field = `${owner}.upstream_bind_config`;
  refuseFields(field, {
    freebind: bind.freebind === true,
    socket_options: bind.socketOptions.length > 0,
    local_address_selector: bind.localAddressSelector !== undefined,
  });
  const extra = bind.extraSourceAddresses.map((one) => {
    refuseFields(`${field}.extra_source_addresses`, { socket_options: one.socketOptions !== undefined });
    return one.address;
  });
  const all = [bind.sourceAddress, ...extra, ...bind.additionalSourceAddresses];
  return all.flatMap((address) => {
    if (address === undefined) return [];
    const ip = canonicalIp(address.address);
    if (ip === undefined)
      throw new InvalidConfigError(`${field}.source_address`, `"${address.address}" is no IP address`);
    return [{ ip, port: address.portSpecifier.case === 'portValue' ? address.portSpecifier.value : 0 }];
  });
}

function keepaliveOf(owner: string, cluster: Cluster): Keepalive | undefined {
  const options = cluster.upstreamConnectionOptions;
  if (options === undefined) return undefined;
  refuseFields(`${owner}.upstream_connection_options`, {
    set_local_interface_name_on_upstream_connections: options.setLocalInterfaceNameOnUpstreamConnections,
  });
  const { tcpKeepalive } = options;
  if (tcpKeepalive === undefined) return undefined;
  return {
    time: tcpKeepalive.keepaliveTime,
    interval: tcpKeepalive.keepaliveInterval,
    probes: tcpKeepalive.keepaliveProbes,
  };
}
