/** `/debug/syncz`: for each proxy and type, whether it has taken what it was sent. */

import type { ProxyIdentity } from '../../xds/proxy-identity.ts';
import { shortTypeName } from '../discovery/metrics.ts';
import { refusalOfSecrets } from '../discovery/server.ts';
import { TYPE_ORDER } from '../discovery/view.ts';
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
        version: versionOf(stream.proxy),
        namespace: stream.proxy?.namespace,
        protocol: stream.protocol.name,
        connected_at: new Date(stream.connectedAt).toISOString(),
        in_sync: stream.isInSync,
        types: Object.fromEntries(
          TYPE_ORDER.map((type) => [shortTypeName(type), typeStatus(stream, stream.watches.get(type))]),
        ),
      })),
  }),
};

/** Istio's release where the proxy names one, else that of this package, whose agent runs it. */
function versionOf(proxy: ProxyIdentity | undefined): string {
  const ours = proxy?.metadata['LATEEN_VERSION'];
  return proxy?.version === '' && typeof ours === 'string' ? ours : (proxy?.version ?? '');
}

function typeStatus(stream: ProxyStream, watch: Watch | undefined): Record<string, unknown> {
  if (watch === undefined) return { status: 'IGNORED' satisfies SyncStatus };
  return {
    status: statusOf(stream, watch),
    since: sinceOf(watch),
    reason: reasonOf(stream, watch),
    sent: watch.version,
    acked: watch.ackedVersion,
    refused: watch.nack && { ...watch.nack, at: new Date(watch.nack.at).toISOString() },
    refusals: watch.nacks,
  };
}

function statusOf(stream: ProxyStream, watch: Watch): SyncStatus {
  if (watch.nack !== undefined) return 'ERROR';
  if (!watch.isAnswered || refusalOfSecrets(stream, watch.typeUrl) !== undefined) return 'NOT SENT';
  return stream.hasTaken(watch) ? 'SYNCED' : 'STALE';
}

/** Since when the state is what it is: of the refusal, or of the last response. */
function sinceOf({ nack, sentAt }: Watch): string | undefined {
  const at = nack?.at ?? sentAt;
  return at === 0 ? undefined : new Date(at).toISOString();
}

/** Why a proxy has not the newest, in words; undefined when it has. */
function reasonOf(stream: ProxyStream, watch: Watch): string | undefined {
  switch (statusOf(stream, watch)) {
    case 'ERROR':
      return watch.nack?.message;
    case 'NOT SENT':
      return refusalOfSecrets(stream, watch.typeUrl) ?? 'nothing has been sent yet';
    case 'STALE':
      return watch.isAwaited
        ? 'the proxy has not answered to what was sent'
        : 'the newest has not been sent yet';
    case 'SYNCED':
    case 'IGNORED':
      return undefined;
  }
}
