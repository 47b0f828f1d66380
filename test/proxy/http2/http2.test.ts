/** HTTP/2 and HTTP/1.1 in every combination of the two sides, and gRPC through the proxy. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  type IncomingMessage,
  type Server as Http1Server,
  createServer,
  request as http1Request,
} from 'node:http';
import {
  type ClientHttp2Session,
  type Http2Server,
  type ServerHttp2Stream,
  connect as http2Connect,
  createServer as createHttp2Server,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  Client,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  Server as GrpcServer,
  ServerCredentials,
  credentials,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../peers/free-ports.ts';
import { type RunningServer, runServer } from '../run-server.ts';

let proxy: RunningServer;
let http1: Http1Server;
let http2: Http2Server;
let grpc: GrpcServer;
let port = 0;
/** Streams of the HTTP/2 backend that ended before their end. */
let aborted = 0;

const BIG = Buffer.alloc(3 * 1024 * 1024, 'lateen');
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const bytes = (value: Buffer): Buffer => value;

function onStream(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): void {
  stream.on('error', () => undefined);
  stream.on('aborted', () => aborted++);
  const parts: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => parts.push(chunk));
  stream.on('end', () => {
    const path = String(headers[':path']);
    if (path === '/never') return;
    if (path === '/trailers') {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-last': 'yes' }));
      stream.end('with trailers');
      return;
    }
    stream.respond({ ':status': 200, 'x-protocol': '2', 'x-authority': String(headers[':authority']) });
    stream.end(path === '/big' ? BIG : digest(Buffer.concat(parts)));
  });
}

function cluster(name: string, endpoint: number, isHttp2: boolean): object {
  const options = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  return {
    name,
    type: 'STATIC',
    ...(isHttp2 && { typed_extension_protocol_options: options }),
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: endpoint } } } },
          ],
        },
      ],
    },
  };
}

function portOf(server: { address(): string | AddressInfo | null }): number {
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  http1 = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      response.setHeader('x-protocol', request.httpVersion);
      response.setHeader('x-authority', request.headers.host ?? '');
      response.end(request.url === '/big' ? BIG : digest(Buffer.concat(parts)));
    });
  }).listen(0, '127.0.0.1');
  http2 = createHttp2Server().listen(0, '127.0.0.1');
  http2.on('stream', onStream);
  await Promise.all([once(http1, 'listening'), once(http2, 'listening')]);
  grpc = new GrpcServer();
  const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  });
  grpc.addService(
    {
      unary: method('unary', false, false),
      fails: method('fails', false, false),
      gather: method('gather', true, false),
      spread: method('spread', false, true),
      both: method('both', true, true),
    },
    {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, reply: (error: null, value: Buffer) => void) =>
        reply(null, call.request),
      fails: (_: unknown, reply: (error: object) => void) =>
        reply({ code: status.ALREADY_EXISTS, details: 'there already' }),
      gather: (call: ServerReadableStream<Buffer, Buffer>, reply: (error: null, value: Buffer) => void) => {
        const parts: Buffer[] = [];
        call.on('data', (part: Buffer) => parts.push(part));
        call.on('end', () => reply(null, Buffer.concat(parts)));
      },
      spread: (call: ServerWritableStream<Buffer, Buffer>) => {
        for (const byte of call.request) call.write(Buffer.from([byte]));
        call.end();
      },
      both: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (part: Buffer) => call.write(part));
        call.on('end', () => call.end());
      },
    },
  );
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  // The listener's port has to be known before it listens.
  port = await freePort();
  const toCluster = (name: string) => ({ match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } });
  proxy = runServer({
    static_resources: {
      listeners: [
        {
          name: 'http',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'http',
                  typed_config: {
                    '@type':
                      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                    stat_prefix: 'http',
                    route_config: {
                      virtual_hosts: [
                        { name: 'one', domains: ['one.example'], routes: [toCluster('one')] },
                        { name: 'two', domains: ['two.example'], routes: [toCluster('two')] },
                        { name: 'grpc', domains: ['*'], routes: [toCluster('grpc')] },
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
        },
      ],
      clusters: [
        cluster('one', portOf(http1), false),
        cluster('two', portOf(http2), true),
        cluster('grpc', grpcPort, true),
      ],
    },
  });
  await proxy.started;
});

afterAll(async () => {
  await proxy.stop();
  http1.closeAllConnections();
  http1.close();
  http2.close();
  grpc.forceShutdown();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly trailers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

async function over1(host: string, path: string, body: Buffer | undefined): Promise<Answer> {
  const call = http1Request({
    port,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: { host },
    agent: false,
  });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const { statusCode = 0, headers, trailers } = response;
  return { status: statusCode, headers, trailers, body: Buffer.concat(parts) };
}

async function over2(host: string, path: string, body: Buffer | undefined): Promise<Answer> {
  const session = http2Connect(`http://127.0.0.1:${port}`);
  try {
    const method = body === undefined ? 'GET' : 'POST';
    const stream = session.request({ ':authority': host, ':path': path, ':method': method });
    let trailers = {};
    stream.on('trailers', (found: Answer['trailers']) => (trailers = found));
    stream.end(body);
    const [headers] = (await once(stream, 'response')) as [Answer['headers']];
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    return { status: Number(headers[':status']), headers, trailers, body: Buffer.concat(parts) };
  } finally {
    session.close();
  }
}

const ASKERS = { 'HTTP/1.1': over1, 'HTTP/2': over2 };
const SERVERS = { 'HTTP/1.1': ['one.example', '1.1'], 'HTTP/2': ['two.example', '2'] } as const;

describe('a request', () => {
  for (const [asked, ask] of Object.entries(ASKERS)) {
    for (const [answered, [host, protocol]] of Object.entries(SERVERS)) {
      it(`of ${asked} is answered by a server of ${answered}`, async () => {
        const answer = await ask(host, '/small', Buffer.from('hello'));
        expect(answer.status).toBe(200);
        expect(answer.headers['x-protocol']).toBe(protocol);
        expect(answer.headers['x-authority']).toBe(host);
        expect(answer.body.toString()).toBe(digest(Buffer.from('hello')));
      });

      it(`of ${asked} takes megabytes to a server of ${answered} and back`, async () => {
        expect((await ask(host, '/up', BIG)).body.toString()).toBe(digest(BIG));
        expect(digest((await ask(host, '/big', undefined)).body)).toBe(digest(BIG));
      });
    }
  }

  it('has its trailers handed on over HTTP/2', async () => {
    const answer = await over2('two.example', '/trailers', undefined);
    expect(answer.body.toString()).toBe('with trailers');
    expect(answer.trailers['x-last']).toBe('yes');
  });

  it('that the client gives up is given up behind', async () => {
    const before = aborted;
    const session: ClientHttp2Session = http2Connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':authority': 'two.example', ':path': '/never' });
    stream.on('error', () => undefined);
    stream.end();
    await expect.poll(() => proxy.stat('cluster.two.upstream_rq_active')).toBe(1);
    stream.close(8);
    await expect.poll(() => aborted).toBe(before + 1);
    await expect.poll(() => proxy.stat('cluster.two.upstream_rq_active')).toBe(0);
    session.close();
  });
});

describe('gRPC', () => {
  const call = (): Client => new Client(`127.0.0.1:${port}`, credentials.createInsecure());

  it('passes: one message for one', async () => {
    const client = call();
    const value = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest('/test.Echo/unary', bytes, bytes, Buffer.from('hello'), (error, reply) =>
        error === null ? resolve(reply) : reject(error),
      );
    });
    expect(value?.toString()).toBe('hello');
    client.close();
  });

  it('passes with its status and message when it fails', async () => {
    const client = call();
    const error = await new Promise<{ readonly code: number; readonly details: string } | null>((resolve) => {
      client.makeUnaryRequest('/test.Echo/fails', bytes, bytes, Buffer.from('x'), (found) => resolve(found));
    });
    expect(error?.code).toBe(status.ALREADY_EXISTS);
    expect(error?.details).toBe('there already');
    client.close();
  });

  it('passes: many messages for one', async () => {
    const client = call();
    const value = await new Promise<Buffer | undefined>((resolve, reject) => {
      const stream = client.makeClientStreamRequest('/test.Echo/gather', bytes, bytes, (error, reply) =>
        error === null ? resolve(reply) : reject(error),
      );
      for (const part of ['a', 'b', 'c']) stream.write(Buffer.from(part));
      stream.end();
    });
    expect(value?.toString()).toBe('abc');
    client.close();
  });

  it('passes: one message for many', async () => {
    const client = call();
    const parts: string[] = [];
    const stream = client.makeServerStreamRequest('/test.Echo/spread', bytes, bytes, Buffer.from('abc'));
    for await (const part of stream) parts.push((part as Buffer).toString());
    expect(parts).toEqual(['a', 'b', 'c']);
    client.close();
  });

  it('passes: messages in both directions, each as it comes', async () => {
    const client = call();
    const stream = client.makeBidiStreamRequest('/test.Echo/both', bytes, bytes);
    const parts: string[] = [];
    stream.on('data', (part: Buffer) => {
      parts.push(part.toString());
      if (parts.length < 3) stream.write(Buffer.from(String(parts.length)));
      else stream.end();
    });
    stream.write(Buffer.from('0'));
    await once(stream, 'end');
    expect(parts).toEqual(['0', '1', '2']);
    client.close();
  });
});

describe('a connection of HTTP/2', () => {
  it('is told to go when the proxy drains, once its requests are answered', async () => {
    const session = http2Connect(`http://127.0.0.1:${port}`);
    await once(session, 'connect');
    const first = session.request({ ':authority': 'one.example', ':path': '/' });
    first.resume();
    await once(first, 'end');
    const ended = Promise.all([once(session, 'goaway'), once(session, 'close')]);
    proxy.server.drain({ graceful: true, inboundOnly: false, skipExit: true });
    // As in Envoy the next answer goes together with the news.
    const second = session.request({ ':authority': 'one.example', ':path': '/' });
    const [headers] = (await once(second, 'response')) as [Answer['headers']];
    expect(headers[':status']).toBe(200);
    second.resume();
    await ended;
  });
});
