/** Filters that hold, count or change bodies. */

import { randomBytes } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chooseEncoding } from '../../../src/proxy/http-filters/compression/accept-encoding.ts';
import { FilterRun, packed } from './run-filter.ts';

const HTTP = 'envoy.extensions.filters.http';
const COMPRESSION = 'type.googleapis.com/envoy.extensions.compression';

describe('buffer', () => {
  const run = () => new FilterRun(`${HTTP}.buffer.v3.Buffer`, { max_request_bytes: 10 });

  it('sends requests on when they are whole, with their length', async () => {
    const { sent } = await run().call({
      body: ['ab', '', 'cd'],
      headers: [['transfer-encoding', 'chunked']],
    });
    expect([sent?.headers, sent?.body.toString()]).toEqual([{ 'content-length': '4' }, 'abcd']);
  });

  it('refuses what is too long, unless the route lets it pass', async () => {
    const body = ['123456', '123456'];
    const refused = await run().call({ body });
    expect([refused.sent, refused.status, refused.body.toString()]).toEqual([
      undefined,
      413,
      'Payload Too Large',
    ]);
    const routes = [packed(`${HTTP}.buffer.v3.BufferPerRoute`, { disabled: true })];
    expect((await run().call({ body, routes })).sent?.body.length).toBe(12);
  });
});

describe('compressor', () => {
  const library = (kind: string, message: string) => ({
    name: kind,
    typed_config: { '@type': `${COMPRESSION}.${kind}.compressor.v3.${message}` },
  });
  const gzip = () =>
    new FilterRun(`${HTTP}.compressor.v3.Compressor`, { compressor_library: library('gzip', 'Gzip') });
  const text = 'all work and no play '.repeat(50);
  const type = ['content-type', 'text/plain; charset=utf-8'] as const;
  const response = {
    headers: [type, ['content-length', '1050'], ['etag', '"x"'], ['vary', 'Origin']],
    body: [text.slice(0, 500), text.slice(500)],
  } as const;

  it('compresses piece by piece', async () => {
    const filter = gzip();
    const { headers, body } = await filter.call({
      headers: [['accept-encoding', 'gzip, deflate']],
      response,
    });
    expect(headers).toEqual({
      'content-type': type[1],
      vary: 'Origin, Accept-Encoding',
      'content-encoding': 'gzip',
    });
    expect(gunzipSync(body).toString()).toBe(text);
    expect(filter.stats.counted).toMatchObject({
      'http.x.compressor.gzip.gzip.compressed': 1,
      'http.x.compressor.gzip.gzip.total_uncompressed_bytes': 1050,
      'http.x.compressor.gzip.gzip.total_compressed_bytes': body.length,
    });
  });

  it('speaks brotli', async () => {
    const filter = new FilterRun(`${HTTP}.compressor.v3.Compressor`, {
      compressor_library: library('brotli', 'Brotli'),
    });
    const { headers, body } = await filter.call({ headers: [['accept-encoding', 'br']], response });
    expect([headers['content-encoding'], brotliDecompressSync(body).toString()]).toEqual(['br', text]);
  });

  it('ends the body before trailers', async () => {
    const { body } = await gzip().call({
      headers: [['accept-encoding', 'gzip']],
      response: { ...response, trailers: [['t', '1']] },
    });
    expect(gunzipSync(body).toString()).toBe(text);
  });

  it.each<[string, readonly (readonly [string, string])[], string]>([
    ['it is short', [['content-length', '29']], text.slice(0, 29)],
    ['it is no text', [['content-type', 'image/png']], text],
    ['it is compressed', [['content-encoding', 'br']], text],
    ['it may not be transformed', [['cache-control', 'private, no-transform']], text],
  ])('leaves an answer alone when %s', async (_, headers, body) => {
    const outcome = await gzip().call({
      headers: [['accept-encoding', 'gzip']],
      response: { headers, body: [body] },
    });
    expect(outcome.body.toString()).toBe(body);
    expect(outcome.headers).toEqual(Object.fromEntries(headers));
  });

  it.each<[string | undefined, string]>([
    [undefined, 'none'],
    ['', 'invalid'],
    ['gzip', 'encoding gzip'],
    ['gzip;q=0', 'invalid'],
    ['gzip;q=x', 'invalid'],
    ['br;q=0.5, gzip;q=0.8', 'encoding gzip'],
    ['br, gzip', 'encoding br'],
    ['deflate, identity', 'identity'],
    ['*', 'wildcard gzip'],
    ['gzip;q=0, *', 'wildcard br'],
    ['identity;q=0.5, gzip;q=0.2', 'identity'],
  ])('of %s the choice is %s', (accept, expected) => {
    const choice = chooseEncoding(accept, ['gzip', 'br']);
    expect('encoding' in choice ? `${choice.kind} ${choice.encoding}` : choice.kind).toBe(expected);
  });

  it('compresses requests when asked to', async () => {
    const filter = new FilterRun(`${HTTP}.compressor.v3.Compressor`, {
      compressor_library: library('gzip', 'Gzip'),
      request_direction_config: {},
    });
    const { sent } = await filter.call({ headers: [type, ['content-length', '1050']], body: [text] });
    expect([sent?.headers['content-encoding'], gunzipSync(sent?.body ?? '').toString()]).toEqual([
      'gzip',
      text,
    ]);
  });

  it('names libraries that it does not have', () => {
    expect(
      () =>
        new FilterRun(`${HTTP}.compressor.v3.Compressor`, { compressor_library: library('zstd', 'Zstd') }),
    ).toThrow('zstd');
  });
});

describe('decompressor', () => {
  const run = () =>
    new FilterRun(`${HTTP}.decompressor.v3.Decompressor`, {
      decompressor_library: {
        name: 'l',
        typed_config: { '@type': `${COMPRESSION}.gzip.decompressor.v3.Gzip` },
      },
    });

  it('decompresses both ways, and asks endpoints for it', async () => {
    const zipped = gzipSync('plain text');
    const { sent, headers, body } = await run().call({
      headers: [
        ['content-encoding', 'gzip'],
        ['content-length', String(zipped.length)],
        ['accept-encoding', 'br'],
      ],
      body: [zipped.subarray(0, 7), zipped.subarray(7)],
      response: { headers: [['content-encoding', 'gzip,br']], body: [zipped] },
    });
    expect([sent?.headers, sent?.body.toString()]).toEqual([{ 'accept-encoding': 'br,gzip' }, 'plain text']);
    expect([headers, body.toString()]).toEqual([{ 'content-encoding': 'br' }, 'plain text']);
  });

  it('gives up on what is no such compression, and on what swells too much', async () => {
    const filter = run();
    const bad = await filter.call({
      headers: [['content-encoding', 'gzip']],
      body: [randomBytes(100), 'more'],
    });
    const bomb = await filter.call({
      headers: [['content-encoding', 'gzip']],
      body: [gzipSync(Buffer.alloc(50_000_000))],
    });
    expect([bad.sent?.body.length, (bomb.sent?.body.length ?? 0) < 50_000_000]).toEqual([0, true]);
    expect(filter.stats.counted['http.x.decompressor.l.gzip.decompressor_library.zlib_data_error']).toBe(2);
  });
});

const message = (text: string) => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
};

describe('gRPC-Web', () => {
  const run = () => new FilterRun(`${HTTP}.grpc_web.v3.GrpcWeb`);
  const response = {
    headers: [['content-type', 'application/grpc']],
    body: [message('answer')],
    trailers: [
      ['grpc-status', '0'],
      ['grpc-message', 'fine'],
    ],
  } as const;

  it('is gRPC behind, and trailers are the last message', async () => {
    const { sent, headers, body, trailers } = await run().call({
      method: 'POST',
      headers: [
        ['content-type', 'application/grpc-web+proto'],
        ['content-length', '8'],
      ],
      body: [message('ask')],
      response,
    });
    expect(sent).toMatchObject({
      headers: {
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-accept-encoding': 'identity',
      },
      body: message('ask'),
    });
    const last = Buffer.from('grpc-status:0\r\ngrpc-message:fine\r\n');
    expect([headers, trailers]).toEqual([{ 'content-type': 'application/grpc-web+proto' }, {}]);
    expect(body).toEqual(Buffer.concat([message('answer'), Buffer.from([0x80, 0, 0, 0, last.length]), last]));
  });

  it('speaks base64 where asked', async () => {
    const text = 'application/grpc-web-text';
    const encoded = message('ask').toString('base64');
    const { sent, headers, body } = await run().call({
      headers: [
        ['content-type', text],
        ['accept', text],
      ],
      body: [encoded.slice(0, 3), encoded.slice(3)],
      response,
    });
    expect([sent?.body, headers['content-type']]).toEqual([
      message('ask'),
      'application/grpc-web-text+proto',
    ]);
    expect(Buffer.from(body.toString('latin1'), 'base64').subarray(0, 11)).toEqual(message('answer'));
  });

  it('leaves other requests alone', async () => {
    expect(
      (await run().call({ headers: [['content-type', 'application/grpc']], response })).trailers,
    ).toEqual({ 'grpc-status': '0', 'grpc-message': 'fine' });
  });
});

describe('gRPC for HTTP/1.1', () => {
  const run = () => new FilterRun(`${HTTP}.grpc_http1_bridge.v3.Config`);
  const headers = [['content-type', 'application/grpc']] as const;

  it('puts the outcome into the headers', async () => {
    const body = [message('a'), message('b')];
    const good = await run().call({ headers, response: { body, trailers: [['grpc-status', '0']] } });
    expect([good.status, good.headers, good.body]).toEqual([
      200,
      { 'content-length': '12', 'grpc-status': '0' },
      Buffer.concat(body),
    ]);
    const bad = await run().call({
      headers,
      response: {
        trailers: [
          ['grpc-status', '5'],
          ['grpc-message', 'none'],
        ],
      },
    });
    expect([bad.status, bad.headers]).toEqual([
      503,
      { 'content-length': '0', 'grpc-status': '5', 'grpc-message': 'none' },
    ]);
  });

  it('leaves HTTP/2 alone', async () => {
    const { headers: answer } = await run().call({
      headers,
      info: { protocol: 'HTTP/2' },
      response: { trailers: [['grpc-status', '0']] },
    });
    expect(answer).toEqual({});
  });
});
