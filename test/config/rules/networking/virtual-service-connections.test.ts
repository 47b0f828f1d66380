import { describe, expect, test } from 'vitest';
import { places, SOMEWHERE, virtualServiceFindings } from './traffic-findings.ts';

const check = (spec: Record<string, unknown>): string[] =>
  places(virtualServiceFindings({ hosts: ['a.com'], ...spec }));
const tls = (match: unknown, spec = {}): string[] =>
  check({ tls: [{ match: [match], route: SOMEWHERE }], ...spec });
const tcp = (match: unknown): string[] => check({ tcp: [{ match: [match], route: SOMEWHERE }] });

describe('a TLS route', () => {
  test('has a match with server names, and destinations', () => {
    expect(tls({ sniHosts: ['a.com'] })).toEqual([]);
    expect(check({ tls: [{ match: [], route: SOMEWHERE }] })).toEqual(['Error tls[0].match']);
    expect(tls({ sniHosts: [] })).toEqual(['Error tls[0].match[0].sniHosts']);
    expect(check({ tls: [{ match: [{ sniHosts: ['a.com'] }] }] })).toEqual(['Error tls[0].route']);
    expect(check({ tls: [{ match: [{ sniHosts: ['a.com'] }], route: [] }] })).toEqual(['Error tls[0].route']);
  });

  test.each([
    ['a.com', ['a.com'], []],
    ['b.a.com', ['*.a.com'], []],
    ['*.a.com', ['*.a.com'], []],
    ['*.b.a.com', ['*.a.com'], []],
    ['b.com', ['a.com'], ['Error']],
    ['*.a.com', ['b.a.com'], ['Error']],
    ['*.com', ['*.a.com'], ['Error']],
    ['a.*.com', ['a.com'], ['Error']],
    ['10.0.0.1', ['a.com'], ['Warning']],
    ['::1', ['a.com'], ['Warning']],
  ])('for the server name %s of hosts %j gives %j', (sni, hosts, levels) => {
    const found = tls({ sniHosts: [sni] }, { hosts });
    expect(found).toEqual(levels.map((level) => `${level} tls[0].match[0].sniHosts[0]`));
  });
});

describe('a TCP route', () => {
  test('has destinations, and needs no match', () => {
    expect(check({ tcp: [{ route: SOMEWHERE }] })).toEqual([]);
    expect(check({ tcp: [{ match: [{ port: 80 }] }] })).toEqual(['Error tcp[0].route']);
  });

  test('checks its destinations', () => {
    const destination = { host: 'a' };
    expect(check({ tcp: [{ route: [{ destination: { host: '*' } }] }] })).toEqual([
      'Error tcp[0].route[0].destination.host',
    ]);
    expect(check({ tcp: [{ route: [{ destination }, { destination, weight: 0 }] }] })).toEqual([
      'Error tcp[0].route',
    ]);
  });
});

describe('a match of connections', () => {
  test.each([
    { destinationSubnets: ['10.0.0.0/8', '10.0.0.1', '::1/64'] },
    { sourceLabels: { app: 'a' }, sourceNamespace: 'ns', gateways: ['mesh'], sourceSubnet: '10.0.0.0/8' },
  ])('may be %j', (fields) => {
    expect(tcp(fields)).toEqual([]);
    expect(tls({ sniHosts: ['a.com'], ...fields })).toEqual([]);
  });

  test.each([
    [{ destinationSubnets: ['10.0.0.0/33'] }, 'destinationSubnets[0]'],
    [{ destinationSubnets: ['a.com'] }, 'destinationSubnets[0]'],
    [{ sourceSubnet: '10/8' }, 'sourceSubnet'],
    [{ sourceLabels: { a_: 'b' } }, 'sourceLabels.a_'],
    [{ sourceNamespace: 'a.b' }, 'sourceNamespace'],
    [{ gateways: ['*/a'] }, 'gateways[0]'],
  ])('may not be %j', (fields, place) => {
    expect(tcp(fields)).toEqual([`Error tcp[0].match[0].${place}`]);
    expect(tls({ sniHosts: ['a.com'], ...fields })).toEqual([`Error tls[0].match[0].${place}`]);
  });
});
