/**
 * Streams that live long or end badly, through Envoy and through the builtin engine: gRPC of every kind from sidecar to
 * sidecar, clients that go away, endpoints that die, readers that are slow. Both have the same outcome, and nothing stays.
 */

import {
  Client,
  type ClientReadableStream,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  credentials,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { COMPARED, Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { HTTP2, ROUTER, type JsonMap, httpFilter, listenerAt, managerTo } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

/** A proxy that sends everything on to one endpoint. */
function bootstrap(port: number, endpoint: number, over: JsonMap): JsonMap {
  const manager = managerTo('endpoint', 'streams', {
    stream_idle_timeout: '0s',
    http_filters: [httpFilter('grpc_stats.v3.FilterConfig', { stats_for_all_methods: true }), ROUTER],
  });
  return {
    node: { id: 'streams', cluster: 'streams' },
    static_resources: {
      listeners: [{ ...listenerAt(port, 'l', manager), per_connection_buffer_limit_bytes: 65_536 }],
      clusters: [cluster('endpoint', [endpoint], { per_connection_buffer_limit_bytes: 65_536, ...over })],
    },
  };
}

async function proxyTo(kind: EngineKind, envoy: string, endpoint: number, over: JsonMap = {}) {
  const [port = 0] = await freePorts(1);
  return { port, engine: await Engine.start(kind, envoy, bootstrap(port, endpoint, over)) };
}

const same = (bytes: Buffer): Buffer => bytes;
const METHOD = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};
const path = (name: string) => `/lateen.Test/${name}`;

function grpcServer(): Server {
  const server = new Server();
  server.addService(
    {
      Unary: { ...METHOD, path: path('Unary'), requestStream: false, responseStream: false },
      Collect: { ...METHOD, path: path('Collect'), requestStream: true, responseStream: false },
      Count: { ...METHOD, path: path('Count'), requestStream: false, responseStream: true },
      Echo: { ...METHOD, path: path('Echo'), requestStream: true, responseStream: true },
    },
    {
      Unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        const text = call.request.toString();
        const trailers = new Metadata();
        trailers.set('x-trailer', 'told');
        if (text === 'fail') done({ code: 5, details: 'not here, très', metadata: trailers });
        else if (text !== 'never') done(null, Buffer.from(`got ${text}`), trailers);
      },
      Collect(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        let bytes = 0;
        call.on('data', (chunk: Buffer) => (bytes += chunk.length));
        call.on('end', () => done(null, Buffer.from(String(bytes))));
        call.on('error', () => undefined);
      },
      Count(call: ServerWritableStream<Buffer, Buffer>) {
        const most = Number(call.request.toString());
        for (let number = 0; number < most; number++) call.write(Buffer.from(String(number)));
        call.end();
      },
      Echo(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (chunk: Buffer) => call.write(chunk));
        call.on('end', () => call.end());
        call.on('error', () => undefined);
      },
    },
  );
  return server;
}

function collected(stream: ClientReadableStream<Buffer>): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const all: string[] = [];
    stream.on('data', (chunk: Buffer) => all.push(chunk.toString()));
    stream.on('end', () => resolve(all));
    stream.on('error', reject);
  });
}

describeOnRealEnvoy('streams', (envoy) => {
  describe.each<EngineKind>(['envoy', COMPARED])('gRPC from sidecar to sidecar, %s', (kind) => {
    const server = grpcServer();
    const engines: Engine[] = [];
    let client = new Client('127.0.0.1:1', credentials.createInsecure());

    beforeAll(async () => {
      const endpoint = await new Promise<number>((resolve, reject) =>
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
          error === null ? resolve(port) : reject(error),
        ),
      );
      const inbound = await proxyTo(kind, envoy, endpoint, HTTP2);
      const outbound = await proxyTo(kind, envoy, inbound.port, HTTP2);
      engines.push(inbound.engine, outbound.engine);
      client = new Client(`127.0.0.1:${outbound.port}`, credentials.createInsecure());
    }, 60_000);

    afterAll(async () => {
      client.close();
      server.forceShutdown();
      for (const engine of engines) await engine.stop();
    });

    const unary = (text: string, deadline = 20_000) =>
      new Promise<{ error: ServiceError | null; text: string | undefined; trailer: unknown }>((resolve) => {
        let outcome: { error: ServiceError | null; text: string | undefined } = {
          error: null,
          text: undefined,
        };
        const call = client.makeUnaryRequest(
          path('Unary'),
          same,
          same,
          Buffer.from(text),
          new Metadata(),
          { deadline: Date.now() + deadline },
          (error, value?: Buffer) => {
            outcome = { error, text: value?.toString() };
          },
        );
        call.on('status', ({ metadata }) =>
          setImmediate(() => resolve({ ...outcome, trailer: metadata.get('x-trailer')[0] })),
        );
      });

    it('one message each way, with trailers', async () => {
      expect(await unary('hello')).toEqual({ error: null, text: 'got hello', trailer: 'told' });
    });

    it('a status with its words', async () => {
      const { error, trailer } = await unary('fail');
      expect([error?.code, error?.details, trailer]).toEqual([5, 'not here, très', 'told']);
    });

    it('a deadline', async () => {
      expect((await unary('never', 300)).error?.code).toBe(4);
    });

    it('many messages from the client', async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const call = client.makeClientStreamRequest(path('Collect'), same, same, (error, value?: Buffer) =>
          error === null ? resolve(value?.toString() ?? '') : reject(error),
        );
        for (let turn = 0; turn < 200; turn++) call.write(Buffer.alloc(10_000));
        call.end();
      });
      expect(answer).toBe('2000000');
    });

    it('many messages from the server', async () => {
      const all = await collected(
        client.makeServerStreamRequest(path('Count'), same, same, Buffer.from('2000')),
      );
      expect(all).toEqual(Array.from({ length: 2000 }, (_, number) => String(number)));
    });

    it('messages both ways, one for one', async () => {
      const call = client.makeBidiStreamRequest(path('Echo'), same, same);
      const seen: string[] = [];
      for (let turn = 0; turn < 50; turn++) {
        const answer = new Promise<Buffer>((resolve) => call.once('data', resolve));
        call.write(Buffer.from(`m${turn}`));
        seen.push((await answer).toString());
      }
      call.end();
      await new Promise((resolve) => call.once('end', resolve));
      expect(seen).toEqual(Array.from({ length: 50 }, (_, turn) => `m${turn}`));
    });

    it('a client that cancels, and nothing stays open', async () => {
      const call = client.makeBidiStreamRequest(path('Echo'), same, same);
      call.on('error', () => undefined);
      call.write(Buffer.from('x'));
      await new Promise((resolve) => call.once('data', resolve));
      call.cancel();
      for (const engine of engines) {
        await eventually(
          () => engine.stats(),
          (stats) =>
            stats.get('http.streams.downstream_rq_active') === 0 &&
            stats.get('cluster.endpoint.upstream_rq_active') === 0,
        );
      }
    });
  });

  describe.each<EngineKind>(['envoy', COMPARED])('what ends badly, %s', (kind) => {
    let endpoint: HttpServer | undefined;
    let proxy: { port: number; engine: Engine } | undefined;
    let arrived = 0;
    let aborted = 0;
    let written = 0;

    beforeAll(async () => {
      endpoint = createServer((request, response) => {
        arrived++;
        request.on('error', () => undefined);
        response.on('error', () => undefined);
        request.resume();
        response.on('close', () => {
          if (!response.writableFinished) aborted++;
        });
        if (request.url === '/large') {
          const chunk = Buffer.alloc(65_536, 'z');
          const more = () => {
            while (written < 200 * 1024 * 1024 && !response.destroyed) {
              written += chunk.length;
              if (!response.write(chunk)) {
                response.once('drain', more);
                return;
              }
            }
            response.end();
          };
          more();
        } else if (request.url === '/quick') {
          response.end('quick');
        }
        // Other requests are never answered.
      });
      await new Promise<void>((resolve) => endpoint?.listen(0, '127.0.0.1', resolve));
      proxy = await proxyTo(kind, envoy, (endpoint.address() as AddressInfo).port);
    }, 60_000);

    afterAll(async () => {
      await proxy?.engine.stop();
      endpoint?.closeAllConnections();
      endpoint?.close();
    });

    const nothingStays = async () => {
      await eventually(
        async () => (await proxy?.engine.stats()) ?? new Map<string, number>(),
        (stats) =>
          stats.get('http.streams.downstream_rq_active') === 0 &&
          stats.get('http.streams.downstream_cx_active') === 0 &&
          stats.get('cluster.endpoint.upstream_rq_active') === 0,
      );
    };

    const socketTo = async () => {
      const socket = connect(proxy?.port ?? 0, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    };

    it('a client that goes away while it sends: the endpoint is told', async () => {
      const before = { arrived, aborted };
      const socket = await socketTo();
      socket.write('POST /never HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nhalf');
      await eventually(
        async () => arrived,
        (count) => count > before.arrived,
      );
      socket.resetAndDestroy();
      await eventually(
        async () => aborted,
        (count) => count > before.aborted,
      );
      await nothingStays();
    });

    it('a client that goes away while it waits', async () => {
      const before = { arrived, aborted };
      const socket = await socketTo();
      socket.write('GET /never HTTP/1.1\r\nhost: a\r\n\r\n');
      await eventually(
        async () => arrived,
        (count) => count > before.arrived,
      );
      socket.destroy();
      await eventually(
        async () => aborted,
        (count) => count > before.aborted,
      );
      await nothingStays();
    });

    it('a client that has said all and closes its side is taken as gone', async () => {
      const socket = await socketTo();
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.end('GET /never HTTP/1.1\r\nhost: a\r\n\r\n');
      await closed;
      expect(text).toBe('');
      await nothingStays();
    });

    it('many clients that go away at once', async () => {
      const before = arrived;
      const sockets = await Promise.all(Array.from({ length: 100 }, socketTo));
      for (const socket of sockets) socket.write('GET /never HTTP/1.1\r\nhost: a\r\n\r\n');
      await eventually(
        async () => arrived,
        (count) => count >= before + 100,
      );
      for (const socket of sockets) socket.destroy();
      await nothingStays();
    });

    it('a slow reader holds the endpoint up, and little is kept', async () => {
      written = 0;
      const memory = () =>
        Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${proxy?.engine.pid}/status`, 'utf8'))?.[1]) /
        1024;
      const before = memory();
      const socket = await socketTo();
      socket.pause();
      socket.write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n');
      await eventually(
        async () => written,
        (bytes) => bytes > 0,
      );
      let last = -1;
      // It has stopped when nothing more was taken for a while.
      while (written !== last) {
        last = written;
        await wait(300);
      }
      // Most of it stands in the buffers of the kernel.
      expect(written).toBeLessThan(80 * 1024 * 1024);
      expect(memory() - before).toBeLessThan(40);
      socket.destroy();
      await nothingStays();
    });

    it('serves on afterwards', async () => {
      const answer = await fetch(`http://127.0.0.1:${proxy?.port}/quick`, {
        headers: { connection: 'close' },
      });
      expect([answer.status, await answer.text()]).toEqual([200, 'quick']);
    });
  });
});
