import { describe, expect, it } from 'vitest';
import { placesOn } from './check-spec.ts';

describe('a WorkloadEntry', () => {
  it.each([
    [
      {
        address: '10.0.0.1',
        ports: { http: 8080 },
        labels: { app: 'vm' },
        weight: 2,
        network: 'n',
        locality: 'a/b',
      },
      [],
    ],
    [{ address: 'vm.example.com' }, []],
    [{ address: 'unix://@vm' }, []],
    [{ address: 'unix:///run/vm.sock' }, []],
    [{ network: 'east' }, ['Warning spec.address']],
    [{}, ['Error spec.address']],
    [{ address: '' }, ['Error spec.address']],
    [{ address: 'vm.example.com:80' }, ['Error spec.address']],
    [{ address: 'x'.repeat(257) }, ['Error spec.address', 'Error spec.address']],
    [{ address: 'unix://vm' }, ['Error spec.address']],
    [{ address: 'unix:///run/' }, ['Error spec.address']],
    [{ address: 'unix://@vm/' }, ['Error spec.address']],
    [{ address: 'unix://@vm', ports: { http: 80 } }, ['Error spec.ports']],
    [{ address: '10.0.0.1', ports: { http: 65536 } }, ['Error spec.ports.http']],
    [{ address: '10.0.0.1', ports: { 'a.b': 80 } }, ['Error spec.ports["a.b"]']],
    [{ address: '10.0.0.1', ports: { ['x'.repeat(62)]: 80 } }, []],
    [{ address: '10.0.0.1', ports: { ['x'.repeat(63)]: 80 } }, [`Error spec.ports.${'x'.repeat(63)}`]],
    [{ address: '10.0.0.1', labels: { 'a/b/c': 'd' } }, ['Error spec.labels["a/b/c"]']],
    [{ address: '10.0.0.1', weight: -1 }, ['Error spec.weight']],
    [{ address: '10.0.0.1', addres: 'a' }, ['Error spec.addres']],
  ])('%o', async (spec, places) => {
    expect(await placesOn('WorkloadEntry', spec)).toEqual(places);
  });

  it('without a spec is refused', async () => {
    expect(await placesOn('WorkloadEntry', undefined)).toEqual(['Error spec']);
  });
});

describe('a WorkloadGroup', () => {
  const group = (fields: object): object => ({ template: { serviceAccount: 'vm' }, ...fields });

  it.each([
    [group({ metadata: { labels: { app: 'vm' }, annotations: { a: 'any text' } } }), []],
    [{}, ['Error spec.template']],
    [group({ metadata: { labels: { 'a b': 'c' } } }), ['Error spec.metadata.labels["a b"]']],
    [group({ metadata: { labels: { a: 'b c' } } }), ['Error spec.metadata.labels.a']],
    [{ template: { address: 'unix://vm' } }, ['Error spec.template.address']],
    [{ template: { address: 'unix://@vm', ports: { http: 1 } } }, ['Error spec.template.ports']],
    [{ template: { ports: { 'a.b': 1 } } }, ['Error spec.template.ports["a.b"]']],
    [{ template: { ports: { a: 0 } } }, ['Error spec.template.ports.a']],
  ])('%o', async (spec, places) => {
    expect(await placesOn('WorkloadGroup', spec)).toEqual(places);
  });

  it.each([
    [
      { httpGet: { port: 80, path: '/ready', scheme: 'HTTPS', httpHeaders: [{ name: 'x-a', value: 'b' }] } },
      [],
    ],
    [{ tcpSocket: { port: 80 }, periodSeconds: 5, failureThreshold: 2 }, []],
    [{ exec: { command: ['/bin/check'] } }, []],
    [{ grpc: { port: 80, service: 'a.B' } }, []],
    [{}, ['Error spec.probe']],
    [{ periodSeconds: 5 }, ['Error spec.probe']],
    [{ tcpSocket: { port: 80 }, exec: { command: ['a'] } }, ['Error spec.probe.exec']],
    [{ tcpSocket: { port: 0 } }, ['Error spec.probe.tcpSocket.port']],
    [{ tcpSocket: {} }, ['Error spec.probe.tcpSocket.port']],
    [{ httpGet: { port: 65536 } }, ['Error spec.probe.httpGet.port']],
    [{ httpGet: { port: 80, scheme: 'FTP' } }, ['Error spec.probe.httpGet.scheme']],
    [
      { httpGet: { port: 80, httpHeaders: [{ name: 'a b' }] } },
      ['Error spec.probe.httpGet.httpHeaders[0].name'],
    ],
    [
      { httpGet: { port: 80, httpHeaders: [{ value: 'b' }] } },
      ['Error spec.probe.httpGet.httpHeaders[0].name'],
    ],
    [{ exec: { command: [] } }, ['Error spec.probe.exec.command']],
    [{ exec: { command: [''] } }, ['Error spec.probe.exec.command[0]']],
    [{ grpc: {} }, ['Error spec.probe.grpc.port']],
    [{ exec: { command: ['a'] }, periodSeconds: -1 }, ['Error spec.probe.periodSeconds']],
    [{ exec: { command: ['a'] }, initialDelaySeconds: -1 }, ['Error spec.probe.initialDelaySeconds']],
    [{ exec: { command: ['a'] }, timeoutSeconds: -1 }, ['Error spec.probe.timeoutSeconds']],
    [{ exec: { command: ['a'] }, successThreshold: -1 }, ['Error spec.probe.successThreshold']],
    [{ exec: { command: ['a'] }, failureThreshold: -1 }, ['Error spec.probe.failureThreshold']],
  ])('has a probe %o', async (probe, places) => {
    expect(await placesOn('WorkloadGroup', group({ probe }))).toEqual(places);
  });
});

describe('a ProxyConfig', () => {
  it.each([
    [{ concurrency: 0, environmentVariables: { A: 'b' }, image: { imageType: 'debug' } }, []],
    [{ selector: { matchLabels: { app: 'a' } } }, []],
    [{ concurrency: -1 }, ['Error spec.concurrency']],
    [{ environmentVariables: { A: 'b'.repeat(2049) } }, ['Error spec.environmentVariables.A']],
    [{ selector: {} }, ['Warning spec.selector']],
    [{ selector: { matchLabels: {} } }, ['Warning spec.selector']],
    [{ selector: { matchLabels: { '': 'a' } } }, ['Error spec.selector.matchLabels[""]']],
    [{ selector: { matchLabels: { 'a*': 'a' } } }, ['Error spec.selector.matchLabels["a*"]']],
    [{ selector: { matchLabels: { a: '*' } } }, ['Error spec.selector.matchLabels.a']],
    [{ selector: { labels: { a: 'b' } } }, ['Error spec.selector.labels', 'Warning spec.selector']],
  ])('%o', async (spec, places) => {
    expect(await placesOn('ProxyConfig', spec)).toEqual(places);
  });
});
