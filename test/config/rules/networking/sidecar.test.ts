import { describe, expect, it } from 'vitest';
import { placesOn } from './check-spec.ts';

const HTTP = { number: 9080, name: 'http', protocol: 'HTTP' };
const ALL = { hosts: ['*/*'] };

describe('a Sidecar', () => {
  it.each([
    [{ egress: [ALL] }, []],
    [{ ingress: [{ port: HTTP }] }, []],
    [{ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } }, []],
    [{ inboundConnectionPool: { tcp: { maxConnections: 10 } } }, []],
    [{ workloadSelector: { labels: { app: 'a' } }, egress: [ALL] }, []],
    [{ workloadSelector: { labels: {} }, egress: [ALL] }, ['Warning spec.workloadSelector']],
    [
      { workloadSelector: { labels: { 'a*': 'b' } }, egress: [ALL] },
      ['Error spec.workloadSelector.labels["a*"]'],
    ],
    [{}, ['Error spec']],
    [{ egress: [], ingress: [] }, ['Error spec']],
    [undefined, ['Error spec']],
  ])('%o', async (spec, places) => {
    expect(await placesOn('Sidecar', spec)).toEqual(places);
  });
});

describe('an inbound listener', () => {
  const at = (field: string): string => `Error spec.ingress[0].${field}`;

  it.each([
    [{ port: HTTP, bind: '10.0.0.1', captureMode: 'NONE', defaultEndpoint: '127.0.0.1:8080' }, []],
    [{ port: { number: 9080 } }, []],
    [{}, [at('port')]],
    [{ port: { protocol: 'HTTP' } }, [at('port.number')]],
    [{ port: { ...HTTP, number: 70000 } }, [at('port.number')]],
    [{ port: { ...HTTP, name: 'a.b' } }, [at('port.name')]],
    [{ port: { ...HTTP, protocol: 'HTP' } }, [at('port.protocol')]],
    [{ port: { ...HTTP, targetPort: 1 } }, [at('port.targetPort')]],
    [{ port: HTTP, bind: 'unix:///sock' }, [at('bind')]],
    [{ port: HTTP, bind: 'localhost' }, [at('bind')]],
    [{ port: HTTP, captureMode: 'SOME' }, [at('captureMode')]],
  ])('%o', async (listener, places) => {
    expect(await placesOn('Sidecar', { ingress: [listener] })).toEqual(places);
  });

  it('has a port of its own', async () => {
    expect(await placesOn('Sidecar', { ingress: [{ port: HTTP }, { port: { number: 9080 } }] })).toEqual([
      'Error spec.ingress[1].port.number',
    ]);
  });

  it.each([
    ':80',
    '127.0.0.1:80',
    '0.0.0.0:80',
    '[::1]:80',
    '[::]:80',
    'unix:///run/app.sock',
    'unix://@app',
    '',
  ])('may forward to %j', async (defaultEndpoint) => {
    expect(await placesOn('Sidecar', { ingress: [{ port: HTTP, defaultEndpoint }] })).toEqual([]);
  });

  it.each([
    '80',
    '127.0.0.1',
    '10.0.0.1:80',
    'localhost:80',
    '::1:80',
    ':http',
    ':0',
    ':65536',
    'unix://app',
    'unix:///run/',
  ])('may not forward to %j', async (defaultEndpoint) => {
    expect(await placesOn('Sidecar', { ingress: [{ port: HTTP, defaultEndpoint }] })).toEqual([
      at('defaultEndpoint'),
    ]);
  });

  it.each([
    ['HTTPS', { mode: 'SIMPLE', serverCertificate: '/crt', privateKey: '/key' }, []],
    ['HTTP', { mode: 'SIMPLE', serverCertificate: '/crt', privateKey: '/key' }, [at('tls')]],
    ['TLS', { mode: 'SIMPLE', privateKey: '/key' }, [at('tls')]],
    ['TLS', { mode: 'ISTIO_MUTUAL' }, [at('tls.mode')]],
    ['TLS', { mode: 'AUTO_PASSTHROUGH' }, [at('tls.mode')]],
    ['TLS', { mode: 'SIMPLE', credentialName: 'web' }, [at('tls.credentialName')]],
    ['TLS', { mode: 'SIMPLE', credentialNames: ['web'] }, [at('tls.credentialNames')]],
    [
      'TLS',
      { mode: 'SIMPLE', tlsCertificates: [{ serverCertificate: '/crt', privateKey: '/key' }] },
      [at('tls.tlsCertificates')],
    ],
    ['TLS', { httpsRedirect: true }, [at('tls.httpsRedirect')]],
    ['TLS', { subjectAltNames: ['a'] }, [at('tls.subjectAltNames')]],
  ])('of protocol %s has TLS settings %o', async (protocol, tls, places) => {
    expect(await placesOn('Sidecar', { ingress: [{ port: { ...HTTP, protocol }, tls }] })).toEqual(places);
  });

  it.each([
    ['HTTP', { http: { maxRetries: 1 } }, []],
    ['TCP', { tcp: { maxConnections: 1 } }, []],
    ['TCP', { http: { maxRetries: 1 } }, ['Warning spec.ingress[0].connectionPool.http']],
    [undefined, { http: { maxRetries: 1 } }, ['Warning spec.ingress[0].connectionPool.http']],
    ['HTTP', {}, [at('connectionPool')]],
  ])('of protocol %s has limits %o', async (protocol, connectionPool, places) => {
    const port = { number: 9080, ...(protocol === undefined ? {} : { protocol }) };
    expect(await placesOn('Sidecar', { ingress: [{ port, connectionPool }] })).toEqual(places);
  });
});

describe('limits on connections', () => {
  it.each([
    ['tcp', { maxConnections: 0, connectTimeout: '1ms', maxConnectionDuration: '1h', idleTimeout: '0s' }, []],
    ['tcp', { tcpKeepalive: { probes: 3, time: '2h', interval: '75s' } }, []],
    ['tcp', { maxConnections: -1 }, ['maxConnections']],
    ['tcp', { connectTimeout: '0.5ms' }, ['connectTimeout']],
    ['tcp', { connectTimeout: 'soon' }, ['connectTimeout']],
    ['tcp', { maxConnectionDuration: '0s' }, ['maxConnectionDuration']],
    ['tcp', { idleTimeout: '1.5ms' }, ['idleTimeout']],
    ['tcp', { tcpKeepalive: { time: '0s' } }, ['tcpKeepalive.time']],
    ['tcp', { tcpKeepalive: { interval: '-1s' } }, ['tcpKeepalive.interval']],
    [
      'http',
      { idleTimeout: '1s', h2UpgradePolicy: 'UPGRADE', http2KeepAlive: { interval: '1s', timeout: '1s' } },
      [],
    ],
    ['http', { http1MaxPendingRequests: -1 }, ['http1MaxPendingRequests']],
    ['http', { http2MaxRequests: -1 }, ['http2MaxRequests']],
    ['http', { maxRequestsPerConnection: -1 }, ['maxRequestsPerConnection']],
    ['http', { maxRetries: -1 }, ['maxRetries']],
    ['http', { maxConcurrentStreams: -1 }, ['maxConcurrentStreams']],
    ['http', { idleTimeout: '0s' }, ['idleTimeout']],
    ['http', { h2UpgradePolicy: 'UPGRADE', useClientProtocol: true }, ['useClientProtocol']],
    ['http', { h2UpgradePolicy: 'DEFAULT', useClientProtocol: true }, []],
    ['http', { http2KeepAlive: { timeout: '1s' } }, ['http2KeepAlive.interval']],
    ['http', { http2KeepAlive: { interval: '1s' } }, ['http2KeepAlive.timeout']],
    [
      'http',
      { http2KeepAlive: { interval: '0s', timeout: '1us' } },
      ['http2KeepAlive.interval', 'http2KeepAlive.timeout'],
    ],
  ])('of %s: %o', async (field, limits, places) => {
    expect(await placesOn('Sidecar', { inboundConnectionPool: { [field]: limits } })).toEqual(
      places.map((place) => `Error spec.inboundConnectionPool.${field}.${place}`),
    );
  });
});

describe('an outbound listener', () => {
  const at = (field: string): string => `Error spec.egress[0].${field}`;
  const UNIX = { number: 0, protocol: 'HTTP' };

  it.each([
    [{ ...ALL, port: HTTP, bind: '127.0.0.1', captureMode: 'IPTABLES' }, []],
    [{ ...ALL, port: UNIX, bind: 'unix:///run/out.sock', captureMode: 'NONE' }, []],
    [{ ...ALL, port: { protocol: 'HTTP' }, bind: 'unix://@out' }, []],
    [{}, [at('hosts')]],
    [{ hosts: [] }, [at('hosts')]],
    [{ ...ALL, port: { ...HTTP, number: 70000 } }, [at('port.number')]],
    [{ ...ALL, port: { ...HTTP, protocol: 'HTP' } }, [at('port.protocol')]],
    [{ ...ALL, port: { ...HTTP, name: 'a.b' } }, [at('port.name')]],
    [{ ...ALL, port: { ...HTTP, targetPort: 1 } }, [at('port.targetPort')]],
    [{ ...ALL, port: HTTP, bind: 'unix:///run/out.sock' }, [at('bind')]],
    [{ ...ALL, port: HTTP, bind: 'localhost' }, [at('bind')]],
    [{ ...ALL, port: UNIX, bind: '127.0.0.1' }, [at('port.number')]],
    [{ ...ALL, port: UNIX }, [at('port.number')]],
    [{ ...ALL, port: UNIX, bind: 'unix://out' }, [at('bind')]],
    [{ ...ALL, port: UNIX, bind: 'unix://@out', captureMode: 'IPTABLES' }, [at('captureMode')]],
  ])('%o', async (listener, places) => {
    expect(await placesOn('Sidecar', { egress: [listener] })).toEqual(places);
  });

  it.each([
    [[{ ...ALL, port: HTTP }, ALL], []],
    [[ALL, { ...ALL, port: HTTP }], ['Error spec.egress[0]']],
    [[ALL, ALL], ['Error spec.egress[0]']],
    [
      [
        { ...ALL, port: HTTP },
        { ...ALL, port: HTTP },
      ],
      ['Error spec.egress[1].port.number'],
    ],
    [
      [
        { ...ALL, port: UNIX, bind: 'unix://@out' },
        { ...ALL, port: UNIX, bind: 'unix://@out' },
      ],
      ['Error spec.egress[1].bind'],
    ],
  ])('stands in the list %o', async (egress, places) => {
    expect(await placesOn('Sidecar', { egress })).toEqual(places);
  });

  it.each(['*/*', './*', '~/*', 'ns/*', '*/a.b', './a.b', 'ns/*.a.b', '~ns/*', '~/a.b', '~*/a.b', '~./a.b'])(
    'may have the host %s',
    async (host) => {
      expect(await placesOn('Sidecar', { egress: [{ hosts: [host] }] })).toEqual([]);
    },
  );

  it.each([
    '',
    '*',
    'a.b',
    '/a.b',
    'ns/',
    'n_s/a.b',
    'ns/short',
    'ns/*a.b',
    'ns/a.*',
    'ns/a_b.c',
    '~n_s/*',
    'ns/10.0.0.1',
  ])('may not have the host %j', async (host) => {
    expect(await placesOn('Sidecar', { egress: [{ hosts: [host] }] })).toEqual([at('hosts[0]')]);
  });

  it.each([
    [['a/*', 'b/*'], []],
    [['a/x.y', 'a/z.y'], []],
    [['a/x.y', 'a/x.y'], ['Warning spec.egress[0].hosts[1]']],
    [['a/*', 'a/x.y'], ['Warning spec.egress[0].hosts[1]']],
    [['a/x.y', 'a/*'], ['Warning spec.egress[0].hosts[1]']],
    [['./*', 'ns/x.y'], ['Warning spec.egress[0].hosts[1]']],
    [['*/*', 'a/x.y'], ['Warning spec.egress[0].hosts']],
    [['*/*', '~a/x.y'], []],
  ])('has hosts %o', async (hosts, places) => {
    expect(await placesOn('Sidecar', { egress: [{ hosts }] })).toEqual(places);
  });
});

describe('the policy for outbound traffic', () => {
  const PROXY = 'spec.outboundTrafficPolicy.egressProxy';

  it.each([
    [{ mode: 'ALLOW_ANY', egressProxy: { host: 'out.ns.svc', port: { number: 80 }, subset: 'v1' } }, []],
    [
      { mode: 'REGISTRY_ONLY', egressProxy: { host: 'out.ns.svc', port: { number: 80 } } },
      [`Error ${PROXY}`],
    ],
    [{ egressProxy: { host: 'out.ns.svc', port: { number: 80 } } }, [`Error ${PROXY}`]],
    [{ mode: 'ALLOW_ANY', egressProxy: { host: 'out.ns.svc' } }, [`Error ${PROXY}.port`]],
    [{ mode: 'ALLOW_ANY', egressProxy: { host: 'out.ns.svc', port: {} } }, [`Error ${PROXY}.port`]],
    [
      { mode: 'ALLOW_ANY', egressProxy: { host: 'out.ns.svc', port: { number: 0 } } },
      [`Error ${PROXY}.port.number`],
    ],
    [{ mode: 'ALLOW_ANY', egressProxy: { port: { number: 80 } } }, [`Error ${PROXY}.host`]],
    [{ mode: 'ALLOW_ANY', egressProxy: { host: '*', port: { number: 80 } } }, [`Error ${PROXY}.host`]],
    [{ mode: 'ALLOW_ANY', egressProxy: { host: '*.svc', port: { number: 80 } } }, [`Error ${PROXY}.host`]],
    [{ mode: 'ALLOW_ANY', egressProxy: { host: '12', port: { number: 80 } } }, [`Error ${PROXY}.host`]],
    [{ mode: 'ALLOW_ANY', egressProxy: { host: 'a_b', port: { number: 80 } } }, [`Error ${PROXY}.host`]],
    [
      { mode: 'ALLOW_ANY', egressProxy: { host: 'a.b', port: { number: 80 }, subset: 'v.1' } },
      [`Error ${PROXY}.subset`],
    ],
    [{ mode: 'ALLOW_ANY_DYNAMIC_DNS' }, ['Error spec.outboundTrafficPolicy.mode']],
  ])('%o', async (outboundTrafficPolicy, places) => {
    expect(await placesOn('Sidecar', { outboundTrafficPolicy })).toEqual(places);
  });
});
