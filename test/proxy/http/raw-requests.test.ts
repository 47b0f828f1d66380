/** What a real Envoy makes of requests byte by byte, the proxy makes of them too. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningServer, runServer } from '../run-server.ts';
import { RAW_CASES } from './raw-cases.ts';

let folder = '';
let proxy: RunningServer;
let backend: Server;
const sockets = new Set<Socket>();
/** Request lines that have reached the backend. */
let seen: string[] = [];

/** Answers each request with what its `x-raw` says. */
function serve(socket: Socket): void {
  sockets.add(socket);
  let text = '';
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
      const rest = text.slice(end + 4);
      const isChunked = head.includes('\r\ntransfer-encoding: chunked');
      const last = rest.indexOf('0\r\n\r\n');
      if (isChunked ? last < 0 : rest.length < length) {
        // A request whose body never comes whole has come all the same.
        return;
      }
      text = isChunked ? rest.slice(last + 5) : rest.slice(length);
      seen.push(head.slice(0, head.indexOf('\r\n')));
      const raw = /\r\nx-raw: ([0-9a-f]+)/.exec(head)?.[1];
      socket.write(
        raw === undefined
          ? 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
          : Buffer.from(raw, 'hex').toString('latin1'),
        'latin1',
      );
    }
  });
}

function listener(name: string, options: object): object {
  const match = (prefix: string) => ({ match: { prefix } });
  return {
    name,
    address: { pipe: { path: join(folder, name) } },
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: name,
              use_remote_address: true,
              normalize_path: true,
              upgrade_configs: [{ upgrade_type: 'websocket' }],
              http_protocol_options: options,
              delayed_close_timeout: '30s',
              route_config: {
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [
                      { match: { connect_matcher: {} }, route: { cluster: 'backend' } },
                      { ...match('/dead'), route: { cluster: 'dead' } },
                      { ...match('/none'), route: { cluster_header: 'x-none' } },
                      { ...match('/empty'), route: { cluster: 'empty' } },
                      {
                        ...match('/direct'),
                        direct_response: { status: 200, body: { inline_string: 'hello' } },
                      },
                      { ...match('/redir'), redirect: { path_redirect: '/x' } },
                      { ...match('/'), route: { cluster: 'backend' } },
                    ],
                  },
                ],
              },
              http_filters: [
                {
                  name: 'router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function cluster(name: string, endpoint: string | undefined): object {
  const lbEndpoints =
    endpoint === undefined ? [] : [{ endpoint: { address: { pipe: { path: join(folder, endpoint) } } } }];
  return {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: lbEndpoints }] },
  };
}

/** The statuses of all responses in the text. */
function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3,4}) /g)].map(([, status]) => Number(status));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-raw-'));
  backend = createServer(serve).listen(join(folder, 'backend'));
  await once(backend, 'listening');
  proxy = runServer({
    static_resources: {
      listeners: [
        listener('plain', {}),
        listener('old', { accept_http_10: true, default_host_for_http_10: 'h10', enable_trailers: true }),
      ],
      clusters: [cluster('backend', 'backend'), cluster('dead', 'nobody'), cluster('empty', undefined)],
    },
  });
  await proxy.started;
});

afterAll(async () => {
  await proxy.stop();
  for (const socket of sockets) socket.destroy();
  backend.close();
  rmSync(folder, { recursive: true });
});

describe('a request byte by byte', () => {
  it.each(RAW_CASES)('%s (%s)', async (_title, name, raw, expected, forwarded) => {
    seen = [];
    const socket = connect(join(folder, name));
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.write(raw, 'latin1');
    await vi.waitFor(() => expect(statuses(text)).toEqual(expected), { timeout: 20_000, interval: 2 });
    if (forwarded.length > 0) expect(seen).toEqual(forwarded);
    socket.destroy();
  });
});
