/** Looks the host of a request up, so that its cluster finds an endpoint for it. */

import { FilterConfigSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js';
import { refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { LookUp } from '../upstream/dns/cache.ts';
import { namedHost } from '../upstream/discovery/dynamic-hosts.ts';
import type { FilterKind, FilterStream } from './filter.ts';
import { unpack } from './settings.ts';

function refuse(stream: FilterStream, answer: Exclude<LookUp, 'found'>): void {
  if (answer === 'too-many') {
    stream.reply({ status: 503, body: 'DNS cache overflow', details: 'dns_cache_overflow' });
    return;
  }
  stream.info.responseFlags.push('DF');
  stream.reply({ status: 503, body: 'DNS resolution failure', details: 'dns_resolution_failure' });
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/dynamic_forward_proxy_filter */
export const DYNAMIC_FORWARD_PROXY: FilterKind = {
  typeName: FilterConfigSchema.typeName,

  compile(name, settings, { clusters }) {
    const { implementationSpecifier: kind, saveUpstreamAddress } = unpack(FilterConfigSchema, settings);
    refuseFields(`http_filters[${name}]`, {
      sub_cluster_config: kind.case === 'subClusterConfig',
      save_upstream_address: saveUpstreamAddress,
    });
    const { dnsCaches } = clusters;
    if (dnsCaches === undefined) throw new UnsupportedError(`http_filters[${name}]`);
    const config = kind.case === 'dnsCacheConfig' ? kind.value : undefined;
    const { cache, release } = dnsCaches.acquire(`http_filters[${name}].dns_cache_config`, config);
    return {
      name,
      close: release,
      forStream: () => ({
        onRequestHeaders(stream) {
          if (clusters.get(stream.routeCluster)?.isDynamic !== true) return 'continue';
          const named = namedHost(stream.authority);
          if (named === undefined) return 'continue';
          const answer = cache.lookUp(named.name, (found) => {
            if (found === 'found') stream.resumeRequest();
            else refuse(stream, found);
          });
          if (typeof answer === 'function') {
            stream.onEnd(answer);
            return 'stop';
          }
          if (answer === 'found') return 'continue';
          refuse(stream, answer);
          return 'stop';
        },
      }),
    };
  },

  checkRouteSettings() {
    throw new UnsupportedError('settings of dynamic_forward_proxy at a route');
  },
};
