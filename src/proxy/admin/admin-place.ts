/** Where the administration interface listens. */

import { MeshError } from '../../base/mesh-error.ts';
import { type Place, canonicalIp } from '../address.ts';
import type { LoadedBootstrap } from '../bootstrap/bootstrap.ts';

/** Undefined when there is none. Throws a `MeshError` for an address that is none. */
export function adminPlace({ bootstrap, source }: LoadedBootstrap): Place | undefined {
  const address = bootstrap.admin?.address?.address;
  switch (address?.case) {
    case undefined:
      return undefined;
    case 'pipe':
      return { kind: 'pipe', path: address.value.path };
    case 'socketAddress': {
      const ip = canonicalIp(address.value.address);
      const port = address.value.portSpecifier.case === 'portValue' ? address.value.portSpecifier.value : 0;
      if (ip !== undefined && port <= 65_535) return { kind: 'ip', ip, port };
      break;
    }
    default:
  }
  throw new MeshError('BadConfiguration', 'the address is no IP address with a port, and no path', {
    where: { file: source, field: 'admin.address' },
  });
}
