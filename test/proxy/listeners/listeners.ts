/** Listener managers with listeners written in JSON, and a filter for them that says what it sees. */

import type { JsonObject } from '@bufbuild/protobuf';
import { type Socket, connect } from 'node:net';
import type { DownstreamConnection } from '../../../src/proxy/listeners/connection.ts';
import {
  ListenerManager,
  type ListenerManagerOptions,
} from '../../../src/proxy/listeners/listener-manager.ts';
import type { NetworkFilterKind, Routes } from '../../../src/proxy/listeners/network-filter.ts';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';

/** Settings that the tests' own filter is known by. */
const TYPE = 'envoy.extensions.filters.network.echo.v3.Echo';

export const NO_ROUTES: Routes = {
  subscribe: () => {
    throw new Error('no routes here');
  },
  inline: () => {
    throw new Error('no routes here');
  },
};

export interface TestListeners extends AsyncDisposable {
  readonly manager: ListenerManager;
  readonly store: StatsStore;
  readonly connections: DownstreamConnection[];
  put(listener: JsonObject): Promise<void>;
  port(name?: string): number;
}

/** The filter answers `CHAIN\n` and then what it is sent, and keeps what it is given in `connections`. */
export function testListeners(options: Partial<ListenerManagerOptions> = {}): TestListeners {
  const store = new StatsStore();
  const connections: DownstreamConnection[] = [];
  const kind: NetworkFilterKind = {
    kind: 'terminal',
    typeName: TYPE,
    compile: () => ({
      onConnection: (connection) => {
        connections.push(connection);
        connection.socket.write(`${connection.filterChainName}\n`);
        connection.socket.pipe(connection.socket);
      },
      close: () => undefined,
    }),
  };
  const manager = new ListenerManager({
    stats: store.root,
    kinds: [kind],
    clusters: { get: () => undefined },
    routes: NO_ROUTES,
    node: { id: 'test', cluster: 'test', metadata: {} },
    accessLogs: () => undefined,
    ...options,
  });
  return {
    manager,
    store,
    connections,
    put: async (listener) => {
      const message = messageFromJson(ListenerSchema, listener);
      manager.put(message);
      await manager.warm(message.name);
    },
    port: (name = 'l') => {
      const place = manager.active.find((one) => one.name === name)?.places[0];
      if (place?.kind !== 'ip') throw new Error(`listener ${name} is not bound`);
      return place.port;
    },
    [Symbol.asyncDispose]: async () => {
      manager.close();
      for (const { socket } of connections) socket.destroy();
    },
  };
}

/** A chain with the tests' own filter. */
export function chain(name: string, match?: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    name,
    ...(match !== undefined && { filter_chain_match: match }),
    filters: [{ name: 'say', typed_config: { '@type': `type.googleapis.com/${TYPE}` } }],
    ...more,
  };
}

/** A listener named `l` at a port that the system chooses. */
export function listener(chains: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [...chains],
    ...more,
  };
}

export function listenerFilter(kind: string, settings: JsonObject = {}): JsonObject {
  const words = kind.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const type = `envoy.extensions.filters.listener.${kind}.v3.${words.join('')}`;
  return {
    name: `envoy.filters.listener.${kind}`,
    typed_config: { '@type': `type.googleapis.com/${type}`, ...settings },
  };
}

/** Sends the bytes, and resolves with what has come back up to the first new line, or `closed`. */
export async function firstLine(port: number, send: string | Buffer = ''): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    return await readLine(socket, send);
  } finally {
    socket.destroy();
  }
}

export function readLine(socket: Socket, send: string | Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
    const end = text.indexOf('\n');
    if (end >= 0) resolve(text.slice(0, end));
  });
  socket.on('error', () => resolve('closed'));
  socket.on('close', () => resolve('closed'));
  if (send.length > 0) socket.write(send);
  return promise;
}
