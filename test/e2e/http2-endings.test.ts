/** Sides of HTTP/2 that are gone without a word, as a process that is killed: the same on Envoy and on the builtin engine. */

import { once } from 'node:events';
import { connect as connectHttp2, createServer } from 'node:http2';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { HTTP2, type JsonMap, listenerAt, managerTo } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

/** What the endpoint says to `/large`: more than a proxy may keep. */
const LARGE = 256 * 1024 * 1024;

function bootstrap(port: number, endpoint: number): JsonMap {
  const manager = managerTo('endpoint', 'h', { stream_idle_timeout: '0s' });
  return {
    static_resources: {
      listeners: [listenerAt(port, 'l', manager)],
      clusters: [cluster('endpoint', [endpoint], HTTP2)],
    },
  };
}

describeOnRealEnvoy('sides of HTTP/2 that are gone', (program) => {
  /** What closes whatever a test has opened. */
  let closing: (() => unknown)[] = [];
  /** Connections to the endpoint. */
  let accepted: Socket[] = [];
  let arrived = 0;
  let aborted = 0;
  /** Bytes that the endpoint could get rid of. */
  let written = 0;

  beforeEach(() => {
    closing = [];
    accepted = [];
    arrived = 0;
    aborted = 0;
    written = 0;
  });
  afterEach(async () => {
    for (const close of closing.toReversed()) await close();
  });

  /** An engine before an endpoint that begins an answer to `/begun`, answers `/whole` and `/large`, and is silent elsewhere. */
  async function start(kind: EngineKind): Promise<{ engine: Engine; port: number }> {
    const server = createServer((request, response) => {
      arrived++;
      response.on('error', () => undefined);
      request.on('error', () => undefined);
      request.on('aborted', () => aborted++);
      if (request.url === '/whole') response.end('whole');
      if (request.url === '/begun') response.write('begun');
      if (request.url === '/large') {
        const piece = Buffer.alloc(64 * 1024, 'x');
        const more = (): void => {
          for (let hasRoom = true; hasRoom && written < LARGE;) {
            written += piece.length;
            hasRoom = response.write(piece);
          }
          if (written >= LARGE) response.end();
        };
        response.on('drain', more);
        more();
      }
    }).listen(0, '127.0.0.1');
    server.on('connection', (socket: Socket) => accepted.push(socket));
    await once(server, 'listening');
    closing.push(() => {
      for (const socket of accepted) socket.destroy();
      server.close();
    });
    const [port = 0] = await freePorts(1);
    const engine = await Engine.start(kind, program, bootstrap(port, (server.address() as AddressInfo).port));
    closing.push(() => engine.stop());
    return { engine, port };
  }

  async function nothingStays(engine: Engine): Promise<void> {
    await eventually(
      () => engine.stats(),
      (stats) =>
        stats.get('http.h.downstream_rq_active') === 0 &&
        stats.get('http.h.downstream_cx_active') === 0 &&
        stats.get('cluster.endpoint.upstream_rq_active') === 0 &&
        stats.get('cluster.endpoint.upstream_cx_active') === 0,
    );
  }

  /** What a client gets whose endpoint goes at that point. */
  async function got(port: number, path: string, isTime: (text: string) => boolean): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    closing.push(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    await eventually(
      async () => isTime(text),
      (isSo) => isSo,
    );
    const closed = once(socket, 'close');
    for (const one of accepted) one.destroy();
    await closed;
    const [head = '', ...body] = text.split('\r\n\r\n');
    return `${head.split('\r\n')[0]} ${body.join('|')}`;
  }

  test('an endpoint before it answers, and in the middle of an answer', { timeout: 120_000 }, async () => {
    const outcomes: (readonly string[])[] = [];
    for (const kind of ['envoy', 'builtin'] as const) {
      const { engine, port } = await start(kind);
      const before = arrived;
      const outcome = [
        await got(port, '/silent', () => arrived > before),
        await got(port, '/begun', (text) => text.includes('begun')),
      ];
      await nothingStays(engine);
      outcomes.push(outcome);
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test.each<EngineKind>(['envoy', 'builtin'])(
    'a slow reader, on %s: the endpoint is held up, others on the connection are not, and nothing stays',
    { timeout: 120_000 },
    async (kind) => {
      const { engine, port } = await start(kind);
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      closing.push(() => session.destroy());
      session.on('error', () => undefined);
      await once(session, 'connect');
      // Room for many streams: only that of the slow one fills up.
      session.setLocalWindowSize(16 * 1024 * 1024);
      const slow = session.request({ ':path': '/large' });
      slow.on('error', () => undefined);
      await once(slow, 'response');
      let last = -1;
      await eventually(
        async () => {
          const stands = written === last;
          last = written;
          return stands && written > 0;
        },
        (stands) => stands,
      );
      expect(written).toBeLessThan(LARGE / 4);
      const other = session.request({ ':path': '/whole' });
      let text = '';
      other.setEncoding('utf8').on('data', (more: string) => (text += more));
      await once(other, 'end');
      expect(text).toBe('whole');
      slow.close(8);
      await eventually(
        async () => aborted,
        (count) => count === 1,
      );
      session.destroy();
      for (const socket of accepted) socket.destroy();
      await nothingStays(engine);
    },
  );

  test.each<EngineKind>(['envoy', 'builtin'])(
    'a client that waits, on %s: the endpoint is told',
    { timeout: 120_000 },
    async (kind) => {
      const { engine, port } = await start(kind);
      const socket = connect(port, '127.0.0.1');
      closing.push(() => socket.destroy());
      const session = connectHttp2('http://a', { createConnection: () => socket });
      session.on('error', () => undefined);
      for (const path of ['/silent', '/begun']) {
        const stream = session.request({ ':path': path });
        stream.on('error', () => undefined);
        stream.resume();
      }
      await eventually(
        async () => arrived,
        (count) => count === 2,
      );
      socket.destroy();
      await eventually(
        async () => aborted,
        (count) => count === 2,
      );
      await eventually(
        () => engine.stats(),
        (stats) =>
          stats.get('http.h.downstream_rq_active') === 0 &&
          stats.get('http.h.downstream_cx_active') === 0 &&
          stats.get('cluster.endpoint.upstream_rq_active') === 0,
      );
    },
  );
});
