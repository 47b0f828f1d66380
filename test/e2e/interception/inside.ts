/**
 * Runs inside a network of a test: applications, the builtin proxy's listeners, and clients. Says what came of each
 * connection as a line of JSON.
 */

import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { NO_ROUTES } from '../../proxy/listeners/listeners.ts';
import { ListenerManager } from '../../../src/proxy/listeners/listener-manager.ts';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import { TCP_KINDS } from '../../../src/proxy/tcp/kinds.ts';
import { ClusterManager } from '../../../src/proxy/upstream/cluster-manager.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import type { Plan } from './plan.ts';

const plan = JSON.parse(readFileSync(0, 'utf8')) as Plan;

for (const { ip, port, name } of plan.applications) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`${name} ${socket.localAddress}:${socket.localPort} from ${socket.remoteAddress}\n`);
  });
  server.listen({ host: ip, port });
  await once(server, 'listening');
}

const store = new StatsStore();
const clusters = new ClusterManager({ stats: store.root });
for (const cluster of plan.clusters) clusters.put(messageFromJson(ClusterSchema, cluster));
const listeners = new ListenerManager({
  stats: store.root,
  kinds: TCP_KINDS,
  clusters,
  routes: NO_ROUTES,
  node: { id: 'inside', cluster: 'inside', metadata: {} },
  accessLogs: () => undefined,
});
for (const json of plan.listeners) {
  const message = messageFromJson(ListenerSchema, json);
  listeners.put(message);
  await listeners.warm(message.name);
}

for (const { from, to, port } of plan.connections) {
  const socket = connect({ host: to, port, localAddress: from, timeout: 5000 });
  socket.on('timeout', () => socket.destroy(new Error('timeout')));
  process.stdout.write(`${JSON.stringify(await said(socket))}\n`);
}
// Who only asked the application would not know whether anyone was between.
const carried = store
  .rows()
  .flatMap((row) =>
    row.kind === 'counter' && row.name.startsWith('tcp.') && row.name.endsWith('.downstream_cx_total')
      ? [[row.name.split('.')[1], row.value]]
      : [],
  );
process.stdout.write(`${JSON.stringify(Object.fromEntries(carried))}\n`);
process.exit(0);

async function said(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  const failed = once(socket, 'error').then(([error]) => `error ${String(error)}`);
  const ended = once(socket, 'close').then(() => text.trim());
  return Promise.race([failed, ended]);
}
