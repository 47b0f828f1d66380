import { describe, expect, it } from 'vitest';
import { findingsOn, placesOn } from './check-spec.ts';

const PORT = { number: 80, name: 'web', protocol: 'HTTP' };
const TLS_PORT = { number: 443, name: 'web', protocol: 'HTTPS' };

const server = (fields: object): object => ({
  servers: [{ port: PORT, hosts: ['shop.example.com'], ...fields }],
});

describe('a Gateway', () => {
  it('with one plain server is sound', async () => {
    expect(await placesOn('Gateway', server({}))).toEqual([]);
  });

  it.each([
    ['no spec', undefined, ['Error spec']],
    ['no servers', {}, ['Error spec.servers']],
    ['an empty list of servers', { servers: [] }, ['Error spec.servers']],
    ['a server without hosts', server({ hosts: [] }), ['Error spec.servers[0].hosts']],
    ['a server without a port', { servers: [{ hosts: ['a.b'] }] }, ['Error spec.servers[0].port']],
    ['a mistyped field', server({ prot: {} }), ['Error spec.servers[0].prot']],
  ])('with %s is refused there', async (_, spec, places) => {
    const found = await placesOn('Gateway', spec);
    expect(found.map((place) => places.some((one) => place.startsWith(one)))).not.toContain(false);
    expect(found.length).toBeGreaterThan(0);
  });

  it('has a DNS label for a name, unless a controller made it', async () => {
    expect(await placesOn('Gateway', server({}), { name: 'a.b' })).toEqual(['Error metadata.name']);
    const annotations = { 'internal.istio.io/gateway-semantics': 'gateway' };
    expect(await placesOn('Gateway', server({ hosts: ['~/a.b'] }), { name: 'a.b', annotations })).toEqual([]);
  });

  it('has unique names of ports', async () => {
    const twice = {
      servers: [
        { port: PORT, hosts: ['a.b'] },
        { port: { ...PORT, number: 81 }, hosts: ['c.d'] },
      ],
    };
    expect(await placesOn('Gateway', twice)).toEqual(['Error spec.servers[1].port.name']);
  });
});

describe('a host of a gateway', () => {
  it.each(['*', 'a.b', '*.a.b', 'ns/a.b', './a.b', '*/*', 'ns/*', '10.0.0.1', 'ns/10.0.0.1', 'a.b.'])(
    'may be %s',
    async (host) => {
      expect(await placesOn('Gateway', server({ hosts: [host] }))).toEqual([]);
    },
  );

  it.each([
    '',
    'short',
    '*a.b',
    'a.*.b',
    '*-a.b',
    'a_b.c',
    'a.1',
    '~/a.b',
    '/a.b',
    'ns/',
    'n_s/a.b',
    'ns/a/b',
    '::1',
  ])('may not be %j', async (host) => {
    expect(await placesOn('Gateway', server({ hosts: [host] }))).toEqual(['Error spec.servers[0].hosts[0]']);
  });
});

describe('the port of a gateway', () => {
  it.each([
    [{ ...PORT, protocol: 'grpc-web' }, []],
    [{ ...PORT, protocol: 'HTP' }, ['Error spec.servers[0].port.protocol']],
    [{ ...PORT, protocol: '' }, ['Error spec.servers[0].port.protocol']],
    [{ ...PORT, number: 0 }, ['Error spec.servers[0].port.number']],
    [{ ...PORT, number: 65536 }, ['Error spec.servers[0].port.number']],
    [{ ...PORT, name: '' }, ['Error spec.servers[0].port.name']],
    [{ ...PORT, targetPort: 8080 }, ['Error spec.servers[0].port.targetPort']],
  ])('%o', async (port, places) => {
    expect(await placesOn('Gateway', server({ port }))).toEqual(places);
  });

  it('has a hint when its protocol is mistyped', async () => {
    const [finding] = await findingsOn('Gateway', server({ port: { ...PORT, protocol: 'HTPS' } }));
    expect(finding?.hint).toContain('HTTPS');
  });

  it.each([
    ['10.0.0.1', 80, []],
    ['::', 80, []],
    ['unix:///run/gw.sock', 0, []],
    ['unix://@gw', 0, []],
    ['gw.example.com', 80, ['Error spec.servers[0].bind']],
    ['unix://gw', 0, ['Error spec.servers[0].bind']],
    ['unix:///run/', 0, ['Error spec.servers[0].bind']],
    ['unix://', 0, ['Error spec.servers[0].bind']],
    ['unix:///run/gw.sock', 80, ['Error spec.servers[0].port.number']],
    ['10.0.0.1', 0, ['Error spec.servers[0].port.number']],
  ])('bound to %s has number %i', async (bind, number, places) => {
    expect(await placesOn('Gateway', server({ bind, port: { ...PORT, number } }))).toEqual(places);
  });
});

describe('the TLS settings of a gateway', () => {
  const withTls = (tls: unknown, port: unknown = TLS_PORT): object => server({ port, tls });
  const FILES = { serverCertificate: '/crt', privateKey: '/key' };

  it.each([
    ['HTTPS', undefined, ['Error spec.servers[0]']],
    ['TLS', undefined, ['Error spec.servers[0]']],
    ['HTTPS', { mode: 'SIMPLE', credentialName: 'web' }, []],
    ['TLS', { mode: 'PASSTHROUGH' }, []],
    ['HTTP', { httpsRedirect: true }, []],
    ['HTTP', { mode: 'SIMPLE', credentialName: 'web' }, ['Error spec.servers[0].tls']],
    [
      'HTTP',
      { httpsRedirect: true, caCertificates: '/ca' },
      ['Error spec.servers[0].tls', 'Warning spec.servers[0].tls.caCertificates'],
    ],
    ['TCP', { mode: 'PASSTHROUGH' }, ['Error spec.servers[0].tls']],
    [
      'HTTPS',
      { mode: 'SIMPLE', credentialName: 'web', httpsRedirect: true },
      ['Warning spec.servers[0].tls.httpsRedirect'],
    ],
  ])('on a port of protocol %s: %o', async (protocol, tls, places) => {
    expect(await placesOn('Gateway', withTls(tls, { ...TLS_PORT, protocol }))).toEqual(places);
  });

  it.each([
    [{ mode: 'SIMPLE', ...FILES }, []],
    [{ mode: 'SIMPLE', credentialNames: ['rsa', 'ecdsa'] }, []],
    [{ mode: 'SIMPLE', tlsCertificates: [FILES, FILES] }, []],
    [{ mode: 'MUTUAL', ...FILES, caCertificates: '/ca', caCrl: '/crl' }, []],
    [{ mode: 'MUTUAL', credentialName: 'web' }, []],
    [{ mode: 'OPTIONAL_MUTUAL', ...FILES, caCertificates: '/ca' }, []],
    [{ mode: 'ISTIO_MUTUAL' }, []],
    [{ mode: 'AUTO_PASSTHROUGH' }, []],
    [{ mode: 'SIMPLE', serverCertificate: '/crt' }, ['Error spec.servers[0].tls']],
    [{ mode: 'SIMPLE', privateKey: '/key' }, ['Error spec.servers[0].tls']],
    [
      { mode: 'SIMPLE', tlsCertificates: [FILES, { privateKey: '/key' }] },
      ['Error spec.servers[0].tls.tlsCertificates[1]'],
    ],
    [
      { mode: 'SIMPLE', tlsCertificates: [FILES, FILES, FILES] },
      ['Error spec.servers[0].tls.tlsCertificates'],
    ],
    [{ mode: 'MUTUAL', ...FILES }, ['Error spec.servers[0].tls']],
    [{ mode: 'OPTIONAL_MUTUAL', ...FILES }, ['Error spec.servers[0].tls']],
    [{ mode: 'SIMPLE', ...FILES, caCrl: '/crl' }, ['Error spec.servers[0].tls.caCrl']],
    [{ mode: 'SIMPLE', ...FILES, credentialName: 'web' }, ['Error spec.servers[0].tls']],
    [{ mode: 'SIMPLE', credentialName: 'web', credentialNames: ['web'] }, ['Error spec.servers[0].tls']],
    [{ mode: 'SIMPLE', credentialNames: ['web'], tlsCertificates: [FILES] }, ['Error spec.servers[0].tls']],
    [{ mode: 'SIMPLE', credentialName: 'web', tlsCertificates: [FILES] }, ['Error spec.servers[0].tls']],
    [
      { mode: 'SIMPLE', credentialNames: [] },
      expect.arrayContaining(['Error spec.servers[0].tls.credentialNames']),
    ],
    [{ mode: 'ISTIO_MUTUAL', credentialName: 'web' }, ['Error spec.servers[0].tls.credentialName']],
    [{ mode: 'ISTIO_MUTUAL', privateKey: '/key' }, ['Error spec.servers[0].tls.privateKey']],
    [{ mode: 'ISTIO_MUTUAL', caCertificates: '/ca' }, ['Error spec.servers[0].tls.caCertificates']],
    [{ mode: 'PASSTHROUGH', credentialName: 'web' }, ['Warning spec.servers[0].tls.credentialName']],
    [{ caCrl: '/crl' }, ['Warning spec.servers[0].tls.caCrl']],
    [{ credentialName: 'web', caCrl: '/crl' }, expect.arrayContaining(['Error spec.servers[0].tls.caCrl'])],
    [{ mode: 'SOME' }, expect.arrayContaining(['Error spec.servers[0].tls.mode'])],
  ])('%o', async (tls, places) => {
    expect(await placesOn('Gateway', withTls(tls))).toEqual(places);
  });

  it.each([
    [{ cipherSuites: ['AES128-SHA', 'ALL', '-AES256-SHA', ''] }, []],
    [{ cipherSuites: ['AES1-SHA'] }, ['Warning spec.servers[0].tls.cipherSuites[0]']],
    [{ cipherSuites: ['AES128-SHA', 'AES128-SHA'] }, ['Warning spec.servers[0].tls.cipherSuites[1]']],
    [{ minProtocolVersion: 'TLSV1_1' }, ['Warning spec.servers[0].tls.minProtocolVersion']],
    [{ minProtocolVersion: 'TLSV1_1', cipherSuites: ['AES128-SHA'] }, []],
    [{ minProtocolVersion: 'TLSV1_3' }, []],
    [{ minProtocolVersion: 'TLSV1_4' }, ['Error spec.servers[0].tls.minProtocolVersion']],
  ])('with ciphers: %o', async (ciphers, places) => {
    expect(await placesOn('Gateway', withTls({ mode: 'SIMPLE', credentialName: 'web', ...ciphers }))).toEqual(
      places,
    );
  });
});
