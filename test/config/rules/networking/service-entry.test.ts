import { describe, expect, it } from 'vitest';
import { placesOn } from './check-spec.ts';

const HTTP = { number: 80, name: 'http', protocol: 'HTTP' };
const entry = (fields: object): object => ({ hosts: ['api.example.com'], ports: [HTTP], ...fields });

describe('a ServiceEntry', () => {
  it.each([
    [entry({})],
    [entry({ resolution: 'DNS' })],
    [entry({ resolution: 'STATIC', endpoints: [{ address: '10.0.0.1', ports: { http: 8080 } }] })],
    [
      entry({
        resolution: 'STATIC',
        workloadSelector: { labels: { app: 'api' } },
        location: 'MESH_INTERNAL',
      }),
    ],
  ])('is sound: %o', async (spec) => {
    expect(await placesOn('ServiceEntry', spec)).toEqual([]);
  });

  it.each([
    [{}, ['Error spec.hosts']],
    [{ hosts: [] }, ['Error spec.hosts']],
    [entry({ hosts: ['*'] }), ['Error spec.hosts[0]']],
    [entry({ hosts: ['a_b.c'] }), ['Error spec.hosts[0]']],
    [entry({ hosts: ['*.example.com'] }), []],
    [entry({ hosts: ['*example.com'] }), ['Warning spec.hosts[0]']],
    [entry({ discovery: 'DNS' }), ['Error spec.discovery']],
    [entry({ resolution: 'dns' }), ['Error spec.resolution']],
  ])('has hosts: %o', async (spec, places) => {
    expect(await placesOn('ServiceEntry', spec)).toEqual(places);
  });

  it.each([
    ['NONE', ['10.0.0.1', '10.0.0.0/8', '2001:db8::/32'], []],
    ['STATIC', ['10.0.0.0/8'], []],
    ['DNS', ['10.0.0.1'], []],
    ['DNS', ['10.0.0.0/8'], ['Error spec.addresses[0]']],
    ['NONE', ['10.0.0.0/33'], ['Error spec.addresses[0]']],
    ['NONE', ['api.example.com'], ['Error spec.addresses[0]']],
    ['NONE', ['unix:///sock'], ['Error spec.addresses[0]']],
  ])('of resolution %s has addresses %o', async (resolution, addresses, places) => {
    expect(await placesOn('ServiceEntry', entry({ resolution, addresses }))).toEqual(places);
  });

  it.each([
    [[HTTP, { ...HTTP, number: 81 }], ['Error spec.ports[1]']],
    [[HTTP, { ...HTTP, name: 'web' }], ['Error spec.ports[1].number']],
    [[{ ...HTTP, number: 0 }], ['Error spec.ports[0].number']],
    [[{ ...HTTP, number: 65536 }], ['Error spec.ports[0].number']],
    [[{ ...HTTP, targetPort: 8080 }], []],
    [[{ ...HTTP, targetPort: 0 }], ['Error spec.ports[0].targetPort']],
    [[{ ...HTTP, name: 'a.b' }], ['Error spec.ports[0].name']],
    [[{ ...HTTP, name: '' }], ['Error spec.ports[0].name']],
    [[{ ...HTTP, protocol: 'SCTP' }], ['Error spec.ports[0].protocol']],
    [[{ number: 80, protocol: 'HTTP' }], ['Error spec.ports[0].name']],
    [[{ name: 'http', protocol: 'HTTP' }], ['Error spec.ports[0].number']],
  ])('has ports %o', async (ports, places) => {
    expect(await placesOn('ServiceEntry', entry({ ports }))).toEqual(places);
  });

  it.each([
    [{}, { protocol: 'TCP' }, {}, ['Warning spec.ports[0]']],
    [{}, {}, {}, ['Warning spec.ports[0]']],
    [{}, { protocol: 'TLS' }, {}, []],
    [{ addresses: ['10.0.0.1'] }, { protocol: 'TCP' }, {}, []],
    [{ resolution: 'DNS' }, { protocol: 'TCP' }, {}, []],
    [
      { resolution: 'DNS' },
      { protocol: 'TCP' },
      { 'networking.istio.io/enable-autoallocate-ip': 'False' },
      ['Warning spec.ports[0]'],
    ],
  ])('%o with a port %o and labels %o needs an address: %o', async (fields, port, labels, places) => {
    const spec = entry({ ports: [{ number: 9000, name: 'raw', ...port }], ...fields });
    expect(await placesOn('ServiceEntry', spec, { labels })).toEqual(places);
  });

  it.each([
    [{ labels: { app: 'api' } }, []],
    [{ labels: {} }, ['Warning spec.workloadSelector']],
    [{}, ['Warning spec.workloadSelector']],
    [{ labels: { '': 'api' } }, ['Error spec.workloadSelector.labels[""]']],
    [{ labels: { 'a*': 'api' } }, ['Error spec.workloadSelector.labels["a*"]']],
    [{ labels: { app: 'a*' } }, ['Error spec.workloadSelector.labels.app']],
    [{ labels: { app: 'x'.repeat(64) } }, ['Error spec.workloadSelector.labels.app']],
  ])('selects workloads by %o', async (workloadSelector, places) => {
    expect(await placesOn('ServiceEntry', entry({ resolution: 'STATIC', workloadSelector }))).toEqual(places);
  });

  it('has either a selector or endpoints, and a selector has no effect with resolution NONE', async () => {
    const workloadSelector = { labels: { app: 'api' } };
    const both = entry({ resolution: 'STATIC', workloadSelector, endpoints: [{ address: '10.0.0.1' }] });
    expect(await placesOn('ServiceEntry', both)).toEqual(['Error spec.endpoints']);
    expect(await placesOn('ServiceEntry', entry({ workloadSelector }))).toEqual([
      'Warning spec.workloadSelector',
    ]);
  });

  it.each([
    [['.'], []],
    [['~'], []],
    [['*'], []],
    [['a', 'b'], []],
    [['*', 'a'], ['Error spec.exportTo']],
    [['~', 'a'], ['Error spec.exportTo']],
    [['.', 'ns'], ['Error spec.exportTo[1]']],
    [['a_b'], ['Error spec.exportTo[0]']],
  ])('is exported to %o', async (exportTo, places) => {
    expect(await placesOn('ServiceEntry', entry({ exportTo }))).toEqual(places);
  });
});

describe('the endpoints of a ServiceEntry', () => {
  it.each([
    ['NONE', [{ address: '10.0.0.1' }], ['Error spec.endpoints']],
    ['STATIC', [{ address: '10.0.0.1' }, { address: '::1' }], []],
    ['STATIC', [{ address: 'api.example.com' }], ['Error spec.endpoints[0].address']],
    ['STATIC', [{ address: 'unix:///run/api.sock' }], []],
    ['STATIC', [{ address: 'unix://run' }], ['Error spec.endpoints[0].address']],
    ['STATIC', [{ address: 'unix:///run/api.sock', ports: { http: 80 } }], ['Error spec.endpoints[0].ports']],
    ['STATIC', [{}], ['Error spec.endpoints[0].address']],
    ['STATIC', [{ network: 'east' }], ['Warning spec.endpoints[0].address']],
    ['STATIC', [{ address: '10.0.0.1', ports: { grpc: 80 } }], ['Error spec.endpoints[0].ports.grpc']],
    ['STATIC', [{ address: '10.0.0.1', ports: { http: 0 } }], ['Error spec.endpoints[0].ports.http']],
    ['STATIC', [{ address: '10.0.0.1', labels: { 'a b': 'c' } }], ['Error spec.endpoints[0].labels["a b"]']],
    ['STATIC', [{ address: '10.0.0.1', labels: { a: 'b c' } }], ['Error spec.endpoints[0].labels.a']],
    ['DNS', [{ address: 'a.example.com' }, { address: '10.0.0.1' }], []],
    ['DNS', [{ address: '*.example.com' }], ['Error spec.endpoints[0].address']],
    ['DNS', [{ address: 'unix:///run/api.sock' }], ['Error spec.endpoints[0].address']],
    ['DNS', [{ network: 'east' }], ['Error spec.endpoints[0].address']],
    ['DNS', [{ address: 'a.b', ports: { grpc: 80 } }], ['Error spec.endpoints[0].ports.grpc']],
    ['DNS', [{ address: 'a.b', labels: { '-': '' } }], ['Error spec.endpoints[0].labels["-"]']],
    ['DNS_ROUND_ROBIN', [{ address: 'a.b' }], []],
    ['DNS_ROUND_ROBIN', [{ address: 'a.b' }, { address: 'c.d' }], ['Error spec.endpoints']],
  ])('of resolution %s: %o', async (resolution, endpoints, places) => {
    expect(await placesOn('ServiceEntry', entry({ resolution, endpoints }))).toEqual(places);
  });

  it('on a Unix domain socket go with a single port', async () => {
    const spec = entry({
      resolution: 'STATIC',
      ports: [HTTP, { number: 81, name: 'admin', protocol: 'HTTP' }],
      endpoints: [{ address: 'unix:///run/api.sock' }],
    });
    expect(await placesOn('ServiceEntry', spec)).toEqual(['Error spec.endpoints[0].address']);
  });

  it.each([
    ['DNS', '*.example.com', ['Error spec.hosts[0]']],
    ['DNS_ROUND_ROBIN', '*.example.com', ['Error spec.hosts[0]']],
    ['DNS', 'a.example.com', []],
    ['NONE', '*.example.com', []],
  ])('may be absent with resolution %s of %s', async (resolution, host, places) => {
    expect(await placesOn('ServiceEntry', entry({ resolution, hosts: [host] }))).toEqual(places);
  });
});

describe('several hosts of a ServiceEntry', () => {
  it.each([
    ['DNS', 'HTTP', {}, []],
    ['DNS', 'TLS', {}, []],
    ['DNS', 'TCP', {}, ['Error spec.ports[0].protocol']],
    ['DNS', undefined, {}, ['Error spec.ports[0].protocol']],
    ['NONE', 'TCP', { addresses: ['10.0.0.1'] }, []],
    ['DNS', 'HTTPS', { addresses: ['10.0.0.1'] }, ['Warning spec.hosts']],
    ['DNS', 'HTTP', { addresses: ['10.0.0.1'] }, []],
  ])('of resolution %s share a port of protocol %s: %o', async (resolution, protocol, fields, places) => {
    const ports = [{ number: 9000, name: 'port', ...(protocol === undefined ? {} : { protocol }) }];
    expect(
      await placesOn('ServiceEntry', entry({ hosts: ['a.b', 'c.d'], ports, resolution, ...fields })),
    ).toEqual(places);
  });
});

describe('resolution DYNAMIC_DNS', () => {
  const dynamic = (fields: object): object =>
    entry({ hosts: ['*.example.com'], resolution: 'DYNAMIC_DNS', ...fields });

  it.each([
    [{}, {}, []],
    [{ hosts: ['*x.example.com'] }, {}, []],
    [{ location: 'MESH_INTERNAL' }, {}, []],
    [{ location: 'MESH_INTERNAL' }, { 'istio.io/use-waypoint': 'None' }, []],
    [{ location: 'MESH_INTERNAL' }, { 'istio.io/use-waypoint': 'wp' }, ['Error spec.location']],
    [{ location: 'MESH_EXTERNAL' }, { 'istio.io/use-waypoint': 'wp' }, []],
    [{ hosts: ['a.example.com'] }, {}, ['Error spec.hosts[0]']],
    [{ addresses: ['10.0.0.1'] }, {}, ['Error spec.addresses']],
    [{ endpoints: [{ address: '10.0.0.1' }] }, {}, ['Error spec.endpoints']],
    [{ ports: [{ number: 1, name: 'a', protocol: 'TCP' }] }, {}, ['Error spec.ports[0].protocol']],
    [{ ports: [{ number: 1, name: 'a', protocol: 'HTTPS' }] }, {}, ['Error spec.ports[0].protocol']],
    [{ ports: [{ number: 1, name: 'a', protocol: 'grpc' }] }, {}, []],
  ])('with %o and labels %o', async (fields, labels, places) => {
    expect(await placesOn('ServiceEntry', dynamic(fields), { labels })).toEqual(places);
  });
});
