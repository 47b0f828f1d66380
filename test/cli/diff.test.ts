import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: shop
spec:
  template:
    spec:
      containers:
        - name: api
          image: api:1
`;

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {ports: [{port: 80}, {port: 53, protocol: UDP}]}
`;

/** The same two objects in another order, with other spelling and defaults. */
const SHUFFLED = `kind: List
apiVersion: v1
items:
  - spec: {ports: [{protocol: UDP, port: 53}, {targetPort: 80, port: 80, protocol: TCP}]}
    metadata: {namespace: shop, name: api}
    kind: Service
    apiVersion: v1
  - {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"namespace": "shop", "name": "api"},
     "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": "api:1", "name": "api"}]}}}}
`;

const BOTH = `${DEPLOYMENT}---\n${SERVICE}`;

describe('mesh diff', () => {
  test('finds nothing between a manifest and the same one shuffled, and prints nothing', async () => {
    const cwd = tempFolder({ 'a.yaml': BOTH, 'b.yaml': SHUFFLED });
    expect(await runMesh(['diff', `${cwd}/a.yaml`, `${cwd}/b.yaml`])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('shows a changed image as one line under its resource', async () => {
    const cwd = tempFolder({ 'a.yaml': BOTH });
    const stdin = SHUFFLED.replace('api:1', 'api:2');
    expect(await runMesh(['diff', `${cwd}/a.yaml`, '-'], { stdin })).toEqual({
      code: 1,
      stdout: '~ Deployment shop/api\n    spec.template.spec.containers[name=api].image: api:1 -> api:2\n',
      stderr: '',
    });
  });

  test('shows what only one side has, and compares folders with all below them', async () => {
    const cwd = tempFolder({
      'old/deployment.yaml': DEPLOYMENT,
      'new/below/service.yaml': SERVICE,
      'new/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n',
    });
    const { code, stdout } = await runMesh(['diff', `${cwd}/old`, `${cwd}/new`]);
    expect(code).toBe(1);
    expect(stdout).toBe('+ ConfigMap m\n- Deployment shop/api\n+ Service shop/api\n');
  });

  test.for([['json'], ['yaml']] as const)(
    'has the exit code of its finding for -o %s too',
    async ([format]) => {
      const cwd = tempFolder({ 'a.yaml': BOTH, 'b.yaml': SHUFFLED, 'c.yaml': SERVICE });
      const same = await runMesh(['diff', '-o', format, `${cwd}/a.yaml`, `${cwd}/b.yaml`]);
      expect([same.code, same.stdout]).toEqual([0, '[]\n']);
      const other = await runMesh(['diff', '-o', format, `${cwd}/a.yaml`, `${cwd}/c.yaml`]);
      expect(other.code).toBe(1);
      expect(other.stdout).toContain('removed');
    },
  );

  test('shows only the lines of a text that differ', async () => {
    const map = (text: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  t: |\n${text}`;
    const cwd = tempFolder({ 'a.yaml': map('    {{ one }}\n    two\n    three\n') });
    const stdin = map('    {{ one }}\n    2\n    three\n');
    const { stdout } = await runMesh(['diff', `${cwd}/a.yaml`, '-'], { stdin });
    expect(stdout).toBe('~ ConfigMap m\n    data.t: text, from line 2\n      - two\n      + 2\n');
  });

  test('never shows what is in a Secret', async () => {
    const secret = (value: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${value}}\n`;
    const cwd = tempFolder({ 'a.yaml': secret('hunter1') });
    for (const format of ['text', 'json', 'yaml']) {
      const { code, stdout, stderr } = await runMesh(['diff', '-o', format, `${cwd}/a.yaml`, '-'], {
        stdin: secret('hunter2'),
      });
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('data.password');
      expect(stdout + stderr).not.toMatch(/hunter|aHVudGVy/);
    }
  });

  test('knows the defaults of our own kinds', async () => {
    const rule = (spec: string): string =>
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n' +
      `spec: {hosts: [a], http: [{timeout: ${spec}, route: [{destination: {host: a}}]}]}\n`;
    const cwd = tempFolder({ 'a.yaml': rule('60s') });
    expect((await runMesh(['diff', `${cwd}/a.yaml`, '-'], { stdin: rule('1m') })).code).toBe(0);
    expect((await runMesh(['diff', `${cwd}/a.yaml`, '-'], { stdin: rule('2m') })).code).toBe(1);
  });

  test('says on standard error that versions differ, and that this is no difference', async () => {
    const cwd = tempFolder({
      'a.yaml': 'apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata: {name: s}\n',
      'b.yaml': 'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s}\n',
    });
    const { code, stdout, stderr } = await runMesh(['diff', `${cwd}/a.yaml`, `${cwd}/b.yaml`]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('v1beta1');
  });

  test('compares profiles by name', async () => {
    const { code, stdout } = await runMesh(['diff', 'default', 'profile:demo']);
    expect(code).toBe(1);
    expect(stdout).toContain('+ Deployment istio-system/istio-egressgateway\n');
    expect(stdout).toContain('    + data.mesh.accessLogFile: /dev/stdout\n');
    expect(stdout).not.toContain('CustomResourceDefinition');
  });

  test('finds nothing between a profile and what manifest generate makes of it', async () => {
    const { stdout: stdin } = await runMesh(['manifest', 'generate', '--set', 'profile=demo']);
    expect(await runMesh(['diff', 'demo', '-'], { stdin })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('takes a file that is called like a profile for the file', async () => {
    const cwd = tempFolder({ 'a.yaml': SERVICE, demo: SERVICE });
    expect((await runMesh(['diff', `${cwd}/a.yaml`, `${cwd}/demo`])).code).toBe(0);
  });

  test('names the nearest profile for a name that is none', async () => {
    const { code, stderr } = await runMesh(['diff', 'defualt', 'demo']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean default?');
  });

  test.for<[string, readonly string[]]>([
    ['one side alone', ['a.yaml']],
    ['standard input on both', ['-', '-']],
    ['a file that is not there', ['a.yaml', 'nowhere.yaml']],
    ['a profile that is not there', ['a.yaml', 'profile:nowhere']],
    ['a file that cannot be read as YAML', ['a.yaml', 'bad.yaml']],
  ])('ends with 2, not 1, for %s', async ([, sides]) => {
    const cwd = tempFolder({ 'a.yaml': SERVICE, 'bad.yaml': 'kind: [' });
    const paths = sides.map((side) =>
      side === '-' || side.startsWith('profile:') ? side : `${cwd}/${side}`,
    );
    const { code, stdout, stderr } = await runMesh(['diff', ...paths]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Error: /);
  });

  test('colours lines by what they say when asked to', async () => {
    const cwd = tempFolder({ 'a.yaml': DEPLOYMENT });
    const { stdout } = await runMesh(['diff', '--color', `${cwd}/a.yaml`, '-'], { stdin: SERVICE });
    expect(stdout).toContain('\u001b[31m- Deployment shop/api');
    expect(stdout).toContain('\u001b[32m+ Service shop/api');
  });
});

describe('mesh manifest diff', () => {
  test("says what it finds in istioctl's words", async () => {
    const cwd = tempFolder({ 'a.yaml': BOTH, 'b.yaml': SHUFFLED, 'c.yaml': SERVICE });
    const same = await runMesh(['manifest', 'diff', `${cwd}/a.yaml`, `${cwd}/b.yaml`]);
    expect([same.code, same.stdout]).toEqual([0, 'Manifests are identical\n']);
    const other = await runMesh(['manifest', 'diff', `${cwd}/a.yaml`, `${cwd}/c.yaml`]);
    expect([other.code, other.stdout]).toEqual([
      1,
      'Differences in manifests are:\n\n- Deployment shop/api\n',
    ]);
  });

  test('looks only at the resources that it is told to', async () => {
    const cwd = tempFolder({ 'old/a.yaml': BOTH, 'new/a.yaml': SERVICE });
    const diff = async (...flags: string[]): Promise<number> =>
      (await runMesh(['manifest', 'diff', '-r', ...flags, `${cwd}/old`, `${cwd}/new`])).code;
    expect(await diff()).toBe(1);
    expect(await diff('--select', 'Service:*:*')).toBe(0);
    expect(await diff('--select=Service:shop:*,Deployment::')).toBe(1);
    expect(await diff('--ignore', 'Deployment:shop:api')).toBe(0);
    expect(await diff('--select', 'Service')).toBe(2);
  });

  test('matches a resource that has another name now', async () => {
    const cwd = tempFolder({ 'a.yaml': SERVICE });
    const stdin = SERVICE.replace('name: api', 'name: api-v2');
    const rename = 'Service:*:api->Service:*:api-v2';
    const run = await runMesh(['manifest', 'diff', '--rename', rename, `${cwd}/a.yaml`, '-'], { stdin });
    expect([run.code, run.stdout]).toEqual([0, 'Manifests are identical\n']);
  });
});
