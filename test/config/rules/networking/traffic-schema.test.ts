import { describe, expect, test } from 'vitest';
import { VALIDATORS } from '../../../../src/config/generated/validators.ts';

const vs = await VALIDATORS['networking.istio.io/VirtualService']?.();
const dr = await VALIDATORS['networking.istio.io/DestinationRule']?.();

/** `keyword pointer` of each schema error; the pointer starts at the spec. */
function schemaErrors(kind: 'VirtualService' | 'DestinationRule', spec: unknown): string[] {
  const validator = (kind === 'VirtualService' ? vs : dr)?.validatorFor('v1');
  if (validator === undefined) throw new Error(`no validator of ${kind}`);
  const object = { apiVersion: 'networking.istio.io/v1', kind, metadata: { name: 'a' }, spec };
  if (validator(object)) return [];
  return (validator.errors ?? []).map(
    ({ keyword, instancePath }) => `${keyword} ${instancePath.slice('/spec/'.length)}`,
  );
}

const route = [{ destination: { host: 'a' } }];
const http = (fields: Record<string, unknown>): string[] =>
  schemaErrors('VirtualService', { hosts: ['a'], http: [{ route, ...fields }] }).map((error) =>
    error.replace('http/0/', ''),
  );
const policy = (trafficPolicy: unknown): string[] =>
  schemaErrors('DestinationRule', { host: 'a', trafficPolicy }).map((error) =>
    error.replace('trafficPolicy/', ''),
  );

describe('the schema of VirtualService', () => {
  test.each([
    {},
    { mirrorPercentage: { value: 99.5 }, mirror: { host: 'b', port: { number: 65535 } } },
    { match: [{ port: 0, uri: { prefix: '' }, headers: { a: {} } }] },
    { redirect: { redirectCode: 399, derivePort: 'FROM_PROTOCOL_DEFAULT' } },
    { directResponse: { status: 200, body: { bytes: 'aGk=' } } },
    { corsPolicy: { unmatchedPreflights: 'IGNORE', allowCredentials: false } },
  ])('accepts %j', (fields) => {
    expect(http(fields)).toEqual([]);
  });

  test.each([
    [{ timeout: '1 second' }, 'format timeout'],
    [{ mirrorPercentage: { value: 100.5 } }, 'maximum mirrorPercentage/value'],
    [{ mirrorPercentage: { value: -1 } }, 'minimum mirrorPercentage/value'],
    [{ mirrors: [{}] }, 'required mirrors/0'],
    [{ route: [{ destination: {} }] }, 'required route/0/destination'],
    [{ route: [{ weight: 1 }] }, 'required route/0'],
    [{ route: [{ destination: { host: 'a' }, weight: -1 }] }, 'minimum route/0/weight'],
    [
      { route: [{ destination: { host: 'a', port: { number: 65536 } } }] },
      'maximum route/0/destination/port/number',
    ],
    [
      { route: [{ destination: { host: 'a', port: { number: 0 } } }] },
      'minimum route/0/destination/port/number',
    ],
    [{ match: [{ uri: { exact: 'a', prefix: 'a' } }] }, 'x-mesh-exclusive match/0/uri'],
    [{ match: [{ port: 65536 }] }, 'maximum match/0/port'],
    [{ redirect: { port: 80, derivePort: 'FROM_REQUEST_PORT' } }, 'x-mesh-exclusive redirect'],
    [{ redirect: { redirectCode: 400 } }, 'maximum redirect/redirectCode'],
    [{ directResponse: {} }, 'required directResponse'],
    [{ directResponse: { status: 199 } }, 'minimum directResponse/status'],
    [
      { directResponse: { status: 200, body: { string: 'a', bytes: '' } } },
      'x-mesh-exclusive directResponse/body',
    ],
    [{ retries: { attempts: -1 } }, 'minimum retries/attempts'],
    [{ fault: { abort: { httpStatus: 601 } } }, 'maximum fault/abort/httpStatus'],
    [{ fault: { abort: { httpStatus: 500, grpcStatus: 'OK' } } }, 'x-mesh-exclusive fault/abort'],
    [{ fault: { delay: { percentage: { value: 101 } } } }, 'maximum fault/delay/percentage/value'],
    [{ corsPolicy: { unmatchedPreflights: 'DROP' } }, 'x-mesh-enum corsPolicy/unmatchedPreflights'],
    [{ rout: [] }, 'x-mesh-closed http/0'],
  ])('refuses %j', (fields, error) => {
    expect(http(fields)).toEqual([error]);
  });

  test.each([
    { mirrorPercent: 5 },
    { mirror_percent: 5 },
    { websocketUpgrade: true },
    { appendHeaders: { a: 'b' } },
    { removeRequestHeaders: ['a'] },
    { corsPolicy: { allowOrigin: ['*'] } },
    { fault: { delay: { percent: 5 } } },
    { fault: { abort: { percent: 5 } } },
    {
      route: [
        {
          destination: { host: 'a' },
          appendRequestHeaders: { a: 'b' },
        },
      ],
    },
  ])('warns of %j, which older releases had', (fields) => {
    expect(http(fields)).toEqual([expect.stringMatching(/^deprecated /)]);
  });

  test('wants a match in TLS routes, with server names', () => {
    expect(schemaErrors('VirtualService', { tls: [{ route }] })).toEqual(['required tls/0']);
    expect(schemaErrors('VirtualService', { tls: [{ match: [{}], route }] })).toEqual([
      'required tls/0/match/0',
    ]);
  });
});

describe('the schema of DestinationRule', () => {
  test.each([
    { loadBalancer: { consistentHash: { useSourceIp: false, maglev: { tableSize: 3 } } } },
    { outlierDetection: { outlierDetectionHttpErrorCodes: [100, 599], maxEjectionPercent: 100 } },
    { portLevelSettings: [{ port: { number: 65535 } }] },
    { retryBudget: { percent: 0, budgetInterval: '0s' } },
  ])('accepts %j', (trafficPolicy) => {
    expect(policy(trafficPolicy)).toEqual([]);
  });

  test.each([
    [{ loadBalancer: { simple: 'FASTEST' } }, 'x-mesh-enum loadBalancer/simple'],
    [{ loadBalancer: { simple: 'RANDOM', consistentHash: {} } }, 'x-mesh-exclusive loadBalancer'],
    [
      { loadBalancer: { consistentHash: { useSourceIp: true, httpHeaderName: 'a' } } },
      'x-mesh-exclusive loadBalancer/consistentHash',
    ],
    [
      { loadBalancer: { consistentHash: { ringHash: {}, maglev: {} } } },
      'x-mesh-exclusive loadBalancer/consistentHash',
    ],
    [{ loadBalancer: { localityLbSetting: {}, zoneAwareLbSetting: {} } }, 'x-mesh-exclusive loadBalancer'],
    [{ loadBalancer: { warmup: {} } }, 'required loadBalancer/warmup'],
    [
      { loadBalancer: { warmup: { duration: '1s', aggression: 0 } } },
      'exclusiveMinimum loadBalancer/warmup/aggression',
    ],
    [
      { loadBalancer: { warmup: { duration: '1s', minimumPercent: 101 } } },
      'maximum loadBalancer/warmup/minimumPercent',
    ],
    [
      { loadBalancer: { localityLbSetting: { distribute: [{ to: { a: 0 } }] } } },
      'minimum loadBalancer/localityLbSetting/distribute/0/to/a',
    ],
    [
      { loadBalancer: { zoneAwareLbSetting: { minClusterSize: 0 } } },
      'minimum loadBalancer/zoneAwareLbSetting/minClusterSize',
    ],
    [{ outlierDetection: { maxEjectionPercent: 101 } }, 'maximum outlierDetection/maxEjectionPercent'],
    [{ outlierDetection: { minHealthPercent: -1 } }, 'minimum outlierDetection/minHealthPercent'],
    [
      { outlierDetection: { outlierDetectionHttpErrorCodes: [99] } },
      'minimum outlierDetection/outlierDetectionHttpErrorCodes/0',
    ],
    [{ tunnel: { targetHost: 'a', targetPort: 0 } }, 'minimum tunnel/targetPort'],
    [{ tunnel: { targetHost: 'a', targetPort: 1 }, proxyProtocol: {} }, 'x-mesh-exclusive trafficPolicy'],
    [{ retryBudget: { percent: 101 } }, 'maximum retryBudget/percent'],
    [{ proxyProtocol: { version: 'V3' } }, 'x-mesh-enum proxyProtocol/version'],
  ])('refuses %j', (trafficPolicy, error) => {
    expect(policy(trafficPolicy)).toEqual([error]);
  });

  test('wants a host, and names of subsets', () => {
    expect(schemaErrors('DestinationRule', {})).toEqual(['required ']);
    expect(schemaErrors('DestinationRule', { host: 'a', subsets: [{}] })).toEqual(['required subsets/0']);
  });

  test.each([
    { outlierDetection: { consecutiveErrors: 5 } },
    { loadBalancer: { consistentHash: { minimumRingSize: 5 } } },
    { loadBalancer: { warmupDurationSecs: '5s' } },
  ])('warns of %j, which has a newer name', (trafficPolicy) => {
    expect(policy(trafficPolicy)).toEqual([expect.stringMatching(/^deprecated /)]);
  });
});
