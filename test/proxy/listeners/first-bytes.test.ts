import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readClientHello } from '../../../src/proxy/listeners/client-hello.ts';
import { detectHttp } from '../../../src/proxy/listeners/http-detection.ts';
import { readProxyHeader, writeV1, writeV2 } from '../../../src/proxy/listeners/proxy-protocol.ts';

/** The first bytes that Node.js sends as a TLS client. */
async function clientHello(servername: string, ALPNProtocols: readonly string[]): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', servername, ALPNProtocols: [...ALPNProtocols] });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return chunk;
}

describe('the greeting of a TLS client', () => {
  test('names server and protocols, however it is cut', async () => {
    const hello = await clientHello('A.Example.com', ['h2', 'http/1.1']);
    const found = { serverName: 'a.example.com', applicationProtocols: ['h2', 'http/1.1'] };
    expect(readClientHello(hello)).toEqual(found);
    for (let length = 0; length < hello.length; length++) {
      expect(readClientHello(hello.subarray(0, length))).toBe('more');
    }
    // The same message in records of seven bytes.
    const message = hello.subarray(5);
    const records: Buffer[] = [];
    for (let at = 0; at < message.length; at += 7) {
      const part = message.subarray(at, at + 7);
      records.push(Buffer.from([22, 3, 1, 0, part.length]), part);
    }
    expect(readClientHello(Buffer.concat(records))).toEqual(found);
  });

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'no'],
    ['another content', Buffer.from('170303000101', 'hex'), 'no'],
    ['another handshake message', Buffer.from('160301000402000000', 'hex'), 'no'],
    ['a length that does not fit', Buffer.from('16030100050100000199', 'hex'), 'no'],
    ['a message that is far too long', Buffer.from('160301000401ffffff', 'hex'), 'too-large'],
    ['less than the head of a record', Buffer.from('hi'), 'more'],
    ['the beginning of an alert', Buffer.from('1503010002', 'hex'), 'more'],
    ['another version', Buffer.from('1609010005', 'hex'), 'no'],
    ['SSL 2', Buffer.from('802e010301', 'hex'), 'no'],
  ])('%s is none', (_, bytes, expected) => {
    expect(readClientHello(bytes)).toBe(expected);
  });

  test('any bytes are answered', async () => {
    const hello = await clientHello('a.example.com', ['h2']);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(hello.length - 1),
        fc.nat(255),
        (random, at, byte) => {
          readClientHello(Buffer.from(random));
          const changed = Buffer.from(hello);
          changed[at] = byte;
          readClientHello(changed);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('HTTP by its first bytes', () => {
  test.each([
    ['GET / HTTP/1.1\r\n', 'http/1.1'],
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'http/1.1'],
    ['GET / HTTP/1.1\n', 'http/1.1'],
    ['POST /x HTTP/1.0\r\n', 'http/1.0'],
    ['\r\nGET / HTTP/1.1\r\n', 'no'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2c'],
    ['PRI * HTTP/2.0\r\n', 'more'],
    ['', 'more'],
    ['G', 'more'],
    ['GET / HTTP/1.1', 'more'],
    ['HELLO there\r\n', 'no'],
    ['\u0016\u0003\u0001', 'no'],
    ['{"json": 1}', 'no'],
    // Each of these was asked of Envoy 1.40.
    ['GETS / HTTP/1.1\r\n', 'http/1.1'],
    ['1 / HTTP/1.1\r\n', 'http/1.1'],
    ['GET\t/ HTTP/1.1 \r\n', 'http/1.1'],
    ['GET http://a?x HTTP/1.1\r\n', 'http/1.1'],
    ['CONNECT a:80 HTTP/1.1\r\n', 'http/1.1'],
    ['FOO /\r\n', 'http/1.0'],
    ['GET / HTTP/2.0\r\n', 'http/1.0'],
    ['hello', 'more'],
    ['GET x', 'more'],
    ['hello:', 'no'],
    ['GE(T', 'no'],
    ['hello\n', 'no'],
    ['HELO a.b\r\n', 'no'],
    ['GET a:80 HTTP/1.1\r\n', 'no'],
    ['GET 1x://b HTTP/1.1\r\n', 'no'],
    ['GET /a\u00ff HTTP/1.1\r\n', 'no'],
    ['GET / http/1.1\r\n', 'no'],
    ['GET / HTTP/1.10\r\n', 'no'],
    ['GET / HTTP/1.1 x\r\n', 'no'],
    [`GET /${'a'.repeat(70_000)}`, 'no'],
  ])('%j', (text, expected) => {
    expect(detectHttp(Buffer.from(text, 'latin1'))).toBe(expected);
  });
});

describe('the PROXY protocol', () => {
  const place = (ip: string, port: number) => ({ kind: 'ip' as const, ip, port });
  const pairs = [
    [place('10.0.0.1', 1234), place('10.0.0.2', 80)],
    [place('2001:db8::1', 1234), place('::1', 80)],
  ] as const;

  test.each(pairs)('what is written can be read: %j', (source, destination) => {
    for (const write of [writeV1, writeV2]) {
      const header = write(source, destination);
      expect(readProxyHeader(Buffer.concat([header, Buffer.from('rest')]))).toMatchObject({
        length: header.length,
        addresses: { source, destination },
      });
      for (let length = 0; length < header.length; length++) {
        expect(readProxyHeader(header.subarray(0, length))).toBe('more');
      }
    }
  });

  test('families that differ, and no addresses at all', () => {
    expect(String(writeV1(place('10.0.0.1', 1), place('::1', 2)))).toBe('PROXY UNKNOWN\r\n');
    expect(readProxyHeader(writeV2(undefined, undefined))).toMatchObject({
      version: 2,
      addresses: undefined,
    });
    expect(readProxyHeader(Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'))).toMatchObject({
      addresses: undefined,
    });
  });

  test.each([
    'PROXY TCP4 10.0.0.1 10.0.0.2 1234\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1234 80 9\r\n',
    'PROXY TCP4 10.0.0 10.0.0.2 1234 80\r\n',
    'PROXY TCP6 10.0.0.1 10.0.0.2 1234 80\r\n',
    'PROXY UDP4 10.0.0.1 10.0.0.2 1234 80\r\n',
    `PROXY TCP4 ${'1'.repeat(110)}`,
  ])('a bad header: %j', (text) => {
    expect(readProxyHeader(Buffer.from(text))).toBe('bad');
  });

  test('any bytes are answered', () => {
    const header = writeV2(...pairs[0]);
    fc.assert(
      fc.property(
        fc.nat(header.length - 1),
        fc.nat(255),
        fc.uint8Array({ maxLength: 64 }),
        (at, byte, more) => {
          const changed = Buffer.concat([header, more]);
          changed[at] = byte;
          readProxyHeader(changed);
          readProxyHeader(Buffer.from(more));
        },
      ),
      { numRuns: 300 },
    );
  });
});
