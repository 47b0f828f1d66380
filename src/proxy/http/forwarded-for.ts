/** Who the client is, by `x-forwarded-for`: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers */

import { isIp } from '../../base/cidr.ts';

/**
 * The address that stands `skip` places before the last one; undefined when there is none, or it is no address.
 * `single` is whether the header holds one address only.
 */
export function lastForwardedAddress(
  header: string | undefined,
  skip: number,
): { readonly ip: string; readonly single: boolean } | undefined {
  if (header === undefined) return undefined;
  let end = header.length;
  for (let left = skip; left > 0; left--) {
    end = header.lastIndexOf(',', end - 1);
    if (end < 0) return undefined;
  }
  const comma = header.lastIndexOf(',', end - 1);
  const ip = header.slice(comma + 1, end).trim();
  return isIp(ip) ? { ip, single: comma < 0 && skip === 0 } : undefined;
}
