/** `/debug/config_dump?proxyID=`: what one proxy is served, in the form of Envoy's own dump. */

import { typedJson } from '../../xds/proto/registry.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE, SECRET_TYPE } from '../../xds/resource.ts';
import { secretJson } from '../../xds/secrets/redacted.ts';
import type { ProxyStream } from '../discovery/stream.ts';
import type { DebugContext, DebugPage } from './page.ts';

const DUMP = 'type.googleapis.com/envoy.admin.v3.';

export const configDump: DebugPage = {
  name: 'config_dump',
  summary: 'All that a connected proxy is served: ?proxyID=NAME.NAMESPACE',
  show(context, query) {
    const id = query.get('proxyID') ?? '';
    if (id === '') return { status: 400, body: { error: 'name a proxy: ?proxyID=NAME.NAMESPACE' } };
    const stream = findStream(context, id);
    if (stream === undefined) {
      return {
        status: 404,
        body: { error: `no proxy ${id} is connected; /debug/adsz shows those that are` },
      };
    }
    return { status: 200, body: dumpOf(stream) };
  },
};

/** The newest stream of the proxy; `name.namespace` or the whole node id. */
function findStream({ discovery }: DebugContext, id: string): ProxyStream | undefined {
  return [...discovery.streams].findLast(({ proxy }) => proxy?.id === id || proxy?.nodeId === id);
}

function dumpOf(stream: ProxyStream): unknown {
  const messages = (type: string): unknown[] =>
    [...(stream.view?.get(type)?.values() ?? [])].map(({ message }) => typedJson(message));
  const version = (type: string): string => stream.watches.get(type)?.version ?? '';
  return {
    configs: [
      {
        '@type': `${DUMP}ClustersConfigDump`,
        version_info: version(CLUSTER_TYPE),
        dynamic_active_clusters: messages(CLUSTER_TYPE).map((cluster) => ({ cluster })),
      },
      {
        '@type': `${DUMP}ListenersConfigDump`,
        version_info: version(LISTENER_TYPE),
        dynamic_listeners: messages(LISTENER_TYPE).map((listener) => ({
          name: (listener as { name?: string }).name,
          active_state: { listener },
        })),
      },
      {
        '@type': `${DUMP}RoutesConfigDump`,
        dynamic_route_configs: messages(ROUTE_TYPE).map((route) => ({ route_config: route })),
      },
      {
        '@type': `${DUMP}EndpointsConfigDump`,
        dynamic_endpoint_configs: messages(ENDPOINT_TYPE).map((endpoints) => ({
          endpoint_config: endpoints,
        })),
      },
      {
        '@type': `${DUMP}SecretsConfigDump`,
        dynamic_active_secrets: [...stream.served(SECRET_TYPE).values()].map((secret) => ({
          name: secret.name,
          version_info: secret.version,
          secret: secretJson(secret.message),
        })),
      },
    ],
  };
}
