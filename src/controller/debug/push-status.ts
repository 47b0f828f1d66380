/** `/debug/push_status`: the newest state, and what of it does not hold. */

import type { DebugPage } from './page.ts';

export const pushStatus: DebugPage = {
  name: 'push_status',
  summary: 'The newest state that was sent, what of the configuration is not in force, and for which proxies',
  show: ({ discovery, state, problems }) => ({
    status: 200,
    body: {
      version: discovery.version,
      proxies: discovery.streams.size,
      not_in_sync: [...discovery.streams].filter((stream) => !stream.isInSync).map(({ proxy }) => proxy?.id),
      refused: [...discovery.streams].flatMap((stream) =>
        [...stream.watches.values()].flatMap(({ typeUrl, refusals }) =>
          refusals.map((nack) => ({ proxy: stream.proxy?.id, type_url: typeUrl, ...nack })),
        ),
      ),
      not_translated: [...discovery.faults.values()],
      not_enforced: problems(),
      rejected: state.rejections,
    },
  }),
};
