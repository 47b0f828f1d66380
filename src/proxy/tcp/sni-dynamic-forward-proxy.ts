/** Looks the server name that a TLS client asks for up, so that the TCP proxy's cluster finds an endpoint for it. */

import { FilterConfigSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy_pb.js';
import { unpacked } from '../config-error.ts';
import type { NetworkFilterKind } from '../listeners/network-filter.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { DYNAMIC_HOST_KEY } from '../upstream/discovery/dynamic-hosts.ts';

const FIELD = 'sni_dynamic_forward_proxy';

/** Where TLS is spoken when nobody says. */
const HTTPS = 443;

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/sni_dynamic_forward_proxy_filter */
export const SNI_DYNAMIC_FORWARD_PROXY: NetworkFilterKind = {
  kind: 'gate',
  typeName: FilterConfigSchema.typeName,
  compile: (any, { clusters }) => {
    const config = unpacked(FIELD, any, FilterConfigSchema);
    if (clusters.dnsCaches === undefined) throw new UnsupportedError(FIELD);
    const { cache, release } = clusters.dnsCaches.acquire(`${FIELD}.dns_cache_config`, config.dnsCacheConfig);
    const port = config.portSpecifier.case === 'portValue' ? config.portSpecifier.value : HTTPS;
    return {
      close: release,
      onConnection: ({ sni, socket, filterState }, resume) => {
        if (sni === '') return 'continue';
        filterState.set(DYNAMIC_HOST_KEY, `${sni}:${port}`);
        // Without an address the TCP proxy finds no endpoint, and closes the connection.
        const answer = cache.lookUp(sni, resume);
        if (answer === 'too-many') return 'close';
        if (typeof answer !== 'function') return 'continue';
        socket.once('close', answer);
        return 'held';
      },
    };
  },
};
