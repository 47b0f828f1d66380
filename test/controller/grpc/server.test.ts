import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Method } from '../../../src/controller/grpc/call.ts';
import { GrpcServer } from '../../../src/controller/grpc/server.ts';

const PATH = '/test.Echo/Echo';

/** Says everything twice, and ends with an error when it is told to. */
const echo: Method = (call) => ({
  message: (bytes) => {
    const text = bytes.toString();
    if (text.startsWith('fail ')) call.finish('invalidArgument', text.slice('fail '.length));
    else if (text === 'abort') call.abort();
    else call.write([bytes, bytes], () => {});
  },
  ended: () => void (ended += 1),
});

let ended: number;
let server: GrpcServer;
let client: Client;
let session: ClientHttp2Session;

beforeEach(async () => {
  ended = 0;
  server = await GrpcServer.start({
    address: { host: '127.0.0.1', port: 0 },
    methods: { [PATH]: echo },
    limits: { message: 1 << 20, total: 1 << 22 },
  });
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  session = connect(`http://127.0.0.1:${server.port}`);
  session.on('error', () => {});
});

afterEach(async () => {
  client.close();
  session.destroy();
  await server.drain(1000);
});

/** What comes back for messages, in order, and how the call ended; the client ends after as many answers. */
async function answers(
  sent: readonly string[],
  path = PATH,
): Promise<{ came: string[]; error: ServiceError | undefined }> {
  const bytes = (text: string): Buffer => Buffer.from(text);
  const call = client.makeBidiStreamRequest<string, string>(path, bytes, String);
  const came: string[] = [];
  return new Promise((resolve) => {
    let error: ServiceError | undefined;
    call.on('data', (text: string) => {
      came.push(text);
      if (came.length === sent.length) call.end();
    });
    call.on('error', (fault: ServiceError) => (error = fault));
    call.on('status', () => setImmediate(() => resolve({ came, error })));
    for (const text of sent) call.write(text);
  });
}

/** The status of an answer to a request of HTTP. */
async function headersOf(headers: Readonly<Record<string, string>>): Promise<IncomingHttpHeaders> {
  const stream = session.request({ ':path': PATH, ...headers });
  stream.end();
  return new Promise((resolve, reject) => {
    stream.on('response', resolve);
    stream.on('error', reject);
  });
}

describe('a gRPC server', () => {
  test('hands messages of any size to and fro, and ends when the client does', async () => {
    const sent = ['', 'a', 'b'.repeat(70_000), 'c'.repeat(900_000)];
    const { came, error } = await answers(sent);
    expect(came.map(({ length }) => length)).toEqual(sent.map(({ length }) => 2 * length));
    expect(error).toBeUndefined();
    expect(ended).toBe(1);
  });

  test('ends a call with a status and words', async () => {
    const { error } = await answers(['fail 100% wröng']);
    expect([error?.code, error?.details]).toEqual([3, '100% wröng']);
    expect(ended).toBe(1);
  });

  test('ends a call at once', async () => {
    const { error } = await answers(['abort']);
    expect(error?.code).toBe(1);
    expect(ended).toBe(1);
  });

  test('refuses messages that are too large', async () => {
    const { error } = await answers(['x'.repeat((1 << 20) + 1)]);
    expect([error?.code, error?.details]).toEqual([
      8,
      'a message has 1048577 bytes; at most 1048576 are read',
    ]);
  });

  test('says that there is no such method', async () => {
    const { error } = await answers(['a'], '/test.Echo/Other');
    expect([error?.code, error?.details]).toEqual([12, 'there is no method /test.Echo/Other here']);
  });

  test.each([
    [405, { ':method': 'GET', 'content-type': 'application/grpc' }],
    [415, { ':method': 'POST', 'content-type': 'application/json' }],
    [415, { ':method': 'POST', 'content-type': 'application/grpc-web' }],
  ])('answers %d to what is no gRPC', async (status, headers) => {
    expect((await headersOf(headers))[':status']).toBe(status);
    expect(ended).toBe(0);
  });

  test('hears of a client that goes without a word', async () => {
    const stream = session.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc' });
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('response', resolve));
    session.destroy();
    await expect.poll(() => ended).toBe(1);
  });
});
