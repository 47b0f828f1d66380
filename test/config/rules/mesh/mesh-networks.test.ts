import { describe, expect, test } from 'vitest';
import { settingsFindings } from './embedded.ts';

const network = (text: string): Promise<string[]> =>
  settingsFindings('meshNetworks', `networks: {one: ${text}}`);

describe('a network', () => {
  test.each([
    '{endpoints: [{fromRegistry: cluster-1}, {fromCidr: 10.0.0.0/8}, {fromCidr: "2001:db8::1"}]}',
    '{gateways: [{address: 1.2.3.4, port: 15443}, {address: gw.example.com, port: 443, locality: a/b}]}',
    '{gateways: [{registryServiceName: gw.istio-system.svc.cluster.local, port: 443}]}',
  ])('such as %s is fine', async (text) => {
    expect(await network(text)).toEqual([]);
  });

  test.each([
    ['{endpoints: [{fromCidr: 10.0.0.0/33}]}', 'Error InvalidValue networks.one.endpoints[0].fromCidr'],
    ['{endpoints: [{fromRegistry: a_b}]}', 'Error InvalidValue networks.one.endpoints[0].fromRegistry'],
    ['{endpoints: [{}]}', 'Warning Questionable networks.one.endpoints[0]'],
    ['{gateways: [{address: 1.2.3.4}]}', 'Error MissingField networks.one.gateways[0].port'],
    ['{gateways: [{address: 1.2.3.4, port: 0}]}', 'Error InvalidValue networks.one.gateways[0].port'],
    ['{gateways: [{address: a_b, port: 1}]}', 'Error InvalidValue networks.one.gateways[0].address'],
    [
      '{gateways: [{registryServiceName: "", port: 1}]}',
      'Error InvalidValue networks.one.gateways[0].registryServiceName',
    ],
    ['{gateways: [{port: 1}]}', 'Warning Questionable networks.one.gateways[0]'],
    [
      '{gateways: [{address: 1.2.3.4, registryServiceName: a, port: 1}]}',
      'Error ExclusiveFields networks.one.gateways[0].address',
    ],
  ])('such as %s: %s', async (text, finding) => {
    expect(await network(text)).toEqual([finding]);
  });
});
