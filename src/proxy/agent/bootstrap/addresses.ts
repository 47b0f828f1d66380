/** Addresses as the Envoy API writes them, in the family that the workload has. */

import { isIp } from '../../../base/cidr.ts';

export interface Family {
  readonly localhost: string;
  readonly wildcard: string;
  readonly dnsLookup: 'V4_ONLY' | 'V6_ONLY';
}

/** IPv6 where the workload has no address but of it, else IPv4. */
export function addressFamily(ips: readonly string[]): Family {
  return ips.every((ip) => isIp(ip) && ip.includes(':'))
    ? { localhost: '::1', wildcard: '::', dnsLookup: 'V6_ONLY' }
    : { localhost: '127.0.0.1', wildcard: '0.0.0.0', dnsLookup: 'V4_ONLY' };
}

export function bindAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}
