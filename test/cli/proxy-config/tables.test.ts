/** `mesh proxy-config` on a dump; the texts are compared whole. */

import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { runMesh } from '../run-mesh.ts';
import { tempFolder } from '../temp-folder.ts';
import { SAMPLE_DUMP } from './sample-dump.ts';

const DUMP = JSON.stringify(SAMPLE_DUMP);

/** Nothing that these commands do may need a cluster. */
const OFFLINE = { env: { KUBECONFIG: '/no/such/file' } };

async function pc(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await runMesh(['proxy-config', ...argv, '-f', '-'], {
    ...OFFLINE,
    stdin: DUMP,
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

describe('the table of', () => {
  test.for([
    ['cluster'],
    ['cluster', '--explain'],
    ['cluster', '--fqdn', 'fruits', '--subset', 'v1', '--port', '80', '--direction', 'outbound'],
    ['listener'],
    ['listener', '--verbose=false'],
    ['listener', '--port', '15006', '--address', '0.0.0.0', '--type', 'http+tcp'],
    ['route'],
    ['route', '--name', '80', '--explain'],
    ['route', '--verbose=false'],
    ['eds', '--status', 'healthy'],
  ])('%j', async (argv) => {
    expect(`\n${await pc(...argv)}`).toMatchSnapshot();
  });
});

describe('as data', () => {
  test('names are in camelCase, and unknown fields and types are kept', async () => {
    const clusters = JSON.parse(await pc('cluster', '-o', 'json')) as Record<string, unknown>[];
    expect(clusters.find(({ name }) => String(name).includes('||fruits'))).toEqual({
      name: 'outbound|80||fruits.shop.svc.cluster.local',
      type: 'EDS',
      connectTimeout: '10s',
      brandNewField: { aB: 1 },
    });
    const listeners = await pc('listener', '--port', '80', '-o', 'json');
    expect(JSON.parse(listeners)).toMatchObject([
      { filterChains: [{ filters: [{ typedConfig: { '@type': 'x/y.Z', aB: 'c_d' } }] }] },
    ]);
  });

  test('YAML holds the same as JSON', async () => {
    for (const what of ['cluster', 'listener', 'route', 'eds', 'all']) {
      expect(load(await pc(what, '-o', 'yaml')), what).toEqual(JSON.parse(await pc(what, '-o', 'json')));
    }
  });

  test('private keys are not shown, even where the dump has them', async () => {
    const key = Buffer.from('the key itself').toString('base64');
    const dump = {
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
          dynamic_active_secrets: [
            {
              name: 'default',
              secret: {
                '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
                tls_certificate: {
                  certificate_chain: { inline_bytes: Buffer.from('no PEM').toString('base64') },
                  private_key: { inline_bytes: key },
                  password: { inline_string: 'the password' },
                },
              },
            },
          ],
        },
      ],
    };
    const stdin = JSON.stringify(dump);
    const { stdout } = await runMesh(['pc', 'secret', '-f', '-', '-o', 'json'], { stdin });
    expect(stdout).toContain('"privateKey"');
    expect(stdout).not.toContain(key);
    expect(stdout).not.toContain('the password');
    const table = await runMesh(['pc', 'secret', '-f', '-'], { stdin });
    expect(table.stdout).toMatch(/^default +ACTIVE +false/m);
  });
});

describe('what cannot be shown', () => {
  test.for([
    ['no file', ['cluster', '-f', '/no/such/dump.json'], '', /there is no such file/],
    ['no JSON', ['cluster', '-f', '-'], 'hello', /no dump of a proxy/],
    ['a dump that was cut off', ['cluster', '-f', '-'], '{"configs": [{"@type": "x', /not closed/],
    ['another JSON object', ['route', '-f', '-'], '{"a": 1}', /it has no "configs"/],
    ['a dump without the section', ['secret', '-f', '-'], DUMP, /no configuration type .*SecretsConfigDump/],
    ['a dump in place of the clusters', ['endpoint', '-f', '-'], DUMP, /mesh proxy-config eds/],
    ['a folder', ['cluster', '-f', '/'], '', /it is a folder/],
  ] as const)('%s is an error that says so, with exit code 1', async ([, argv, stdin, words]) => {
    const { code, stdout, stderr } = await runMesh(['proxy-config', ...argv], { stdin });
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('fault of mesh');
    expect([code, stdout]).toEqual([1, '']);
  });

  test.for([
    [['listener']],
    [['listener', 'web', '-f', '-']],
    [['log']],
    [['log', '-r', '--level', 'debug']],
  ])('%j is wrong usage', async ([argv]) => {
    const { code } = await runMesh(['proxy-config', ...(argv ?? [])], OFFLINE);
    expect(code).toBe(2);
  });
});

describe('the state of the endpoints', () => {
  const host = (address: string, port: number, rest = {}) => ({
    address: { socket_address: { address, port_value: port } },
    health_status: { eds_health_status: 'HEALTHY', ...rest },
  });
  const answer = {
    cluster_statuses: [
      {
        name: 'web',
        host_statuses: [host('10.0.0.2', 80), host('10.0.0.1', 80, { failed_outlier_check: true })],
      },
      { name: 'pipe', host_statuses: [{ address: { pipe: { path: '/s' } }, health_status: {} }] },
    ],
  };
  const run = (...argv: string[]) =>
    runMesh(['pc', 'endpoint', '-f', '-', ...argv], { stdin: JSON.stringify(answer) });

  test('is a table in order', async () => {
    expect((await run()).stdout).toBe(
      [
        'ENDPOINT        STATUS      OUTLIER CHECK     CLUSTER',
        '10.0.0.1:80     HEALTHY     FAILED            web',
        '10.0.0.2:80     HEALTHY     OK                web',
        'unix:///s       UNKNOWN     OK                pipe',
        '',
      ].join('\n'),
    );
  });

  test('as data is that of the clusters that have what is asked for', async () => {
    const { stdout } = await run('--address', '10.0.0.1', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'web', hostStatuses: [{}, {}] }]);
  });
});

describe('mesh proxy-config diff', () => {
  const changed = JSON.parse(DUMP) as { configs: Record<string, unknown[]>[] };
  const clusters = changed.configs[0] ?? {};
  clusters['dynamic_active_clusters'] = (clusters['dynamic_active_clusters'] ?? [])
    .toReversed()
    .filter((one) => !JSON.stringify(one).includes('inbound'));
  const text = JSON.stringify(changed).replace('"10s"', '"11s"');

  test('tells of two dumps that say the same in another order that they are alike', async () => {
    const same = structuredClone(SAMPLE_DUMP);
    same.configs.reverse();
    const { code, stdout } = await runMesh(['pc', 'diff', 'a.json', '-'], {
      stdin: JSON.stringify(same),
      cwd: tempFolder({ 'a.json': DUMP }),
    });
    expect([code, stdout]).toEqual([0, '']);
  });

  test('names what is gone and what has changed, and ends with 1', async () => {
    const { code, stdout } = await runMesh(['pc', 'diff', 'a.json', 'b.json'], {
      cwd: tempFolder({ 'a.json': DUMP, 'b.json': text }),
    });
    expect(stdout).toBe(
      [
        '- Cluster inbound|8080||',
        '~ Cluster outbound|80||fruits.shop.svc.cluster.local',
        '    connectTimeout: 10s -> 11s',
        '',
      ].join('\n'),
    );
    expect(code).toBe(1);
  });
});
