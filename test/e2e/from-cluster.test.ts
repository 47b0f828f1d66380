/** Commands that read a cluster: analyze, kube-inject, add-to-mesh, precheck, check; and what a user without rights sees. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { beforeAll, expect, test } from 'vitest';
import { type MeshRun, type RunOptions, runMesh } from '../cli/run-mesh.ts';
import { tempFolder } from '../cli/temp-folder.ts';
import { describeOnCluster } from './on-cluster.ts';

const ROLES = fileURLToPath(new URL('../../docs/roles.md', import.meta.url));

const SHOP = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: disabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec: {containers: [{name: web, image: 'web:1', ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web], http: [{route: [{destination: {host: gone}}]}]}
`;

/** The rules of a role of the documentation, as they stand in its YAML. */
function documentedRoles(): string {
  const text = readFileSync(ROLES, 'utf8');
  const blocks = [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = '']) => yaml);
  expect(blocks.length).toBeGreaterThan(0);
  return blocks.join('---\n');
}

describeOnCluster('commands that read a cluster', (cluster) => {
  const mesh = (args: readonly string[], options: RunOptions = {}): Promise<MeshRun> =>
    runMesh(args, { ...options, times: [Date.now()], env: { KUBECONFIG: cluster().kubeconfig } });
  const apply = (text: string): void => {
    const { status, stderr } = cluster().kubectl(['apply', '--server-side', '-f', '-'], text);
    expect([status, stderr]).toEqual([0, '']);
  };

  beforeAll(async () => {
    const { code, stderr } = await mesh(['install', '-y']);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    apply(SHOP);
  }, 240_000);

  const codesOf = ({ stdout }: MeshRun): readonly string[] =>
    (JSON.parse(stdout) as { readonly code: string }[]).map(({ code }) => code);

  test('analyze finds what is wrong in the cluster, in the namespace that is meant', async () => {
    const run = await mesh(['analyze', '-n', 'shop', '--only', 'IST0101']);
    expect(run.code).toBe(79);
    expect(run.stdout).toContain('(VirtualService shop/web) ');
    expect(run.stdout).not.toContain('127.0.0.1');
    expect(codesOf(await mesh(['analyze', '-n', 'shop', '--only', 'IST0101', '-o', 'json']))).toEqual([
      'IST0101',
    ]);
    expect(codesOf(await mesh(['analyze', '--only', 'IST0101', '-o', 'json']))).toEqual([]);
    expect(codesOf(await mesh(['analyze', '-A', '--only', 'IST0101', '-o', 'json']))).toEqual(['IST0101']);
    expect(await mesh(['analyze', '-n', 'nowhere'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('namespace "nowhere" not found'),
    });
  });

  test('analyze takes a file for what its object will be', async () => {
    const folder = tempFolder({ 'web.yaml': SHOP.split('---').at(-1)?.replace('gone', 'web') ?? '' });
    const run = await mesh(['analyze', '--use-kube', '-n', 'shop', '--only', 'IST0101', folder]);
    expect([run.code, run.stdout]).toEqual([0, '']);
    const worse = tempFolder({ 'web.yaml': SHOP.split('---').at(-1)?.replace('gone', 'lost') ?? '' });
    const both = await mesh(['analyze', '--use-kube', '-n', 'shop', '--only', 'IST0101', worse]);
    expect(both.stdout).toMatch(/lost/);
    expect(both.stdout).not.toContain('gone');
  });

  test('analyze of an installation that is well finds no error', async () => {
    const run = await mesh([
      'analyze',
      '-A',
      '--failure-threshold',
      'Error',
      '-o',
      'json',
      '--exclude-namespace',
      'shop',
    ]);
    const found = JSON.parse(run.stdout) as { readonly level: string; readonly message: string }[];
    expect(found.filter(({ level }) => level === 'Error')).toEqual([]);
  });

  test('kube-inject takes the settings of the cluster', async () => {
    const args = ['kube-inject', '-f', '-'];
    const plain = await mesh(args, { stdin: SHOP });
    const settings = ['--set', 'values.global.proxy.image=mine/proxy:7'];
    expect(await mesh(['install', '-y', ...settings])).toMatchObject({ code: 0 });
    const own = await mesh([...args, '--use-kube'], { stdin: SHOP });
    expect(plain.stdout).not.toContain('mine/proxy:7');
    expect(own.stdout).toContain('mine/proxy:7');
    const named = ['--injectConfigMapName', 'istio-sidecar-injector', '--meshConfigMapName', 'istio'];
    expect((await mesh([...args, ...named], { stdin: SHOP })).stdout).toBe(own.stdout);
    expect(await mesh([...args, '--injectConfigMapName', 'none'], { stdin: SHOP })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nor does the cluster'),
    });
  });

  test('diff compares manifests with the cluster, both ways', async () => {
    expect(await mesh(['install', '-y'])).toMatchObject({ code: 0 });
    const { stdout } = await mesh(['manifest', 'generate']);
    expect(await mesh(['diff', '-', 'cluster'], { stdin: stdout })).toMatchObject({ code: 0, stdout: '' });
    cluster().kubectl(['-n', 'istio-system', 'label', 'service', 'istiod', 'istio=else', '--overwrite']);
    const changed = await mesh(['diff', 'cluster', '-'], { stdin: stdout });
    expect(changed).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('metadata.labels.istio: else -> pilot'),
    });
    expect(await mesh(['install', '-y'])).toMatchObject({ code: 0 });
    expect(await mesh(['diff', 'cluster', 'default'])).toMatchObject({ code: 0 });
  });

  const containers = (): string => {
    const path = 'jsonpath={.spec.template.spec.containers[*].name}';
    return cluster().kubectl(['get', 'deployment', 'web', '-n', 'shop', '-o', path]).stdout;
  };

  test('add-to-mesh and remove-from-mesh roll the Deployments of a Service, and change nothing twice', async () => {
    const spec = (): string =>
      cluster().kubectl(['get', 'deployment', 'web', '-n', 'shop', '-o', 'jsonpath={.spec.template}']).stdout;
    const before = spec();
    const add = ['experimental', 'add-to-mesh', 'service', 'web', '-n', 'shop'];
    expect(await mesh(add)).toMatchObject({ code: 0, stdout: expect.stringContaining('sidecar injected') });
    expect(containers()).toBe('web istio-proxy');
    expect(await mesh(add)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('already'),
    });
    const rollout = ['rollout', 'status', 'deployment/web', '-n', 'shop', '--timeout=60s'];
    expect(cluster().kubectl(rollout).status).toBe(0);
    const remove = ['experimental', 'remove-from-mesh', 'service', 'web', '-n', 'shop'];
    expect(await mesh(remove)).toMatchObject({ code: 0, stdout: expect.stringContaining('un-injected') });
    expect(spec()).toBe(before);
    expect(await mesh(remove)).toMatchObject({ code: 0, stderr: expect.stringContaining('has no sidecar') });
  });

  test('where the namespace is injected, what is removed says that it wants no sidecar', async () => {
    cluster().kubectl(['label', 'namespace', 'shop', 'istio-injection=enabled', '--overwrite']);
    await mesh(['experimental', 'add-to-mesh', 'deployment', 'web', '-n', 'shop']);
    await mesh(['experimental', 'remove-from-mesh', 'deployment', 'web', '-n', 'shop']);
    const labels = 'jsonpath={.spec.template.metadata.labels}';
    const { stdout } = cluster().kubectl(['get', 'deployment', 'web', '-n', 'shop', '-o', labels]);
    expect(JSON.parse(stdout)).toMatchObject({ 'sidecar.istio.io/inject': 'false' });
    cluster().kubectl(['label', 'namespace', 'shop', 'istio-injection=disabled', '--overwrite']);
  });

  test('precheck and check say what is and what is not', async () => {
    const before = await mesh(['precheck', '-n', 'shop', '-o', 'json']);
    expect(JSON.parse(before.stdout)).toMatchObject({ success: true });
    const health = await mesh(['check', '-o', 'json']);
    expect(health.code).toBe(0);
    const { categories } = JSON.parse(health.stdout) as { categories: { categoryName: string }[] };
    expect(categories.map(({ categoryName }) => categoryName)).toEqual([
      'kubernetes-api',
      'control-plane',
      'definitions',
      'webhooks',
      'data-plane',
      'certificates',
    ]);
    cluster().kubectl(['label', 'namespace', 'shop', 'istio.io/rev=nobody']);
    cluster().kubectl(['label', 'namespace', 'shop', 'istio-injection-']);
    expect(await mesh(['check', '-o', 'short'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('shop names nobody'),
    });
    cluster().kubectl(['label', 'namespace', 'shop', 'istio.io/rev-']);
    // The API server's own certificate, in every namespace, is good for a year.
    expect(await mesh(['check', '--cert-days', '4000'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/it ends in \d+ days/),
    });
  });

  const READING: readonly (readonly string[])[] = [
    ['analyze', '-A', '--exit-zero'],
    ['verify-install'],
    ['check'],
    ['precheck', '--skip-controlplane'],
    ['tag', 'list'],
    ['uninstall', '--purge', '--dry-run'],
    ['diff', 'cluster', 'default'],
    ['upgrade-check'],
    ['experimental', 'injector', 'list'],
    ['experimental', 'revision', 'list'],
  ];

  test('what is printed for programs fits the schemas, as JSON and as YAML', async () => {
    expect(await mesh(['tag', 'set', 'prod', '-r', 'default'])).toMatchObject({ code: 0 });
    for (const [name, ...command] of [
      ['tag-list', 'tag', 'list'],
      ['revision-list', 'experimental', 'revision', 'list'],
      ['injector-list', 'experimental', 'injector', 'list'],
      ['check-inject', 'experimental', 'check-inject', '-l', 'app=web'],
      ['verify-install', 'verify-install'],
      ['check', 'check'],
      ['check', 'precheck'],
      ['diff', 'install', '--dry-run', '--set', 'profile=demo'],
    ] as const) {
      const file = new URL(`../../schemas/output/${name}.json`, import.meta.url);
      const validate = new Ajv2020({ allErrors: true }).compile(
        JSON.parse(readFileSync(file, 'utf8')) as object,
      );
      const value: unknown = JSON.parse((await mesh([...command, '-o', 'json'])).stdout);
      expect([command, validate(value), validate.errors]).toEqual([command, true, null]);
      expect(value).not.toEqual([]);
      const yaml = load((await mesh([...command, '-o', 'yaml'])).stdout);
      expect(new Ajv2020().compile(JSON.parse(readFileSync(file, 'utf8')) as object)(yaml)).toBe(true);
    }
    expect(await mesh(['tag', 'remove', 'prod', '-y'])).toMatchObject({ code: 0 });
  });

  test('an upgrade goes on from the settings that are kept, and not back to an older version', async () => {
    const patch = (version: string): void => {
      const data = JSON.stringify({ data: { version } });
      const args = [
        '-n',
        'istio-system',
        'patch',
        'configmap',
        'lateen-installation',
        '--type=merge',
        '-p',
        data,
      ];
      expect(cluster().kubectl(args).status).toBe(0);
    };
    patch('9.0.0');
    expect(await mesh(['upgrade', '-y'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force'),
    });
    expect(await mesh(['upgrade', '-y', '--force'])).toMatchObject({ code: 0 });
    patch('0.0.9');
    const newer = await mesh(['upgrade'], { stdin: 'y' });
    expect(newer).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/upgrade .* from Lateen 0\.0\.9 to /),
    });
    expect(await mesh(['upgrade', '--dry-run'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^0 objects to create, 0 to change, 0 to delete/),
    });
    expect(await mesh(['install', '--set', 'tag=x'], { stdin: 'n' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cancelled.'),
    });
    expect(await mesh(['verify-install'])).toMatchObject({ code: 0 });
  });

  test('a revision is not installed twice, and a gateway needs its namespace', async () => {
    expect(await mesh(['install', '-y', '-i', 'other'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /the revision default is installed in the namespace istio-system[^]*--revision NAME/,
      ),
    });
    const elsewhere = ['--set', 'components.ingressGateways[name:istio-ingressgateway].namespace=edge'];
    expect(await mesh(['install', '-y', '--revision', 'edge', ...elsewhere])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('kubectl create namespace edge'),
    });
    cluster().kubectl(['create', 'namespace', 'edge']);
    expect(await mesh(['install', '-y', '--revision', 'edge', ...elsewhere])).toMatchObject({ code: 0 });
    expect(await mesh(['uninstall', '-y', '--revision', 'edge'])).toMatchObject({ code: 0 });
    expect(await mesh(['verify-install'])).toMatchObject({ code: 0 });
  });

  test('precheck names the rights that one lacks to install', async () => {
    expect(await mesh(['precheck', '--as', 'nobody', '-o', 'short'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no right to create deployments.apps'),
    });
  });

  test('a user with the documented roles can use each command that only reads', async () => {
    apply(documentedRoles());
    for (const command of READING) {
      const { code, stderr, stdout } = await mesh([...command, '--as', 'reader']);
      expect([command, code, stderr], stdout).toEqual([
        command,
        0,
        expect.not.stringContaining('no right to'),
      ]);
      expect(stdout).not.toContain('no right to');
    }
  });

  test('a user without them is told of the rule, by each', async () => {
    for (const command of READING) {
      const { code, stderr, stdout } = await mesh([...command, '--as', 'nobody']);
      expect([command, `${stdout}${stderr}`]).toEqual([
        command,
        expect.stringMatching(/no right to \w+ [a-z.]+/),
      ]);
      expect(`${stdout}${stderr}`).toMatch(/with the rule \{apiGroups: \[/);
      expect([0, 1]).toContain(code);
    }
  });

  test('whoever may not install is told before anything is changed', async () => {
    const run = await mesh(['install', '-y', '--set', 'profile=demo', '--as', 'nobody']);
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no right to list configmaps.*rule/s),
    });
  });
});
