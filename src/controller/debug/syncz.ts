/** `/debug/syncz`: for each proxy and type, whether it has taken what it was sent. */

import { shortTypeName } from '../discovery/metrics.ts';
import { EMPTY_VIEW, TYPE_ORDER } from '../discovery/view.ts';
import type { ProxyStream } from '../discovery/stream.ts';
import type { Watch } from '../discovery/watch.ts';
import type { DebugPage } from './page.ts';

type SyncStatus = 'SYNCED' | 'STALE' | 'ERROR' | 'NOT SENT' | 'IGNORED';

export const syncz: DebugPage = {
  name: 'syncz',
  summary: 'For each proxy, which version of each type it was sent, has taken, or has refused and why',
  show: ({ discovery }) => ({
    status: 200,
    body: [...discovery.streams]
      .filter(({ proxy }) => proxy !== undefined)
      .map((stream) => ({
        proxy: stream.proxy?.id,
        proxy_type: stream.proxy?.type,
        cluster_id: stream.proxy?.cluster,
        version: stream.proxy?.version,
        protocol: stream.protocol.name,
        in_sync: stream.isInSync,
        types: Object.fromEntries(
          TYPE_ORDER.map((type) => [shortTypeName(type), typeStatus(stream, stream.watches.get(type))]),
        ),
      })),
  }),
};

function typeStatus(stream: ProxyStream, watch: Watch | undefined): Record<string, unknown> {
  if (watch === undefined) return { status: 'IGNORED' satisfies SyncStatus };
  return {
    status: statusOf(stream, watch),
    sent: watch.version,
    acked: watch.ackedVersion,
    refused: watch.nack && { ...watch.nack, at: new Date(watch.nack.at).toISOString() },
    refusals: watch.nacks,
  };
}

function statusOf(stream: ProxyStream, watch: Watch): SyncStatus {
  if (watch.nack !== undefined) return 'ERROR';
  if (!watch.isAnswered) return 'NOT SENT';
  const now = stream.view?.get(watch.typeUrl) ?? EMPTY_VIEW;
  return watch.isAwaited || watch.isDue(now) ? 'STALE' : 'SYNCED';
}
