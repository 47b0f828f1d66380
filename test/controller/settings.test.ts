import { describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettingsFile } from '../../src/controller/settings-file.ts';
import { readSettings, settingsFileIn, settingsHelp } from '../../src/controller/settings.ts';

describe('settings of the controller', () => {
  test('have defaults for all but the configuration', () => {
    expect(readSettings(['--config', 'mesh'], {})).toEqual({
      config: ['mesh'],
      upstreams: [],
      configClients: 'local',
      kubeconfig: undefined,
      context: undefined,
      meshConfig: undefined,
      grpcAddresses: [{ host: '127.0.0.1', port: 15010 }],
      httpAddress: { host: '127.0.0.1', port: 8080 },
      httpsAddress: undefined,
      tlsFiles: undefined,
      istioNamespace: 'istio-system',
      domain: 'cluster.local',
      clusterId: 'Kubernetes',
      logLevel: 'info',
      debounceAfter: 100,
      debounceMax: 10_000,
      sendTimeout: 30_000,
      writesStatus: false,
      maxBytesInFlight: 16_777_216,
      drainTime: 5000,
    });
  });

  test('come from flags, and else from the environment', () => {
    const env = {
      MESH_CONFIG: 'one,two',
      MESH_GRPC_ADDR: ':1',
      MESH_HTTP_ADDR: '[::1]:2',
      MESH_LOG_LEVEL: 'debug',
    };
    expect(readSettings(['--grpc-addr=0.0.0.0:3', '--debounce-after', '1.5s'], env)).toMatchObject({
      config: ['one', 'two'],
      grpcAddresses: [{ host: '0.0.0.0', port: 3 }],
      httpAddress: { host: '::1', port: 2 },
      logLevel: 'debug',
      debounceAfter: 1500,
    });
    expect(readSettings(['--config', 'a', '--config', 'b'], env)).toMatchObject({ config: ['a', 'b'] });
  });

  test('take the name of the cluster from an installation, too', () => {
    const named = (argv: readonly string[], env: Readonly<Record<string, string>>): unknown => {
      const settings = readSettings(['--config', 'a', ...argv], env);
      return settings === 'help' ? settings : settings.clusterId;
    };
    expect(named([], { CLUSTER_ID: 'east' })).toBe('east');
    expect(named([], { CLUSTER_ID: '' })).toBe('Kubernetes');
    expect(named([], { CLUSTER_ID: 'east', MESH_CLUSTER_ID: 'west' })).toBe('west');
    expect(named(['--cluster-id', 'north'], { MESH_CLUSTER_ID: 'west' })).toBe('north');
  });

  test('serve proxies at several addresses, of which some are sockets', () => {
    const argv = ['--config', 'a', '--grpc-addr', ':1', '--grpc-addr=unix:///run/mesh/xds.sock'];
    const grpcAddresses = [{ host: '0.0.0.0', port: 1 }, { path: '/run/mesh/xds.sock' }];
    expect(readSettings(argv, {})).toMatchObject({ grpcAddresses });
    const env = { MESH_CONFIG: 'a', MESH_GRPC_ADDR: ':1,unix:///run/mesh/xds.sock' };
    expect(readSettings([], env)).toMatchObject({ grpcAddresses });
    expect(readSettings(['--config', 'a'], {}, { 'grpc-addr': ['unix:///a'] })).toMatchObject({
      grpcAddresses: [{ path: '/a' }],
    });
  });

  test('serve webhooks in a cluster, or where they are asked for', () => {
    const addressOf = (...argv: string[]): unknown => {
      const settings = readSettings(argv, {});
      return settings === 'help' ? settings : settings.httpsAddress;
    };
    expect(addressOf('--kubeconfig', 'in-cluster')).toEqual({ host: '0.0.0.0', port: 15_017 });
    expect(addressOf('--kubeconfig', 'a')).toBeUndefined();
    expect(addressOf('--kubeconfig', 'a', '--https-addr', '127.0.0.1:1')).toEqual({
      host: '127.0.0.1',
      port: 1,
    });
  });

  test('tell other controllers from folders', () => {
    const argv = ['--config', 'xds://mesh.example:15010', '--config', 'a', '--config', 'xds://[::1]:2'];
    expect(readSettings(argv, {})).toMatchObject({
      config: ['a'],
      upstreams: [
        { host: 'mesh.example', port: 15010 },
        { host: '::1', port: 2 },
      ],
    });
  });

  test.each([
    [[], 'MissingSetting', 'has no configuration'],
    [
      ['--config', 'k8s://10.0.0.1:6443'],
      'NotAvailable',
      'configuration cannot be read from k8s://10.0.0.1:6443',
    ],
    [['--config', 'xds://10.0.0.1'], 'BadSetting', 'must be a path, or xds://HOST:PORT'],
    [
      ['--config', 'a', '--config-clients', 'friends'],
      'BadSetting',
      '--config-clients is "friends", but must be local or any',
    ],
    [
      ['--config', 'a', '--grpc-addr', 'there'],
      'BadSetting',
      '--grpc-addr is "there", but must be HOST:PORT',
    ],
    [
      ['--config', 'a', '--grpc-addr', 'unix://xds.sock'],
      'BadSetting',
      'or unix:///PATH with the whole path of a socket',
    ],
    [['--config', 'a', '--http-addr', '127.0.0.1:70000'], 'BadSetting', '--http-addr is "127.0.0.1:70000"'],
    [['--config', 'a', '--drain-time', 'soon'], 'BadSetting', 'must be a duration'],
    [['--config', 'a', '--max-bytes-in-flight', '0'], 'BadSetting', 'a number of bytes above 0'],
    [['--config', 'a', '--write-status', 'true'], 'BadSetting', 'there is no cluster to write to'],
    [['--config', 'a', '--https-addr', ':15017'], 'MissingSetting', 'the webhooks have no certificate'],
    [['--config', 'a', '--tls-cert-file', 'b'], 'MissingSetting', 'belong together'],
    [['--kubeconfig', 'a', '--write-status', 'yes'], 'BadSetting', 'true, false or auto'],
    [['--config', 'a', '--log-level', 'loud'], 'BadSetting', 'one of debug, info'],
    [['--config'], 'BadUsage', '--config'],
    [['--confg', 'a'], 'BadUsage', '--confg'],
    [['mesh'], 'BadUsage', 'mesh'],
  ])('%j are refused', (argv, code, message) => {
    expect(() => readSettings(argv, {})).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message), hint: expect.any(String) }),
    );
  });

  test('a cluster is configuration enough, and may stand beside folders', () => {
    expect(readSettings(['--kubeconfig', 'k', '--context', 'kind'], {})).toMatchObject({
      config: [],
      kubeconfig: 'k',
      context: 'kind',
    });
    expect(readSettings(['--config', 'a'], { MESH_KUBECONFIG: 'in-cluster' })).toMatchObject({
      config: ['a'],
      kubeconfig: 'in-cluster',
    });
  });

  test('the environment wins over a file, and flags over both', () => {
    const file = { config: ['a', 'b'], 'grpc-addr': [':1'], 'log-level': ['warn'], 'debounce-after': ['1s'] };
    expect(readSettings(['--log-level=error'], { MESH_GRPC_ADDR: ':2' }, file)).toMatchObject({
      config: ['a', 'b'],
      grpcAddresses: [{ port: 2 }],
      logLevel: 'error',
      debounceAfter: 1000,
    });
  });

  test.each([
    [[], {}, undefined],
    [['--settings-file=a'], { MESH_SETTINGS_FILE: 'b' }, 'a'],
    [[], { MESH_SETTINGS_FILE: 'b' }, 'b'],
    [['--help', '--settings-file=a'], {}, undefined],
  ])('the file is named by a flag or the environment: %j %j', (argv, env, file) => {
    expect(settingsFileIn(argv, env).file).toBe(file);
  });

  test.each([
    [
      'grpc-addr: ":1"\nconfig: [a, b]\nmax-bytes-in-flight: 7\n',
      { 'grpc-addr': [':1'], config: ['a', 'b'], 'max-bytes-in-flight': ['7'] },
    ],
    ['', {}],
    ['grpc-adr: x', 'there is no setting "grpc-adr"'],
    ['settings-file: x', 'there is no setting "settings-file"'],
    ['config: {a: b}', 'config must be a text or a list of texts'],
    ['- a', 'the settings must be a map'],
    ['a: [', 'flow'],
    ['# nothing\n', {}],
    [undefined, 'no such file'],
  ])('a file holds settings: %j', async (text, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-settings-'));
    const file = join(folder, 'settings.yaml');
    if (text !== undefined) writeFileSync(file, text);
    const reading = readSettingsFile(file, settingsFileIn([], {}).names);
    if (typeof expected === 'string') {
      await expect(reading).rejects.toMatchObject({
        message: expect.stringContaining(expected),
        where: { file },
      });
    } else {
      expect(await reading).toEqual(expected);
    }
    rmSync(folder, { recursive: true });
  });

  test.each([
    [['--kubeconfig', 'k'], false],
    [['--kubeconfig', 'in-cluster'], true],
    [['--kubeconfig', 'in-cluster', '--write-status=false'], false],
    [['--kubeconfig', 'k', '--write-status=true'], true],
  ])('statuses are written inside of a cluster, or as it is said: %j', (argv, writesStatus) => {
    expect(readSettings(argv, {})).toMatchObject({ writesStatus });
  });

  test('a flag that is almost one is told', () => {
    expect(() => readSettings(['--grpc-adr', 'x'], {})).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('Did you mean --grpc-addr?') }),
    );
  });

  test('are all in the help, with their variables', () => {
    expect(readSettings(['--help'], {})).toBe('help');
    for (const word of ['--config PATH', '[MESH_CONFIG]', '--mesh-config FILE', 'Default: 127.0.0.1:15010']) {
      expect(settingsHelp()).toContain(word);
    }
  });
});
