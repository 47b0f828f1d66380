import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const pod = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n${more}spec:\n  containers:\n  - name: a\n    image: a\n`;
const service = 'apiVersion: v1\nkind: Service   # untouched\nmetadata: {name: s}\n';

describe('mesh kube-inject', () => {
  test('says what became of each workload on standard error', async () => {
    const text = [
      pod('one'),
      service,
      pod('host').replace('spec:', 'spec:\n  hostNetwork: true'),
      pod('never', '  namespace: shop\n  labels: {sidecar.istio.io/inject: "false"}\n'),
    ].join('---\n');
    const { code, stdout, stderr } = await runMesh(['kube-inject', '-f', '-'], { stdin: text });
    expect(code).toBe(0);
    expect(stdout).toContain(service);
    expect(stderr).toBe(
      [
        'Pod "one" injected',
        '===> Skipping injection because Pod "host" has host networking enabled',
        '===> Skipping injection because Pod "shop/never" has sidecar injection disabled by label sidecar.istio.io/inject',
        '',
      ].join('\n'),
    );
    const again = await runMesh(['kube-inject', '-f', '-'], { stdin: stdout });
    expect(again.stdout).toBe(stdout);
    expect(again.stderr).toContain('Pod "one" unchanged: it has this sidecar already');
  });

  test('writes to a file with -o, and keeps standard output empty', async () => {
    const folder = tempFolder({ 'in.yaml': pod('one') });
    const target = join(folder, 'out.yaml');
    const { code, stdout } = await runMesh(['kube-inject', join(folder, 'in.yaml'), '-o', target]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(readFileSync(target, 'utf8')).toContain('name: istio-proxy');
  });

  test('changes files where they are with --in-place, and those alone that change', async () => {
    const folder = tempFolder({ 'a.yaml': pod('one'), 'b/b.yml': service });
    const { code, stdout, stderr } = await runMesh(['kube-inject', '--in-place', folder]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/a\.yaml:1: Pod "one" injected\n$/);
    expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toContain('istio-init');
    expect(readFileSync(join(folder, 'b/b.yml'), 'utf8')).toBe(service);
    await runMesh(['experimental', 'kube-uninject', '--in-place', folder]);
    expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe(pod('one'));
  });

  test('writes no file when one of several cannot be injected', async () => {
    const folder = tempFolder({
      'a.yaml': pod('one'),
      'b.yaml': pod('two', '  annotations: {sidecar.istio.io/proxyCPU: much}\n'),
    });
    const { code, stderr } = await runMesh(['kube-inject', '--in-place', folder]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /b\.yaml:1: Pod two: .*sidecar\.istio\.io\/proxyCPU is "much", but must be a quantity/,
    );
    expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe(pod('one'));
  });

  test('with --check writes nothing, and exits with 1 if something would change', async () => {
    const folder = tempFolder({ 'a.yaml': pod('one') });
    const before = await runMesh(['kube-inject', '--check', folder]);
    expect(before).toEqual({ code: 1, stdout: '', stderr: 'Pod "one" would be injected\n' });
    await runMesh(['kube-inject', '--in-place', folder]);
    expect(await runMesh(['kube-inject', '--check', folder])).toMatchObject({ code: 0, stdout: '' });
    expect(await runMesh(['x', 'kube-uninject', '--check', folder])).toMatchObject({
      code: 1,
      stderr: 'Pod "one" would be uninjected\n',
    });
  });

  test('puts several files into one stream', async () => {
    const folder = tempFolder({
      'a.yaml': service.trimEnd(),
      'b.yaml': `---\n${service}`,
      'c.yaml': service,
    });
    const { stdout } = await runMesh(['kube-inject', '-f', folder]);
    expect(stdout).toBe([service, service, service].join('---\n'));
  });

  test('gives JSON or YAML where asked, whatever came in', async () => {
    const text = `${pod('one')}---\n${service}`;
    const json = await runMesh(['kube-inject', '-f', '-', '-o', 'json'], { stdin: text });
    const list = JSON.parse(json.stdout) as { kind: string; items: { kind: string }[] };
    expect([list.kind, ...list.items.map(({ kind }) => kind)]).toEqual(['List', 'Pod', 'Service']);
    const yaml = await runMesh(['kube-inject', '-f', '-', '-o', 'yaml'], {
      stdin: JSON.stringify(list.items[1]),
    });
    expect(yaml.stdout).toBe('apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n');
  });

  test('keeps the mark of the byte order, and says no to UTF-16', async () => {
    const folder = tempFolder({ 'a.yaml': `\ufeff${service}` });
    expect((await runMesh(['kube-inject', '-f', join(folder, 'a.yaml')])).stdout).toBe(`\ufeff${service}`);
    const wide = join(folder, 'wide.yaml');
    writeFileSync(wide, `\ufeff${service}`, 'utf16le');
    const { code, stderr } = await runMesh(['kube-inject', '-f', wide]);
    expect(code).toBe(1);
    expect(stderr).toContain('Save the file as UTF-8.');
  });

  test('says when there is nothing to inject', async () => {
    const { code, stderr } = await runMesh(['kube-inject', '-f', '-'], { stdin: service });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Note: there is no workload in the input, so that nothing changed.\n',
    });
  });

  test.for([
    [['kube-inject'], 2, /filename not specified \(see --filename or -f\)/],
    [['x', 'kube-uninject'], 2, /filename not specified/],
    [['kube-inject', '-f', 'no-such-file.yaml'], 1, /no-such-file.yaml/],
    [['kube-inject', '-f', '-', '--in-place'], 2, /standard input/],
    [['kube-inject', '-f', 'a', '--in-place', '-o', 'b'], 2, /exclude each other/],
    [['kube-inject', '-f', '-', '-r', 'A B'], 2, /no name of a revision/],
    [
      ['kube-inject', '-f', '-', '--injectConfigMapName', 'istio-sidecar-injector'],
      1,
      /none of the files given holds the ConfigMap istio-sidecar-injector/,
    ],
    [['kube-inject', '-f', '-', '--valuesFile', 'no-such-file.yaml'], 1, /no-such-file.yaml does not exist/],
  ] as const)('%j exits with %i and words that help', async ([argv, code, words]) => {
    const run = await runMesh(argv, { stdin: service });
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(words);
    expect(run.stdout).toBe('');
  });
});

describe('settings of mesh kube-inject', () => {
  const inject = async (
    files: Record<string, string>,
    ...flags: string[]
  ): Promise<{ stdout: string; stderr: string; code: number }> => {
    const folder = tempFolder(files);
    return runMesh(
      ['kube-inject', '-f', '-', ...flags.map((flag) => (flag in files ? join(folder, flag) : flag))],
      { stdin: pod('one') },
    );
  };

  test('come from a file of values, as YAML or JSON', async () => {
    const { stdout } = await inject(
      { 'v.json': '{"global": {"hub": "registry.example", "proxy": {"logLevel": "debug"}}}' },
      '--valuesFile',
      'v.json',
    );
    expect(stdout).toContain('image: registry.example/proxy:');
    expect(stdout).toContain('--proxyLogLevel=debug');
  });

  test('come from a MeshConfig, which is checked', async () => {
    const { stdout } = await inject(
      { 'm.yaml': 'trustDomain: example.org\ndefaultConfig:\n  concurrency: 3\n' },
      '--meshConfigFile',
      'm.yaml',
    );
    expect(stdout).toContain('value: example.org');
    expect(stdout).toContain(`value: '{"concurrency":3}'`);
    const wrong = await inject({ 'm.yaml': 'trustDomain: [1]\n' }, '--meshConfigFile', 'm.yaml');
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('m.yaml:1:');
  });

  test('of an IstioOperator win over those of other files', async () => {
    const files = {
      'v.yaml': 'global: {hub: one, tag: one}\n',
      'o.yaml':
        'apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  hub: two\n  revision: canary\n  values: {global: {proxy: {image: px}}}\n  meshConfig: {trustDomain: td}\n',
    };
    const { stdout } = await inject(files, '--valuesFile', 'v.yaml', '--operatorFileName', 'o.yaml');
    expect(stdout).toContain('image: two/px:one');
    expect(stdout).toContain('istio.io/rev: canary');
    expect(stdout).toContain('value: istiod-canary.istio-system.svc:15012');
    // Else the agent would look for the control plane without a revision.
    expect(stdout).toContain(`value: '{"discoveryAddress":"istiod-canary.istio-system.svc:15010"}'`);
    expect(stdout).toContain('value: td');
  });

  test('come from the ConfigMap of an installation, as a file or among the files given', async () => {
    const map = `apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  config: |
    policy: enabled
    defaultTemplates: [sidecar, extra]
    templates:
      sidecar: builtin
      extra: |
        spec:
          terminationGracePeriodSeconds: 77
          containers:
          - name: istio-proxy
            env: [{name: REGION, value: "{{ .Values.global.network }}"}]
  values: '{"global": {"network": "n1"}}'
`;
    const expected = [
      /terminationGracePeriodSeconds: 77/,
      /name: REGION\n +value: n1/,
      /topology.istio.io\/network: n1/,
    ];
    const fromFile = await inject({ 'c.yaml': map }, '--injectConfigFile', 'c.yaml');
    for (const words of expected) expect(fromFile.stdout).toMatch(words);
    const among = await runMesh(
      ['kube-inject', '-f', '-', '--injectConfigMapName', 'istio-sidecar-injector'],
      { stdin: `${map}---\n${pod('one')}` },
    );
    for (const words of expected) expect(among.stdout).toMatch(words);
    expect(among.stdout.startsWith(map)).toBe(true);
  });

  test('say which pods get a sidecar', async () => {
    const config =
      'policy: disabled\nalwaysInjectSelector:\n- matchLabels: {inject: please}\nneverInjectSelector:\n- matchExpressions: [{key: job, operator: Exists}]\n';
    const folder = tempFolder({ 'c.yaml': config });
    const text = [
      pod('plain'),
      pod('asks', '  labels: {inject: please}\n'),
      pod('both', '  labels: {inject: please, job: x}\n'),
      pod('says', '  annotations: {sidecar.istio.io/inject: "true"}\n'),
    ].join('---\n');
    const { stderr } = await runMesh(
      ['kube-inject', '-f', '-', '--injectConfigFile', join(folder, 'c.yaml')],
      { stdin: text },
    );
    expect(stderr.split('\n')).toEqual([
      '===> Skipping injection because Pod "plain" has sidecar injection disabled by the policy of the configuration',
      'Pod "asks" injected',
      '===> Skipping injection because Pod "both" has sidecar injection disabled by neverInjectSelector',
      'Pod "says" injected',
      '',
    ]);
  });

  test.for([
    [
      'templates:\n  sidecar: |\n    spec:\n    {{- if .Values.x }}\n',
      /c\.yaml: template "sidecar", line 2: the control word "if" of Go templates is not supported\n.*sidecar: builtin/,
    ],
    [
      'templates:\n  sidecar: "{{ annotation .ObjectMeta `x` }}"\n',
      /the function "annotation" of Go templates/,
    ],
    ['templates:\n  mine: builtin\n', /there is no built-in template "mine", only sidecar, gateway/],
    ['templates:\n  mine: "a: ["\n', /template "mine" is no YAML/],
    ['template: "{{ toYaml . }}"\npolicy: enabled\n', /the function "toYaml"/],
    ['polcy: enabled\n', /no key "polcy"; did you mean policy\?/],
    ['policy: maybe\n', /policy must be enabled or disabled/],
    ['neverInjectSelector: 1\n', /must be a list of label selectors/],
  ] as const)('that cannot be used are refused: %j', async ([config, words]) => {
    const { code, stdout, stderr } = await inject({ 'c.yaml': config }, '--injectConfigFile', 'c.yaml');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(words);
  });
});
