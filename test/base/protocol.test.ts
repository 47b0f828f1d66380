import { describe, expect, it } from 'vitest';
import { isHttp, isHttp2, isTcp, isTls, parseProtocol, protocolOfPort } from '../../src/base/protocol.ts';

describe('the name of a protocol', () => {
  it.each([
    ['http', 'HTTP'],
    ['HTTP', 'HTTP'],
    ['grpc-web', 'GRPC-Web'],
    ['GRPC-Web', 'GRPC-Web'],
    ['http_proxy', 'HTTP_PROXY'],
    ['mongo', 'Mongo'],
    ['mysql', 'MySQL'],
    ['', undefined],
    ['hbone', undefined],
    ['toString', undefined],
    ['sctp', undefined],
  ])('%j means %s', (name, expected) => {
    expect(parseProtocol(name)).toBe(expected);
  });

  it.each([
    ['HTTP', true, false, false, false],
    ['HTTP2', true, true, false, false],
    ['GRPC', true, true, false, false],
    ['HTTPS', false, false, true, true],
    ['TLS', false, false, true, true],
    ['TCP', false, false, true, false],
    ['Redis', false, false, true, false],
    ['UDP', false, false, false, false],
    ['', false, false, false, false],
  ])('%j is HTTP: %s, HTTP/2: %s, TCP: %s, TLS: %s', (name, http, http2, tcp, tls) => {
    const protocol = parseProtocol(name);
    expect([isHttp(protocol), isHttp2(protocol), isTcp(protocol), isTls(protocol)]).toEqual([
      http,
      http2,
      tcp,
      tls,
    ]);
  });
});

describe('the port of a Service', () => {
  it.each([
    [{ name: 'http' }, 'HTTP'],
    [{ name: 'http-admin' }, 'HTTP'],
    [{ name: 'HTTP2-x' }, 'HTTP2'],
    [{ name: 'grpc-web' }, 'GRPC-Web'],
    [{ name: 'grpc-web-x' }, 'GRPC-Web'],
    [{ name: 'grpc-x' }, 'GRPC'],
    [{ name: 'httpx' }, undefined],
    [{ name: 'web' }, undefined],
    [{}, undefined],
    [{ name: 'web', number: 3306 }, 'TCP'],
    [{ name: 'http', number: 3306 }, 'HTTP'],
    [{ name: 'http', transport: 'UDP' }, 'UDP'],
    [{ name: 'tcp', appProtocol: 'https' }, 'HTTPS'],
    [{ name: 'http', appProtocol: 'example.com/own' }, undefined],
    [{ name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'HTTP2'],
    [{ name: 'http', appProtocol: 'kubernetes.io/ws' }, 'HTTP'],
    [{ name: 'http', appProtocol: 'kubernetes.io/wss' }, 'HTTPS'],
  ])('%o speaks %s', (port, expected) => {
    expect(protocolOfPort(port)).toBe(expected);
  });
});
