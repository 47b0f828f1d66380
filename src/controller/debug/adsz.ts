/** `/debug/adsz`: the streams that are open. */

import { shortTypeName } from '../discovery/metrics.ts';
import { refusalOfSecrets } from '../discovery/server.ts';
import type { DebugPage } from './page.ts';

export const adsz: DebugPage = {
  name: 'adsz',
  summary: 'Streams that are open, who is at the other end and what it subscribes to',
  show: ({ discovery }) => ({
    status: 200,
    body: {
      total_clients: discovery.streams.size,
      bytes_in_flight: discovery.queue.bytesInFlight,
      clients: [...discovery.streams].map((stream) => ({
        connection_id: stream.id,
        connected_at: new Date(stream.connectedAt).toISOString(),
        address: stream.peer,
        protocol: stream.protocol.name,
        node: stream.proxy?.nodeId,
        labels: stream.proxy?.labels,
        metadata: stream.proxy?.metadata,
        watches: [...stream.watches.values()].map((watch) => ({
          type: shortTypeName(watch.typeUrl),
          type_url: watch.typeUrl,
          wildcard: watch.wildcard,
          names: [...watch.names],
          refused: refusalOfSecrets(stream, watch.typeUrl),
        })),
      })),
    },
  }),
};
