/** The names that gateways may route by: domain names, and the SNI that sidecars make up for passthrough. */

import { wildcardDomainProblem } from '../../../base/hostname.ts';

const MAX_DOMAIN = 255;

/**
 * What is wrong with a host at a gateway, as the end of a sentence. `sni`: the object routes by SNI, so that
 * names such as `outbound_.80_.v1_.host.example.com` (direction, port, subset, host) are allowed too, which
 * sidecars send to gateways of mode AUTO_PASSTHROUGH.
 */
export function gatewayDomainProblem(host: string, sni: boolean): string | undefined {
  if (!sni || !host.startsWith('outbound_') || host.length > MAX_DOMAIN) return wildcardDomainProblem(host);
  const [, port, , name] = host.split('_');
  if (name === undefined || !/\d/.test(port ?? '') || !/[A-Za-z]/.test(name)) {
    return 'starts like an SNI of the mesh, and must have the form outbound_.PORT_.SUBSET_.HOST';
  }
  return undefined;
}
