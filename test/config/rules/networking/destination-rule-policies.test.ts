import { describe, expect, test } from 'vitest';
import { policyPlaces } from './traffic-findings.ts';

describe('a traffic policy', () => {
  test.each([
    { loadBalancer: {} },
    { connectionPool: { tcp: {} } },
    { outlierDetection: {} },
    { tls: {} },
    { portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'SIMPLE' } }] },
    { tunnel: { targetHost: 'a.com', targetPort: 80 } },
    { proxyProtocol: { version: 'V2' } },
    { retryBudget: { percent: 10 } },
  ])('may be %j', (policy) => {
    expect(policyPlaces(policy)).toEqual([]);
  });

  test.each([
    [{}, ['Error']],
    [{ portLevelSettings: [] }, ['Error']],
    [{ portLevelSettings: [{ port: { number: 80 } }] }, ['Error portLevelSettings[0]']],
    [{ portLevelSettings: [{ tls: {} }] }, ['Error portLevelSettings[0].port']],
    [{ portLevelSettings: [{ port: {}, tls: {} }] }, ['Warning portLevelSettings[0].port']],
    [
      { portLevelSettings: [{ port: { number: 1 }, connectionPool: {} }] },
      ['Error portLevelSettings[0].connectionPool'],
    ],
  ])('may not be %j', (policy, found) => {
    expect(policyPlaces(policy)).toEqual(found);
  });
});

describe('a tunnel', () => {
  test.each(['a.com', '10.0.0.1', '::1', 'a'])('may end at %s', (targetHost) => {
    for (const protocol of ['', 'CONNECT', 'POST']) {
      expect(policyPlaces({ tunnel: { protocol, targetHost, targetPort: 80 } })).toEqual([]);
    }
  });

  test.each([
    [{ targetHost: '*.a.com' }, 'Error tunnel.targetHost'],
    [{ targetHost: '' }, 'Error tunnel.targetHost'],
    [{ targetHost: 'a', protocol: 'GET' }, 'Error tunnel.protocol'],
  ])('may not be %j', (tunnel, place) => {
    expect(policyPlaces({ tunnel })).toEqual([place]);
  });
});

describe('a load balancer', () => {
  const balance = (loadBalancer: Record<string, unknown>, others = {}): string[] =>
    policyPlaces({ loadBalancer, ...others }).map((place) => place.replace('loadBalancer.', ''));
  const locality = (setting: unknown): string[] =>
    balance({ localityLbSetting: setting }, { outlierDetection: {} }).map((place) =>
      place.replace('localityLbSetting', '').trimEnd(),
    );

  test.each([
    { simple: 'ROUND_ROBIN' },
    { consistentHash: { httpCookie: { name: 'a', ttl: '0s', attributes: [{ name: 'x' }, { name: 'y' }] } } },
    { consistentHash: { useSourceIp: true, maglev: { tableSize: 65537 } } },
    { consistentHash: { maglev: { tableSize: 2 } } },
    { consistentHash: { minimumRingSize: 0, ringHash: {} } },
    { warmup: { duration: '1s', minimumPercent: 10 } },
  ])('may be %j', (settings) => {
    expect(balance(settings)).toEqual([]);
  });

  test.each([
    [{ simple: 'LEAST_CONN' }, 'Warning simple'],
    [{ consistentHash: { httpCookie: { name: '' } } }, 'Error consistentHash.httpCookie.name'],
    [
      { consistentHash: { httpCookie: { name: 'a', attributes: [{ name: '' }] } } },
      'Error consistentHash.httpCookie.attributes[0].name',
    ],
    [
      { consistentHash: { httpCookie: { name: 'a', attributes: [{ name: 'x' }, { name: 'x' }] } } },
      'Error consistentHash.httpCookie.attributes[1].name',
    ],
    [{ consistentHash: { maglev: {} } }, 'Error consistentHash.maglev.tableSize'],
    [{ consistentHash: { maglev: { tableSize: 1000 } } }, 'Error consistentHash.maglev.tableSize'],
    [{ consistentHash: { maglev: { tableSize: 25 } } }, 'Error consistentHash.maglev.tableSize'],
    [{ consistentHash: { maglev: { tableSize: 5000011 } } }, 'Error consistentHash.maglev.tableSize'],
    [{ consistentHash: { minimumRingSize: 1, ringHash: {} } }, 'Error consistentHash.minimumRingSize'],
    [
      { consistentHash: { minimumRingSize: 1, maglev: { tableSize: 3 } } },
      'Error consistentHash.minimumRingSize',
    ],
    [{ warmup: { duration: '0s' } }, 'Error warmup.duration'],
    [{ warmup: { duration: '1.5ms' } }, 'Error warmup.duration'],
    [{ warmupDurationSecs: '0s' }, 'Error warmupDurationSecs'],
    [{ warmup: { duration: '1s' }, warmupDurationSecs: '1s' }, 'Warning warmupDurationSecs'],
  ])('%j is reported', (settings, place) => {
    expect(balance(settings)).toEqual([place]);
  });

  test.each([
    {},
    { distribute: [{ from: 'a/b/*', to: { 'a/b/*': 80, 'a/c/*': 20 } }] },
    {
      distribute: [
        { from: 'a/b/c', to: { '*': 100 } },
        { from: 'a/*', to: { a: 100 } },
        { from: '*', to: { b: 100 } },
      ],
    },
    { failover: [{ from: 'a', to: 'b' }], failoverPriority: ['version=v1'] },
    { failoverPriority: ['topology.kubernetes.io/region'] },
  ])('may prefer localities by %j', (setting) => {
    expect(locality(setting)).toEqual([]);
  });

  test.each([
    [{ distribute: [{ from: 'a', to: { b: 100 } }], failover: [{ from: 'a', to: 'b' }] }, 'Error'],
    [
      { failover: [{ from: 'a', to: 'b' }], failoverPriority: ['x', 'topology.istio.io/subzone'] },
      'Error .failoverPriority[1]',
    ],
    [{ distribute: [{ from: 'a', to: { b: 99 } }] }, 'Error .distribute[0].to'],
    [{ distribute: [{ from: 'a', to: {} }] }, 'Error .distribute[0].to'],
    [{ distribute: [{ from: 'a', to: { 'a/b': 50, 'a/*': 50 } }] }, 'Error .distribute[0].to["a/*"]'],
    [{ distribute: [{ from: 'a', to: { '*': 50, b: 50 } }] }, 'Error .distribute[0].to.b'],
    [{ distribute: [{ from: 'a//b', to: { a: 100 } }] }, 'Error .distribute[0].from'],
    [{ distribute: [{ from: '*/b', to: { a: 100 } }] }, 'Error .distribute[0].from'],
    [{ distribute: [{ from: '', to: { a: 100 } }] }, 'Error .distribute[0].from'],
    [
      {
        distribute: [
          { from: 'a', to: { a: 100 } },
          { from: 'a/b', to: { a: 100 } },
        ],
      },
      'Error .distribute[1].from',
    ],
    [
      {
        distribute: [
          { from: 'a/b', to: { a: 100 } },
          { from: 'a', to: { a: 100 } },
        ],
      },
      'Error .distribute[1].from',
    ],
    [
      {
        distribute: [
          { from: '*', to: { a: 100 } },
          { from: 'a/b/c', to: { a: 100 } },
        ],
      },
      'Error .distribute[1].from',
    ],
    [
      {
        distribute: [
          { from: 'a/*', to: { a: 100 } },
          { from: 'a', to: { a: 100 } },
        ],
      },
      'Error .distribute[1].from',
    ],
    [{ failover: [{ from: 'a', to: 'a' }] }, 'Error .failover[0]'],
    [{ failover: [{ from: 'a/b', to: 'c' }] }, 'Error .failover[0].from'],
    [{ failover: [{ from: 'a', to: '*' }] }, 'Error .failover[0].to'],
  ])('may not prefer localities by %j', (setting, place) => {
    expect(locality(setting)).toEqual([place]);
  });

  test.each([
    [{ failover: [{ from: 'a', to: 'b' }] }, []],
    [{ failoverPriority: ['version'], enabled: true }, []],
    [{ failoverPriority: ['topology.kubernetes.io/zone'] }, ['Error zoneAwareLbSetting.failoverPriority[0]']],
    [{ failover: [{ from: 'a', to: 'a' }] }, ['Error zoneAwareLbSetting.failover[0]']],
    [{ failover: [{ from: 'a', to: 'b/c' }] }, ['Error zoneAwareLbSetting.failover[0].to']],
  ])('for zones by %j gives %j', (zoneAwareLbSetting, found) => {
    expect(balance({ zoneAwareLbSetting }, { outlierDetection: {} })).toEqual(found);
  });

  test('fails over only with outlier detection', () => {
    const setting = { failover: [{ from: 'a', to: 'b' }] };
    expect(balance({ localityLbSetting: setting })).toEqual(['Warning localityLbSetting.failover']);
    expect(balance({ zoneAwareLbSetting: setting })).toEqual(['Warning zoneAwareLbSetting.failover']);
    expect(balance({ localityLbSetting: { failoverPriority: ['a'] } })).toEqual([
      'Warning localityLbSetting.failoverPriority',
    ]);
  });
});

describe('outlier detection', () => {
  test.each([
    { interval: '1ms', baseEjectionTime: '1h' },
    { consecutiveLocalOriginFailures: 5, splitExternalLocalOriginErrors: true },
    { consecutiveLocalOriginFailures: 0 },
  ])('may be %j', (outlierDetection) => {
    expect(policyPlaces({ outlierDetection })).toEqual([]);
  });

  test.each([
    [{ interval: '0s' }, 'Error outlierDetection.interval'],
    [{ baseEjectionTime: '1ns' }, 'Error outlierDetection.baseEjectionTime'],
    [{ consecutiveLocalOriginFailures: 5 }, 'Error outlierDetection.consecutiveLocalOriginFailures'],
  ])('may not be %j', (outlierDetection, place) => {
    expect(policyPlaces({ outlierDetection })).toEqual([place]);
  });
});

describe('a connection pool', () => {
  test.each([
    {
      tcp: {
        maxConnections: 0,
        connectTimeout: '1ms',
        idleTimeout: '0s',
        tcpKeepalive: { time: '1s', interval: '1s' },
      },
    },
    { http: { maxRetries: 0, idleTimeout: '1s', http2KeepAlive: { interval: '1s', timeout: '1s' } } },
    { http: { h2UpgradePolicy: 'DO_NOT_UPGRADE', useClientProtocol: true } },
  ])('may be %j', (connectionPool) => {
    expect(policyPlaces({ connectionPool })).toEqual([]);
  });

  test.each([
    [{}, ''],
    [{ tcp: { maxConnections: -1 } }, '.tcp.maxConnections'],
    [{ tcp: { connectTimeout: '0s' } }, '.tcp.connectTimeout'],
    [{ tcp: { idleTimeout: '-1s' } }, '.tcp.idleTimeout'],
    [{ tcp: { maxConnectionDuration: '1.1ms' } }, '.tcp.maxConnectionDuration'],
    [{ tcp: { tcpKeepalive: { time: '0s' } } }, '.tcp.tcpKeepalive.time'],
    [{ http: { http1MaxPendingRequests: -1 } }, '.http.http1MaxPendingRequests'],
    [{ http: { idleTimeout: '0s' } }, '.http.idleTimeout'],
    [{ http: { h2UpgradePolicy: 'UPGRADE', useClientProtocol: true } }, '.http.useClientProtocol'],
    [{ http: { http2KeepAlive: { interval: '1s' } } }, '.http.http2KeepAlive.timeout'],
    [{ http: { http2KeepAlive: { interval: '0s', timeout: '1s' } } }, '.http.http2KeepAlive.interval'],
  ])('may not be %j', (connectionPool, place) => {
    expect(policyPlaces({ connectionPool })).toEqual([`Error connectionPool${place}`]);
  });
});

describe('TLS to a service', () => {
  const tls = (settings: Record<string, unknown>, namespace = 'own'): string[] =>
    policyPlaces({ tls: settings }, { namespace }).map((place) => place.replace('tls.', ''));
  const files = { clientCertificate: '/a', privateKey: '/b' };

  test.each([
    { mode: 'DISABLE' },
    { mode: 'ISTIO_MUTUAL', sni: 'a' },
    { mode: 'SIMPLE', caCertificates: '/c' },
    { mode: 'MUTUAL', ...files, caCertificates: '/c', caCrl: '/d' },
    { mode: 'MUTUAL', credentialName: 'a' },
    { mode: 'SIMPLE', credentialName: 'configmap://own/a' },
    { mode: 'SIMPLE', insecureSkipVerify: false, caCertificates: '/c', subjectAltNames: ['a'] },
    { mode: 'SIMPLE', insecureSkipVerify: true, subjectAltNames: [] },
    { mode: 'MUTUAL', insecureSkipVerify: true, credentialName: 'a' },
  ])('may be %j', (settings) => {
    expect(tls(settings)).toEqual([]);
  });

  test.each([
    [{ mode: 'MUTUAL' }, ['Error clientCertificate']],
    [{ mode: 'MUTUAL', clientCertificate: '/a' }, ['Error privateKey']],
    [{ mode: 'MUTUAL', privateKey: '/b', clientCertificate: '' }, ['Error clientCertificate']],
    [{ mode: 'SIMPLE', credentialName: 'a', caCertificates: '/c' }, ['Error caCertificates']],
    [{ mode: 'MUTUAL', credentialName: 'a', ...files }, ['Error clientCertificate', 'Error privateKey']],
    [{ mode: 'MUTUAL', credentialName: 'a', caCrl: '/d' }, ['Error caCrl']],
    [{ mode: 'SIMPLE', insecureSkipVerify: true, caCertificates: '/c' }, ['Error caCertificates']],
    [{ mode: 'SIMPLE', insecureSkipVerify: true, credentialName: 'a' }, ['Error credentialName']],
    [{ mode: 'SIMPLE', insecureSkipVerify: true, subjectAltNames: ['a'] }, ['Error subjectAltNames']],
    [{ mode: 'MUTUAL', ...files, insecureSkipVerify: true, caCertificates: '/c' }, ['Error caCertificates']],
    [{ mode: 'SIMPLE', credentialName: 'configmap://other/a' }, ['Error credentialName']],
    [{ mode: 'SIMPLE', credentialName: 'configmap://a' }, ['Error credentialName']],
    [{ mode: 'SIMPLE', credentialName: 'configmap:///a' }, ['Error credentialName']],
  ])('%j is refused', (settings, found) => {
    expect(tls(settings)).toEqual(found);
  });
});
