import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeBootstrap } from '../../../src/proxy/agent/bootstrap/bootstrap.ts';
import { writeBootstrap } from '../../../src/proxy/agent/bootstrap/write.ts';
import { readAgentFlags } from '../../../src/proxy/agent/flags.ts';
import { parsePodInfo, proxyNode, type Environment, type Labels } from '../../../src/proxy/agent/node.ts';
import { parseConfig, readProxyConfig, type ConfigMap } from '../../../src/proxy/agent/proxy-config.ts';

const PLAIN = { discoveryAddress: '127.0.0.1:15010' };

function nodeOf(
  env: Environment,
  labels: Labels = {},
  argv: readonly string[] = [],
): ReturnType<typeof proxyNode> {
  const flags = readAgentFlags(argv);
  if (flags === 'help') throw new Error('help');
  return proxyNode({
    role: 'sidecar',
    flags,
    config: readProxyConfig([PLAIN]),
    env,
    labels,
    annotations: { 'sidecar.istio.io/inject': 'true', 'team.example/secret': 'no' },
    hostAddresses: ['10.9.9.9'],
    hostName: 'machine',
    version: '1.2.3',
  });
}

function bootstrapOf(
  config: ConfigMap,
  annotations: Labels = {},
  ips = '10.0.0.1',
  env: Environment = {},
): Record<string, never> {
  const made = makeBootstrap({
    node: { ...nodeOf({ POD_NAME: 'web-0', POD_NAMESPACE: 'shop', INSTANCE_IP: ips, ...env }), annotations },
    config: readProxyConfig([PLAIN, config]),
    isDelta: true,
    statusPort: 15_021,
    metricsPort: 15_090,
    countsConnections: false,
    logAsJson: false,
    outlierLogPath: '',
  });
  return JSON.parse(JSON.stringify(made)) as Record<string, never>;
}

describe('the node', () => {
  const env = {
    POD_NAME: 'web-0',
    POD_NAMESPACE: 'shop',
    INSTANCE_IP: '10.1.2.3',
    SERVICE_ACCOUNT: 'web',
    ISTIO_META_WORKLOAD_NAME: 'web',
    ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
    ISTIO_METAJSON_EXTRA: '{"TIER":{"level":2}}',
  };

  test('is named as the controller expects it', () => {
    const { id, cluster } = nodeOf(env);
    expect(id).toBe('sidecar~10.1.2.3~web-0.shop~shop.svc.cluster.local');
    expect(cluster).toBe('web.shop');
    expect(nodeOf(env, { app: 'front' }, ['--domain', 'shop.svc.corp']).id).toMatch(/~shop\.svc\.corp$/);
    expect(nodeOf(env, { app: 'front' }).cluster).toBe('front.shop');
  });

  test('tells the controller its environment, its labels and those annotations that are meant for it', () => {
    expect(nodeOf(env, { app: 'front' }).metadata).toMatchObject({
      NAME: 'web-0',
      NAMESPACE: 'shop',
      SERVICE_ACCOUNT: 'web',
      INSTANCE_IPS: '10.1.2.3',
      LABELS: { app: 'front' },
      ANNOTATIONS: { 'sidecar.istio.io/inject': 'true' },
      INTERCEPTION_MODE: 'REDIRECT',
      TIER: { level: 2 },
    });
    expect(JSON.stringify(nodeOf(env).metadata)).not.toContain('team.example');
  });

  test('has the addresses of the machine where the pod has none to tell', () => {
    expect(nodeOf({}).id).toBe('sidecar~10.9.9.9~machine.default~default.svc.cluster.local');
  });

  test.each([
    ['INSTANCE_IP', { INSTANCE_IP: 'web' }, 'no IP address'],
    ['a JSON variable', { ISTIO_METAJSON_X: '{' }, 'ISTIO_METAJSON_X holds no JSON'],
    ['a JSON variable of another form', { ISTIO_METAJSON_X: '[]' }, 'must hold a JSON object'],
  ])('refuses a wrong %s', (_what, wrong, message) => {
    expect(() => nodeOf(wrong)).toThrow(message);
  });

  test('has its locality from the labels', () => {
    expect(nodeOf({}, { 'istio-locality': 'eu.a.rack1' }).locality).toEqual({
      region: 'eu',
      zone: 'a',
      sub_zone: 'rack1',
    });
    expect(nodeOf({}, { 'topology.kubernetes.io/zone': 'b' }).locality).toEqual({ zone: 'b' });
  });
});

test.each([
  ['app="web"\nversion="v1"\n', { app: 'web', version: 'v1' }],
  [
    'note="two\\nlines, \\"quoted\\" \\u00e9 \\x07 \\U0001f34e"',
    { note: 'two\nlines, "quoted" é \u0007 🍎' },
  ],
  ['broken\nno="end\nlast="\\Uffffffff"\nok="1"', { ok: '1' }],
  ['', {}],
])('files of the downward API are read: %j', (text, expected) => {
  expect(parsePodInfo(text)).toEqual(expected);
});

describe('the ProxyConfig', () => {
  test('is laid over the defaults, field by field', async () => {
    const config = readProxyConfig([
      await parseConfig('drainDuration: 10s\nproxyMetadata: {A: "1", B: "2"}', 'mesh'),
      await parseConfig('{"proxyMetadata":{"B":"3"},"concurrency":2}', 'PROXY_CONFIG'),
    ]);
    expect(config).toMatchObject({
      drainDuration: 10_000,
      terminationDrainDuration: 5_000,
      concurrency: 2,
      proxyMetadata: { A: '1', B: '3' },
      configPath: '/etc/istio/proxy',
      statusPort: 15_020,
    });
  });

  test.each<[ConfigMap, string]>([
    [{ proxyAdminPort: 0 }, 'proxyAdminPort is 0, but must be a port, 1 to 65535'],
    [{ drainDuration: 'soon' }, 'drainDuration is "soon", but must be a duration'],
    [{ discoveryAddress: 'istiod' }, 'discoveryAddress is "istiod", but must be HOST:PORT'],
    [{ concurrency: -1 }, 'concurrency is -1'],
    [{ proxyMetadata: { A: {} } }, 'proxyMetadata.A must be a text'],
    [{ statsdUdpAddress: 'stats:8125' }, 'must be an IP address and a port'],
    [{ extraStatTags: 'x' }, 'extraStatTags must be a list'],
  ])('names the field that is wrong: %j', (config, message) => {
    expect(() => readProxyConfig([config])).toThrow(message);
  });

  test.each([
    ['[1]', 'must be a map of settings'],
    ['{"a": ', 'is no YAML'],
  ])('names the source that is wrong: %s', async (text, message) => {
    await expect(parseConfig(text, 'PROXY_CONFIG')).rejects.toThrow(`PROXY_CONFIG ${message}`);
  });

  test('names what this agent does nothing with', () => {
    expect(readProxyConfig([{ customConfigFile: '/x', concurrency: 1 }]).unused).toEqual([
      'customConfigFile',
    ]);
  });
});

describe('the bootstrap', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lateen-bootstrap-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('takes its configuration from the controller and serves what is its own', () => {
    expect(bootstrapOf({})).toMatchObject({
      node: { id: 'sidecar~10.0.0.1~web-0.shop~shop.svc.cluster.local', cluster: 'istio-proxy.shop' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 15_000 } } },
      dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC' } },
      static_resources: {
        clusters: [{ name: 'prometheus_stats' }, { name: 'agent' }, { name: 'xds-grpc', type: 'STATIC' }],
        listeners: [{ name: '0.0.0.0_15090' }, { name: '0.0.0.0_15021' }],
      },
    });
  });

  test('has the cluster of its own workload where it is to hear of it', () => {
    const own = bootstrapOf({}, {}, '10.0.0.1', { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true' });
    expect(own).toMatchObject({
      cluster_manager: { local_cluster_name: 'local_cluster' },
      static_resources: { clusters: [{}, {}, {}, { name: 'local_cluster', type: 'EDS' }] },
    });
    expect(bootstrapOf({}).cluster_manager).toBeUndefined();
  });

  test('has no readiness where there is no agent to ask', () => {
    const { static_resources: resources } = bootstrapOf({ statusPort: 0 });
    expect(resources).toMatchObject({ listeners: [{ name: '0.0.0.0_15090' }] });
  });

  test('is of IPv6 where the workload is', () => {
    expect(bootstrapOf({}, {}, 'fd00::1')).toMatchObject({
      admin: { address: { socket_address: { address: '::1' } } },
      static_resources: { listeners: [{ name: '::_15090' }, { name: '::_15021' }] },
    });
  });

  test('keeps the statistics that the mesh or the pod asks for', () => {
    const patterns = (config: ConfigMap, annotations: Labels): unknown =>
      (
        bootstrapOf(config, annotations) as {
          stats_config?: { stats_matcher?: { inclusion_list: { patterns: object[] } } };
        }
      ).stats_config?.stats_matcher?.inclusion_list.patterns;
    const config = {
      proxyStatsMatcher: { inclusionPrefixes: ['http.{pod_ip}_'], inclusionSuffixes: ['ssl'] },
    };
    expect(patterns(config, {})).toEqual(
      expect.arrayContaining([
        { prefix: 'http.10.0.0.1_' },
        { suffix: 'ssl' },
        { prefix: 'listener_manager' },
      ]),
    );
    const annotated = patterns(config, { 'sidecar.istio.io/statsInclusionPrefixes': 'cluster.outbound' });
    expect(annotated).toContainEqual({ prefix: 'cluster.outbound' });
    expect(annotated).not.toContainEqual({ prefix: 'http.10.0.0.1_' });
  });

  test('refuses a controller that wants TLS', () => {
    const tls = { discoveryAddress: 'istiod.istio-system.svc:15012' };
    expect(() => bootstrapOf(tls)).toThrow('speaks to the controller in plain text only');
    expect(bootstrapOf({ ...tls, controlPlaneAuthPolicy: 'NONE' })).toMatchObject({
      static_resources: { clusters: [{}, {}, { type: 'STRICT_DNS' }] },
    });
  });

  test("is written whole, with the user's part merged in", async () => {
    const override = join(folder, 'override.json');
    writeFileSync(
      override,
      JSON.stringify({
        admin: { profile_path: '/tmp/p' },
        staticResources: { clusters: [{ name: 'mine' }] },
      }),
    );
    const file = await writeBootstrap(bootstrapOf({}), folder, override);
    const written = JSON.parse(readFileSync(file, 'utf8')) as {
      admin: object;
      static_resources: { clusters: { name: string }[] };
    };
    expect(written.admin).toMatchObject({ profile_path: '/tmp/p', address: {} });
    expect(written.static_resources.clusters.map(({ name }) => name)).toEqual([
      'prometheus_stats',
      'agent',
      'xds-grpc',
      'mine',
    ]);
    expect(readdirSync(folder).toSorted()).toEqual(['envoy-rev.json', 'override.json']);
  });

  test("names the field of the user's part that Envoy does not have, and writes nothing", async () => {
    const override = join(folder, 'override.json');
    writeFileSync(override, '{"admin": {"adress": {}}}');
    await expect(writeBootstrap(bootstrapOf({}), folder, override)).rejects.toThrow(/override\.json.*adress/);
    await expect(writeBootstrap(bootstrapOf({}), folder, join(folder, 'none'))).rejects.toThrow(
      'cannot be read',
    );
    expect(readdirSync(folder)).toEqual(['override.json']);
  });
});
