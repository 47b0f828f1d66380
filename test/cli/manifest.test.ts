import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const generate = (...words: string[]): ReturnType<typeof runMesh> =>
  runMesh(['manifest', 'generate', '--filter', 'Pilot,IngressGateways,EgressGateways,Addons', ...words]);

const FILE = `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  profile: minimal
  tag: "7"
  values:
    global:
      network: net1
`;

describe('mesh manifest generate', () => {
  test('understands the keys of older charts, and says what they are called today', async () => {
    const keys = [
      'gateways.istio-egressgateway.enabled=true',
      'global.proxy.accessLogFile=/dev/stdout',
      'global.disablePolicyChecks=false',
      'tracing.enabled=true',
      'kiali.enabled=true',
      'grafana.enabled=true',
      'tracing.provider=zipkin',
    ];
    const { code, stdout, stderr } = await generate(...keys.flatMap((key) => ['--set', key]));
    expect(code).toBe(0);
    for (const image of ['openzipkin/zipkin', 'kiali/kiali', 'grafana/grafana'])
      expect(stdout).toContain(image);
    expect(stdout).toContain('name: istio-egressgateway\n');
    expect(stdout).toContain('accessLogFile: /dev/stdout');
    expect(stdout).toContain('disablePolicyChecks: false');
    expect(stderr).toContain(
      '--set tracing.enabled=true: the field "enabled" is deprecated. Use addonComponents.tracing.enabled instead.',
    );
    const together = await generate('--set', keys.join(','));
    expect(together.stdout).toBe(stdout);
  });

  test.each([
    ['profle=demo', 'there is no setting "profle"', 'Did you mean "profile"?'],
    ['spec.profle=demo', 'there is no setting "profle"', 'Did you mean "profile"?'],
    [
      'gateways.istio-egresgateway.enabled=true',
      'at values.gateways.istio-egresgateway: unknown field',
      'Did you mean "istio-egressgateway"?',
    ],
    ['tracing.enabld=true', 'at values.tracing.enabld: unknown field', 'Did you mean "enabled"?'],
    [
      'values.global.proxy.resurces.limits.cpu=1',
      'at values.global.proxy.resurces: unknown field',
      'Did you mean "resources"?',
    ],
    [
      'components.ingressGateways[0].enbled=true',
      'at components.ingressGateways[0].enbled: unknown field',
      'Did you mean "enabled"?',
    ],
    [
      'meshConfig.acessLogFile=x',
      'at meshConfig.acessLogFile: unknown field',
      'Did you mean "accessLogFile"?',
    ],
    ['profile=dmo', 'at profile:', 'demo'],
    ['values.pilot.autoscaleMin=many', 'at values.pilot.autoscaleMin: must be a whole number', ''],
    ['components.ingressGateways[4].enabled=true', 'would leave a gap', ''],
    [
      'components.ingressGateways[1].enabled=true',
      'a gateway of components.ingressGateways has no name',
      '[name:NAME]',
    ],
    ['profile', 'there is no "=" between a path and a value', '--set profile=demo'],
    ['a..b=c', 'is not the path of a setting', ''],
  ])('refuses --set %s, where it is wrong and what was meant', async (setting, message, hint) => {
    const { code, stdout, stderr } = await generate('--set', setting);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  test.each([
    ['tag=1.10', 'lateen/controller:1.10'],
    ['values.pilot.env.X=true', 'value: "true"'],
    ['values.global.imagePullSecrets={a,b}', 'imagePullSecrets:\n- name: a\n- name: b\n'],
    ['values.pilot.nodeSelector={"a":"b"}', 'nodeSelector:\n        a: b\n'],
    [String.raw`values.pilot.podAnnotations.example\.com/a=1`, 'example.com/a: "1"'],
    ['components.ingressGateways[name:istio-ingressgateway].label.x=z', '        x: z\n'],
    [String.raw`values.pilot.podAnnotations.x=a\,b=c`, 'x: a,b=c\n'],
    ['values.global.network=', 'grpc-xds'],
  ])('takes the value of --set %s as it is meant', async (setting, expected) => {
    const { code, stdout, stderr } = await generate('--set', setting);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(expected);
  });

  test('lays files over the profile from left to right, and --set over files', async () => {
    const cwd = tempFolder({
      'a.yaml': FILE,
      'b.yaml': FILE.replace('tag: "7"', 'tag: "8"').replace('net1', 'net2'),
    });
    const run = (...words: string[]): ReturnType<typeof runMesh> =>
      runMesh(['manifest', 'generate', '--filter', 'Pilot', ...words], { cwd });
    expect((await run('-f', 'a.yaml', '-f', 'b.yaml')).stdout).toContain('lateen/controller:8');
    expect((await run('-f', 'b.yaml', '-f', 'a.yaml')).stdout).toContain('lateen/controller:7');
    expect((await run('-f', 'b.yaml', '--set', 'tag=9')).stdout).toContain('lateen/controller:9');
    expect(
      (await runMesh(['manifest', 'generate', '--filter', 'Pilot', '-f', '-'], { stdin: FILE })).stdout,
    ).toContain('"network": "net1"');
  });

  test('names file, line and column of an unknown key, and the nearest', async () => {
    const cwd = tempFolder({ 'a.yaml': FILE.replace('network', 'netwrok') });
    const { code, stderr } = await runMesh(['manifest', 'generate', '-f', 'a.yaml'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Error: a.yaml:8:7: spec.values.global.netwrok: unknown field "netwrok"\n  Did you mean "network"?\n',
    );
    const checked = await runMesh(['validate', '-f', join(cwd, 'a.yaml')]);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(
      'a.yaml:8:7: Error [MESH1010] (IstioOperator) spec.values.global.netwrok',
    );
  });

  test.each([
    ['kind: [', 'not valid YAML'],
    ['a: 1\n', 'has no apiVersion and kind'],
    ['', 'there is no document in it'],
    [
      'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n',
      'Service is not what an installation is described by',
    ],
    [
      'apiVersion: install.istio.io/v1alpha2\nkind: IstioControlPlane\nmetadata: {name: a}\n',
      'IstioControlPlane is not',
    ],
    [FILE.replace('v1alpha1', 'v1'), 'apiVersion'],
    [`${FILE}  meshConfig: {accessLogFle: x}\n`, 'Did you mean "accessLogFile"?'],
    [`${FILE}      meshNetworks: {net: {endpoint: []}}\n`, 'meshNetworks.net'],
  ])('refuses a file that holds %j', async (text, message) => {
    const cwd = tempFolder({ 'a.yaml': text });
    const { code, stdout, stderr } = await runMesh(['manifest', 'generate', '-f', 'a.yaml'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain('a.yaml');
  });

  test('says that a file does not exist', async () => {
    const { code, stderr } = await generate('-f', 'no-such-file.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('no-such-file.yaml: cannot be read: it does not exist');
  });

  test('writes a file, or a file for each resource, which hold the same', async () => {
    const cwd = tempFolder();
    const { stdout } = await generate();
    const file = await runMesh(
      ['manifest', 'generate', '--filter', 'Pilot,IngressGateways,EgressGateways,Addons', '-o', 'x/all.yaml'],
      { cwd },
    );
    expect([file.code, file.stdout]).toEqual([0, '']);
    expect(await readFile(join(cwd, 'x/all.yaml'), 'utf8')).toBe(stdout);
    const folder = await runMesh(
      ['manifest', 'generate', '--filter', 'Pilot,IngressGateways,EgressGateways,Addons', '-o', 'each'],
      { cwd },
    );
    expect(folder.stderr).toMatch(/^Wrote \d+ resources to \d+ files in each\n$/);
    const names = (await readdir(join(cwd, 'each'))).toSorted();
    const texts = await Promise.all(names.map((name) => readFile(join(cwd, 'each', name), 'utf8')));
    expect(texts.toSorted()).toEqual(stdout.split('---\n').toSorted());
  });

  test('says when it cannot write', async () => {
    const cwd = tempFolder({ taken: '' });
    const { code, stderr } = await runMesh(['manifest', 'generate', '--filter', 'Pilot', '-o', 'taken/x'], {
      cwd,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('cannot write to taken/x');
  });

  test('is for a revision or namespace that flags name, whatever files say', async () => {
    const { stdout } = await generate('--revision', 'canary', '-i', 'mesh', '--set', 'revision=other');
    expect(stdout).toContain('name: istiod-canary\n  namespace: mesh\n');
    const bad = await generate('--revision', 'Not a label');
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain('is no DNS label');
  });
});

describe('mesh profile', () => {
  test('list shows the names', async () => {
    const { stdout } = await runMesh(['profile', 'list']);
    expect(stdout).toBe(
      'Istio configuration profiles:\n    default\n    demo\n    demo-auth\n    empty\n    minimal\n    remote\n    sds\n',
    );
    expect(JSON.parse((await runMesh(['profile', 'list', '-o', 'json'])).stdout)).toHaveLength(7);
  });

  test('dump gives what makes the same settings again, as file and as flags', async () => {
    const { stdout } = await runMesh(['profile', 'dump', 'demo']);
    const again = await runMesh(['profile', 'dump', '-f', '-'], { stdin: stdout });
    expect([again.code, again.stdout, again.stderr]).toEqual([0, stdout, '']);
    const flags = (await runMesh(['profile', 'dump', 'demo', '-o', 'flags'])).stdout.trimEnd().split('\n');
    const byFlags = await runMesh(['profile', 'dump', ...flags.flatMap((flag) => ['--set', flag])]);
    expect([byFlags.code, byFlags.stdout]).toEqual([0, stdout]);
    const json: unknown = JSON.parse((await runMesh(['profile', 'dump', 'demo', '-o', 'json'])).stdout);
    expect(json).toMatchObject({ kind: 'IstioOperator', spec: { profile: 'demo' } });
  });

  test('dump shows a part, and names the nearest of one that is not there', async () => {
    const { stdout } = await runMesh(['profile', 'dump', '--config-path', 'values.base']);
    expect(stdout).toBe('enableIstioConfigCRDs: true\nexcludedCRDs: []\n');
    const wrong = await runMesh(['profile', 'dump', '-p', 'values.bas']);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      'Error: these settings have nothing at values.bas\n  Did you mean values.base?\n',
    ]);
  });

  test('diff shows only what differs, and exits with 1 when something does', async () => {
    const { code, stdout } = await runMesh(['profile', 'diff', 'default', 'minimal']);
    expect(code).toBe(1);
    expect(stdout).toBe(
      'The difference between profiles:\ncomponents:\n  ingressGateways:\n    [name:istio-ingressgateway]:\n      enabled: true -> false\n',
    );
    const json = await runMesh(['profile', 'diff', '-o', 'json', 'default', 'sds']);
    expect(JSON.parse(json.stdout)).toEqual([
      { path: 'meshConfig.authPolicy', change: 'added', new: 'MUTUAL_TLS' },
    ]);
  });

  test('diff says in words that profiles are identical', async () => {
    expect(await runMesh(['profile', 'diff', 'demo', 'demo'])).toEqual({
      code: 0,
      stdout: 'Profiles are identical\n',
      stderr: '',
    });
  });

  test('diff takes files, with all that their profile says', async () => {
    const cwd = tempFolder({ 'a.yaml': FILE });
    const { stdout } = await runMesh(['profile', 'diff', 'minimal', 'a.yaml'], { cwd });
    expect(stdout).toBe(
      'The difference between profiles:\ntag: 0.1.0 -> 7\nvalues:\n  global:\n    network: "" -> net1\n',
    );
  });

  test.each([
    [['profile', 'diff', 'default', 'dmo'], 'Did you mean demo?'],
    [['profile', 'dump', 'dmo'], 'Did you mean demo?'],
    [['profile', 'dump', 'demo', '-f', 'x.yaml'], '"demo" has no place beside it'],
  ])('%j is told what is wrong', async (words, message) => {
    const { code, stderr } = await runMesh(words);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});

test('names of profiles are completed', async () => {
  const { stdout } = await runMesh(['__complete', '--', 'profile', 'dump', 'de']);
  expect(stdout).toBe('default\ndemo\ndemo-auth\n:none\n');
});

describe('mesh tag generate', () => {
  test('is where istioctl once had it, too', async () => {
    const argv = ['generate', 'prod', '--revision', 'canary'];
    const former = await runMesh(['x', 'revision', 'tag', ...argv]);
    expect(former).toEqual(await runMesh(['tag', ...argv]));
    expect(former.code).toBe(0);
  });

  test('leads a tag to a revision, without a cluster', async () => {
    const { code, stdout, stderr } = await runMesh(['tag', 'generate', 'prod', '--revision', 'canary']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('name: istio-revision-tag-prod\n');
    expect(stdout).toContain('istio.io/tag: prod\n');
    expect(stdout).toContain('      name: istiod-canary\n      namespace: istio-system\n');
    expect(stdout).toContain('values:\n      - prod\n');
    expect(stdout).not.toContain('istio-injection\n      operator: In');
  });

  test('of the tag default is for istio-injection=enabled, too, and for all namespaces when asked', async () => {
    const { stdout } = await runMesh(['tag', 'generate', 'default', '-r', 'canary']);
    expect(stdout).toContain('name: namespace.sidecar-injector.istio.io');
    expect(stdout).not.toContain('name: auto.sidecar-injector.istio.io');
    const all = await runMesh(['tag', 'generate', 'default', '-r', 'canary', '--auto-inject-namespaces']);
    expect(all.stdout).toContain('name: auto.sidecar-injector.istio.io');
  });

  test.each([
    [['prod'], 'a tag must lead to a revision'],
    [['Prod', '-r', 'canary'], 'which is no DNS label'],
    [['canary', '-r', 'canary'], 'is called like the revision'],
  ])('refuses %j', async (words, message) => {
    const { code, stderr } = await runMesh(['tag', 'generate', ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
