import { describe, expect, test } from 'vitest';
import { settingsFindings } from './embedded.ts';

const proxy = (text: string): Promise<string[]> => settingsFindings('values', `global: {proxy: {${text}}}`);

describe('the values of the injector', () => {
  test.each([
    'includeIPRanges: "*", excludeIPRanges: ""',
    'includeIPRanges: "10.0.0.0/8, 2001:db8::/32", excludeInboundPorts: "15020, 9090"',
    'image: proxyv2, logLevel: warning, resources: {limits: {cpu: 2, memory: 1Gi}}, tracer: none, privileged: false',
    'unknownToUs: {a: 1}',
  ])('with %s are fine', async (text) => {
    expect(await proxy(text)).toEqual([]);
  });

  test.each([
    ['includeIPRanges: 10.0.0.0', 'Error InvalidValue global.proxy.includeIPRanges'],
    ['excludeIPRanges: "10.0.0.0/8,x"', 'Error InvalidValue global.proxy.excludeIPRanges'],
    ['includeInboundPorts: http', 'Error InvalidValue global.proxy.includeInboundPorts'],
    ['excludeOutboundPorts: "80,70000"', 'Error InvalidValue global.proxy.excludeOutboundPorts'],
    ['autoInject: always', 'Error InvalidValue global.proxy.autoInject'],
    ['statusPort: 70000', 'Error InvalidValue global.proxy.statusPort'],
    ['privileged: "no"', 'Error WrongType global.proxy.privileged'],
    ['enableCoreDump: true', 'Warning DeprecatedField global.proxy.enableCoreDump'],
  ])('with %s: %s', async (text, finding) => {
    expect(await proxy(text)).toEqual([finding]);
  });

  test('name a revision as a label', async () => {
    expect(await settingsFindings('values', 'revision: canary-1')).toEqual([]);
    expect(await settingsFindings('values', 'revision: 1.20')).toEqual(['Error WrongType revision']);
    expect(await settingsFindings('values', 'revision: "1.20"')).toEqual(['Error InvalidValue revision']);
  });
});
