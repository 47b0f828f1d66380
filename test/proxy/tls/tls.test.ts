/** TLS that ends at listeners, and TLS that clusters begin. */

import { once } from 'node:events';
import {
  type AddressInfo,
  type Socket,
  connect as connectPlain,
  createServer as createPlain,
} from 'node:net';
import { type ConnectionOptions, type TLSSocket, type TlsOptions, connect, createServer } from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test } from 'vitest';
import { readProxyHeader } from '../../../src/proxy/listeners/proxy-protocol.ts';
import type { SecretSource } from '../../../src/proxy/tls/secrets.ts';
import {
  type Secret,
  SecretSchema,
} from '../../../src/xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import type { ConnectOptions } from '../../../src/proxy/upstream/types.ts';
import { freePort } from '../../peers/free-ports.ts';
import { chain, firstLine, listener, listenerFilter, testListeners } from '../listeners/listeners.ts';
import { ANY, lbEndpoint, staticCluster, statOf, testClusters } from '../upstream/clusters.ts';
import { authority, type Certificate } from './certificates.ts';

const CA = authority();
const OTHER_CA = authority('another authority');

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

const inline = (text: string) => ({ inline_string: text });
const pair = ({ cert, key }: Certificate) => ({ certificate_chain: inline(cert), private_key: inline(key) });

function tlsSocket(side: 'Upstream' | 'Downstream', context: JsonObject): JsonObject {
  return {
    name: 'tls',
    typed_config: {
      '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`,
      ...context,
    },
  };
}

describe('TLS that ends at a listener', () => {
  const site = CA.issue(['a.example.com', '*.wild.example.com']);
  const second = CA.issue(['b.example.com']);
  const ends = (common: JsonObject, more: JsonObject = {}) => ({
    transport_socket: tlsSocket('Downstream', { common_tls_context: common, ...more }),
  });

  async function greet(
    port: number,
    options: ConnectionOptions,
  ): Promise<{ line: string; socket: TLSSocket }> {
    const socket = connect({ port, host: '127.0.0.1', ca: CA.cert, ...options });
    open.push(socket);
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    socket.on('error', (error) => resolve(`error ${error.message}`));
    socket.on('close', () => resolve('closed'));
    return { line: await promise, socket };
  }

  test('chooses the certificate by the server name, and a protocol that both have', async () => {
    await using listeners = testListeners();
    const common = { tls_certificates: [pair(site), pair(second)], alpn_protocols: ['h2', 'http/1.1'] };
    await listeners.put(listener([chain('tls', undefined, ends(common))]));
    const port = listeners.port();
    const a = await greet(port, { servername: 'a.example.com', ALPNProtocols: ['http/1.1', 'h2'] });
    expect(a.line).toBe('tls');
    expect(a.socket.alpnProtocol).toBe('h2');
    const b = await greet(port, { servername: 'b.example.com' });
    expect(b.socket.getPeerX509Certificate()?.subjectAltName).toBe('DNS:b.example.com');
    const wild = await greet(port, { servername: 'x.wild.example.com', ALPNProtocols: ['other'] });
    expect(wild.line).toBe('tls');
    expect(wild.socket.alpnProtocol).toBe(false);
    expect(listeners.connections.map(({ sni, alpn, tls }) => [sni, alpn, tls])).toEqual([
      ['a.example.com', 'h2', true],
      ['b.example.com', '', true],
      ['x.wild.example.com', '', true],
    ]);
    expect(statOf(listeners.store, 'listener.127.0.0.1_0.ssl.handshake')).toBe(3);
  });

  test('chooses the chain by the server name', async () => {
    await using listeners = testListeners();
    await listeners.put(
      listener(
        [
          chain('a', { server_names: ['a.example.com'] }, ends({ tls_certificates: [pair(site)] })),
          chain('passthrough', { server_names: ['*.other.com'] }),
        ],
        { listener_filters: [listenerFilter('tls_inspector')] },
      ),
    );
    expect((await greet(listeners.port(), { servername: 'a.example.com' })).line).toBe('a');
    expect((await greet(listeners.port(), { servername: 'b.example.com' })).line).not.toBe('a');
    expect(statOf(listeners.store, 'listener.127.0.0.1_0.no_filter_chain_match')).toBe(1);
    expect(await firstLine(listeners.port(), 'no TLS at all\n')).toBe('closed');
  });

  test.each([
    ['no certificate', {}, 'fail_verify_no_cert'],
    ['one of another authority', OTHER_CA.issue(['spiffe://mesh/client']), 'fail_verify_error'],
    ['one for another name', CA.issue(['spiffe://mesh/other']), 'fail_verify_san'],
    [
      'one that has run out',
      CA.issue(['spiffe://mesh/client'], { notAfter: new Date(Date.now() - 1000) }),
      'fail_verify_error',
    ],
  ])('refuses clients with %s', async (_, certificate, stat) => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('mutual', undefined, mutual())]));
    const { line } = await greet(listeners.port(), { servername: 'a.example.com', ...certificate });
    expect(line).not.toBe('mutual');
    expect(listeners.connections).toEqual([]);
    expect(statOf(listeners.store, `listener.127.0.0.1_0.ssl.${stat}`)).toBe(1);
  });

  test('lets clients in whose certificate is as it should be', async () => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('mutual', undefined, mutual())]));
    const client = CA.issue(['spiffe://mesh/client']);
    expect((await greet(listeners.port(), { servername: 'a.example.com', ...client })).line).toBe('mutual');
  });

  function mutual() {
    const uri = { san_type: 'URI', matcher: { exact: 'spiffe://mesh/client' } };
    return ends(
      {
        tls_certificates: [pair(site)],
        validation_context: { trusted_ca: inline(CA.cert), match_typed_subject_alt_names: [uri] },
      },
      { require_client_certificate: true },
    );
  }

  test('closes clients that do not shake hands in time', async () => {
    await using listeners = testListeners();
    const patient = {
      ...ends({ tls_certificates: [pair(site)] }),
      transport_socket_connect_timeout: '0.03s',
    };
    await listeners.put(listener([chain('tls', undefined, patient)]));
    expect(await firstLine(listeners.port())).toBe('closed');
    const half = connectPlain({ port: listeners.port(), host: '127.0.0.1' });
    open.push(half);
    half.write(Buffer.from('160301', 'hex'));
    half.on('error', () => undefined);
    await once(half, 'close');
  });

  test.each([
    [
      'a file that is not there',
      { tls_certificates: [{ certificate_chain: { filename: '/nowhere.pem' }, private_key: inline('') }] },
      /certificate_chain.filename: ENOENT/,
    ],
    [
      'a key of another certificate',
      { tls_certificates: [{ ...pair(site), private_key: inline(second.key) }] },
      /key values mismatch/,
    ],
    [
      'what is no certificate',
      { tls_certificates: [{ certificate_chain: inline('x'), private_key: inline(site.key) }] },
      /no certificate in PEM/,
    ],
    [
      'secrets without a source of them',
      { tls_certificate_sds_secret_configs: [{ name: 's' }] },
      /secret "s" by name/,
    ],
  ])('refuses %s, and shows nothing of the key', async (_, common, message) => {
    await using listeners = testListeners();
    const put = listeners.put(listener([chain('tls', undefined, ends(common))]));
    await expect(put).rejects.toThrow(message);
    await expect(put).rejects.not.toThrow(/PRIVATE/);
  });
});

describe('certificates by name', () => {
  const secret = (certificate: Certificate, name = 's') =>
    messageFromJson(SecretSchema, { name, tls_certificate: pair(certificate) });

  /** Secrets that the test hands out. */
  function source() {
    const listeners = new Map<string, (secret: Secret) => void>();
    /** Ends the wait for a secret that does not come. */
    const giveUp = new Map<string, () => void>();
    const secrets: SecretSource = {
      subscribe: (name, _, onSecret) => {
        const warm = Promise.withResolvers<void>();
        giveUp.set(name, warm.resolve);
        listeners.set(name, onSecret);
        return { warm: warm.promise, release: () => void listeners.delete(name) };
      },
    };
    return { secrets, listeners, giveUp, give: (one: Secret) => listeners.get(one.name)?.(one) };
  }

  const named = { tls_certificate_sds_secret_configs: [{ name: 's', sds_config: { ads: {} } }] };
  const tlsChain = chain('tls', undefined, {
    transport_socket: tlsSocket('Downstream', { common_tls_context: named }),
  });

  test('a listener waits for them, takes new ones, and keeps the last good one', async () => {
    const { secrets, listeners: waiting, give } = source();
    await using listeners = testListeners({ secrets });
    const put = listeners.put(listener([tlsChain]));
    expect(listeners.manager.active).toEqual([]);
    give(secret(CA.issue(['one.example'])));
    await put;
    const shown = async () => {
      const socket = connect({ port: listeners.port(), host: '127.0.0.1', rejectUnauthorized: false });
      open.push(socket);
      await once(socket, 'secureConnect');
      return socket.getPeerX509Certificate()?.subjectAltName;
    };
    expect(await shown()).toBe('DNS:one.example');
    give(secret(CA.issue(['two.example'])));
    expect(await shown()).toBe('DNS:two.example');
    const [a, b] = [CA.issue(['three.example']), CA.issue(['four.example'])];
    expect(() => give(secret({ cert: a.cert, key: b.key }))).toThrow(/key values mismatch/);
    expect(await shown()).toBe('DNS:two.example');
    listeners.manager.close();
    expect(waiting.size).toBe(0);
  });

  test('one that does not come keeps its connections shut, and nothing else; of several one is enough', async () => {
    const { secrets, give, giveUp } = source();
    const byNames = (...names: string[]) =>
      tlsSocket('Downstream', {
        common_tls_context: {
          tls_certificate_sds_secret_configs: names.map((name) => ({ name, sds_config: { ads: {} } })),
        },
      });
    const trusting = tlsSocket('Downstream', {
      common_tls_context: {
        tls_certificate_sds_secret_configs: [{ name: 'good', sds_config: { ads: {} } }],
        combined_validation_context: {
          default_validation_context: {},
          validation_context_sds_secret_config: { name: 'whom-to-trust', sds_config: { ads: {} } },
        },
      },
    });
    const chains = Object.entries({
      gone: byNames('gone'),
      some: byNames('lost', 'there'),
      trusting,
    }).map(([name, socket]) =>
      chain(name, { server_names: [`${name}.example`] }, { transport_socket: socket }),
    );
    await using listeners = testListeners({ secrets });
    const put = listeners.put(
      listener(chains, {
        listener_filters: [listenerFilter('tls_inspector')],
      }),
    );
    for (const name of ['there', 'good']) give(secret(CA.issue(['some.example']), name));
    expect(listeners.manager.active).toEqual([]);
    for (const name of ['gone', 'lost', 'whom-to-trust']) giveUp.get(name)?.();
    await put;
    const outcome = async (name: string) => {
      const socket = connect({
        port: listeners.port(),
        host: '127.0.0.1',
        servername: `${name}.example`,
        rejectUnauthorized: false,
      });
      open.push(socket);
      return Promise.race([
        once(socket, 'secureConnect').then(() => 'open'),
        once(socket, 'error').then(() => 'shut'),
      ]).catch(() => 'shut');
    };
    expect(await outcome('gone')).toBe('shut');
    expect(await outcome('trusting')).toBe('shut');
    expect(await outcome('some')).toBe('open');
  });

  test('a cluster waits for them', async () => {
    const { secrets, give } = source();
    const clusters = testClusters({ secrets });
    clusters.put(
      staticCluster([{ port: 1 }], {
        transport_socket: tlsSocket('Upstream', { common_tls_context: named }),
      }),
    );
    expect(clusters.manager.get('c')).toBeUndefined();
    give(secret(CA.issue(['client'])));
    await clusters.manager.warm('c');
    expect(clusters.get('c').settings.tls).toBe(true);
  });
});

describe('TLS to endpoints', () => {
  async function server(
    options: TlsOptions,
    onSocket: (socket: TLSSocket) => void = () => undefined,
  ): Promise<number> {
    const tls = createServer(options, (socket) => {
      open.push(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
      socket.end(
        `${JSON.stringify([socket.authorized, Reflect.get(socket, 'servername'), socket.alpnProtocol])}\n`,
      );
    });
    tls.on('tlsClientError', () => undefined);
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    open.push({ destroy: () => tls.close() });
    return (tls.address() as AddressInfo).port;
  }

  /** What the endpoint says, or why it was not asked. */
  async function ask(cluster: JsonObject, options: Partial<ConnectOptions> = {}): Promise<unknown> {
    const clusters = testClusters();
    clusters.put(cluster);
    const found = clusters.get('c');
    const host = found.choose(ANY);
    if (host === undefined) throw new Error('no endpoint');
    const socket = found.connect(host, { alpn: [], ...options });
    open.push(socket);
    return answer(socket);
  }

  async function answer(socket: Socket): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('end', () => resolve(text === '' ? 'closed' : (JSON.parse(text) as unknown)));
    socket.on('error', (error) => resolve(error.message));
    return promise;
  }

  const site = CA.issue(['svc.example.com']);
  const trust = (more: JsonObject = {}) => ({ validation_context: { trusted_ca: inline(CA.cert), ...more } });
  const over = (port: number, context: JsonObject, more: JsonObject = {}) =>
    staticCluster([{ port }], { transport_socket: tlsSocket('Upstream', context), ...more });

  test('sends the server name and protocols that it is told', async () => {
    const port = await server({ ...site, ALPNProtocols: ['h2', 'http/1.1'] });
    const context = { sni: 'svc.example.com', common_tls_context: trust() };
    expect(await ask(over(port, context), { alpn: ['h2'] })).toEqual([false, 'svc.example.com', 'h2']);
    const fixed = { ...context, common_tls_context: { ...trust(), alpn_protocols: ['http/1.1'] } };
    expect(await ask(over(port, fixed), { alpn: ['h2'] })).toEqual([false, 'svc.example.com', 'http/1.1']);
  });

  test('shows its certificate', async () => {
    const port = await server({ ...site, ca: CA.cert, requestCert: true, rejectUnauthorized: true });
    const client = CA.issue(['spiffe://mesh/client']);
    const context = { common_tls_context: { ...trust(), tls_certificates: [pair(client)] } };
    expect(await ask(over(port, context))).toEqual([true, false, false]);
  });

  test.each([
    [
      'an authority that is not trusted',
      OTHER_CA.issue(['svc.example.com']),
      {},
      /self-signed|unable to (verify|get)/,
    ],
    [
      'another name',
      CA.issue(['other.example.com']),
      { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'svc.example.com' } }] },
      /SAN/,
    ],
  ])('refuses endpoints with a certificate of %s', async (_, certificate, more, message) => {
    const port = await server(certificate);
    expect(await ask(over(port, { common_tls_context: trust(more) }))).toMatch(message);
  });

  test('without an authority it trusts anyone, as Envoy does', async () => {
    const port = await server(OTHER_CA.issue(['any']));
    expect(await ask(over(port, {}))).toEqual([false, false, false]);
  });

  test('takes server name and wanted name from the request', async () => {
    const options = { upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true } };
    const good = await server(site);
    const authorityOf = { authority: 'svc.example.com:443' };
    expect(await ask(over(good, { common_tls_context: trust() }, options), authorityOf)).toEqual([
      false,
      'svc.example.com',
      false,
    ]);
    const other = { authority: 'other.example.com' };
    expect(await ask(over(good, { common_tls_context: trust() }, options), other)).toMatch(/SAN/);
  });

  test('an endpoint that is not there is an error of the socket', async () => {
    const context = { common_tls_context: trust() };
    expect(await ask(over(await freePort(), context))).toMatch(/ECONNREFUSED/);
  });

  test('endpoints choose their transport by their metadata', async () => {
    const tlsPort = await server(site);
    const plain = createPlain((socket) => socket.end('"plain"\n')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    open.push({ destroy: () => plain.close() });
    const matches = [
      {
        name: 'tls',
        match: { tls: true },
        transport_socket: tlsSocket('Upstream', { common_tls_context: trust() }),
      },
    ];
    const endpoint = (port: number, metadata: JsonObject) => ({
      ...lbEndpoint({ port }),
      metadata: { filter_metadata: metadata },
    });
    const cluster = (one: JsonObject) => ({
      name: 'c',
      transport_socket_matches: matches,
      load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [one] }] },
    });
    const secured = endpoint(tlsPort, { 'envoy.transport_socket_match': { tls: true } });
    expect(await ask(cluster(secured))).toEqual([false, false, false]);
    expect(await ask(cluster(endpoint((plain.address() as AddressInfo).port, {})))).toBe('plain');
  });

  test.each([['V1' as const], ['V2' as const]])(
    'the PROXY protocol goes ahead of TLS, %s',
    async (version) => {
      const tls = createServer(site, (socket) => socket.end('"secured"\n'));
      const seen = Promise.withResolvers<unknown>();
      const plain = createPlain((socket) => {
        open.push(socket);
        socket.once('readable', () => {
          const bytes = socket.read() as Buffer;
          const header = readProxyHeader(bytes);
          if (typeof header === 'string') return seen.resolve(header);
          seen.resolve(header.addresses);
          socket.unshift(bytes.subarray(header.length));
          tls.emit('connection', socket);
        });
      }).listen(0, '127.0.0.1');
      await once(plain, 'listening');
      open.push({ destroy: () => plain.close() });
      const cluster = staticCluster([{ port: (plain.address() as AddressInfo).port }], {
        transport_socket: {
          name: 'proxy',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
            config: { version },
            transport_socket: tlsSocket('Upstream', { common_tls_context: trust() }),
          },
        },
      });
      const downstream = {
        source: { kind: 'ip', ip: '10.0.0.1', port: 1234 },
        destination: { kind: 'ip', ip: '10.0.0.2', port: 80 },
      } as const;
      expect(await ask(cluster, { downstream })).toBe('secured');
      expect(await seen.promise).toEqual(downstream);
    },
  );
});
