/** An API server that lists some pods and forwards ports of them to this machine, and counts what it is asked. */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface FakeForwards {
  readonly server: string;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
  stop(): Promise<void>;
}

export interface FakeOptions {
  /** What lists of pods hold. */
  readonly pods?: readonly object[];
  /** What lists of others hold, by the plural of the kind; as pods when left out. */
  readonly others?: Readonly<Record<string, readonly object[]>>;
  /** What takes a connection to a port of a pod: a port of this machine, or a function. */
  forward(pod: string, port: number): number | ((socket: WebSocket) => void);
}

/** As the kubelet begins each channel. */
export function portBytes(channel: 0 | 1, port: number): Buffer {
  return Buffer.from([channel, port & 0xff, port >> 8]);
}

export async function startFakeForwards({
  pods = [],
  others = {},
  forward,
}: FakeOptions): Promise<FakeForwards> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    const plural = /([^/?]+)(?:\?|$)/.exec(request.url ?? '')?.[1] ?? '';
    response.end(JSON.stringify({ kind: 'List', metadata: {}, items: others[plural] ?? pods }));
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => (protocols.has('v4.channel.k8s.io') ? 'v4.channel.k8s.io' : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    asked.push(request.url ?? '');
    const url = new URL(request.url ?? '', 'http://server');
    const pod = /\/pods\/([^/]+)\/portforward$/.exec(url.pathname)?.[1];
    if (pod === undefined || pod === 'refused') {
      const status = { kind: 'Status', message: 'pods "refused" is forbidden', code: 403 };
      socket.end(
        `HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${JSON.stringify(status)}`,
      );
      return;
    }
    const port = Number(url.searchParams.get('ports'));
    const target = forward(pod, port);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (typeof target === 'function') target(opened);
      else bridge(opened, port, target);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function bridge(socket: WebSocket, port: number, target: number): void {
  const upstream = connect(target, '127.0.0.1');
  socket.send(portBytes(0, port));
  socket.send(portBytes(1, port));
  upstream.on('data', (bytes: Buffer) => socket.send(Buffer.concat([Buffer.from([0]), bytes])));
  upstream.on('close', () => socket.close());
  upstream.on('error', () => socket.close());
  socket.on('message', (message) => upstream.write((message as Buffer).subarray(1)));
  socket.on('close', () => upstream.destroy());
}

/** A kubeconfig file's text for the server. */
export function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'fake', user: { token: 'no-secret' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
  });
}
