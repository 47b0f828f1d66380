/** `mesh explain` and `mesh schema` as commands. What they say of fields is tested beside `src/api`. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../src/api/kinds.ts';
import { formatTable } from '../../src/cli/output/table.ts';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

describe('mesh explain', () => {
  test.for([
    ['VirtualService.spec.http.retries', 'FIELD: retries'],
    ['virtualservices.spec.http.retries', 'FIELD: retries'],
    ['vs.spec.http', 'FIELD: http'],
    ['virtualservice.networking.istio.io.spec.hosts', 'FIELD: hosts'],
    ['gateway.networking.istio.io.spec.servers', 'FIELD: servers'],
    ['MeshConfig.accessLogFile', 'FIELD: accessLogFile'],
  ])('%s is understood', async ([word = '', heading = '']) => {
    const { code, stdout, stderr } = await runMesh(['explain', word]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(heading);
  });

  test.for(KINDS.map(({ key, kind, group, versions }) => ({ key, kind, group, versions })))(
    'every kind can be explained as a tree: $key',
    async ({ kind, group, versions }) => {
      const word = group === '' ? kind : `${kind}.${group}`;
      const { code, stdout } = await runMesh(['explain', word, '--recursive']);
      expect(code).toBe(0);
      expect(stdout).toContain(`KIND:       ${kind}\n`);
      for (const { name } of versions) {
        const one = await runMesh([
          'explain',
          word,
          '--api-version',
          group === '' ? name : `${group}/${name}`,
        ]);
        expect(one.stdout).toContain(`VERSION:    ${name}\n`);
      }
    },
  );

  test.for([
    [['VirtualServise'], 'there is no kind "VirtualServise"', 'Did you mean VirtualService?'],
    [['vs.spec.htpp'], 'has no field "htpp"', 'http'],
    [['gateway'], 'gateway is a kind of several groups', 'gateway.networking.istio.io'],
    [['vs', '--api-version', 'v9'], 'there is no VirtualService in v9', 'networking.istio.io/v1beta1'],
    [['qqqqqq'], 'there is no kind "qqqqqq"', 'mesh schema --list'],
  ] as const)('%j is wrong usage, and says what is right', async ([argv, message, hint]) => {
    const { code, stdout, stderr } = await runMesh(['explain', ...argv]);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('--api-version chooses among kinds of one name', async () => {
    const { stdout } = await runMesh(['explain', 'gateway', '--api-version', 'gateway.networking.k8s.io/v1']);
    expect(stdout).toContain('GROUP:      gateway.networking.k8s.io');
  });
});

describe('mesh schema', () => {
  test('prints a schema that accepts and refuses objects', async () => {
    const { stdout } = await runMesh(['schema', 'peerauthentication']);
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(stdout) as object);
    const object = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'a' },
    };
    expect(validate({ ...object, spec: { mtls: { mode: 'STRICT' } } })).toBe(true);
    expect(validate({ ...object, spec: { mtls: { mode: 'SRTICT' } } })).toBe(false);
  });

  test('--all writes every kind that is ours into a folder, which it makes', async () => {
    const cwd = tempFolder();
    const { code, stderr } = await runMesh(['schema', '--all', 'a/b'], { cwd });
    const files = readdirSync(join(cwd, 'a', 'b'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Wrote ${files.length} schemas to a/b\n` });
    const own = KINDS.filter(({ external }) => !external);
    expect(files).toHaveLength(own.reduce((sum, { versions }) => sum + Math.max(1, versions.length), 0));
    const file = join(cwd, 'a', 'b', 'virtualservice-networking.istio.io-v1beta1.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ title: 'VirtualService' });
  });

  test.for([
    ['taken', 'a file of that name is in the way'],
    ['taken/x', 'a part of the path is a file, not a folder'],
    ['a\0b', 'null bytes'],
  ] as const)('--all explains why it cannot write to %j', async ([folder, reason]) => {
    const cwd = tempFolder({ taken: 'a file' });
    const { code, stderr } = await runMesh(['schema', '--all', folder], { cwd });
    expect(stderr).toContain(reason);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(code).toBe(1);
  });

  test.runIf(process.platform === 'linux')('--all ends where no folder can ever be made', async () => {
    const { code, stderr } = await runMesh(['schema', '--all', '/proc/no-such-folder/a']);
    expect(stderr).toContain('the folder does not exist, and none can be made there');
    expect(code).toBe(1);
  });

  test('--list lists the kinds', async () => {
    const { stdout } = await runMesh(['schema', '--list']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(KINDS.length + 1);
    expect(stdout).toMatch(/^VirtualService +networking\.istio\.io +vs +v1\b/m);
  });

  test.for([
    [[], '"mesh schema" needs KIND, or --all FOLDER'],
    [['vs', '--all', 'x'], '"vs" has no place beside it'],
    [['vs.spec'], '".spec" has no place here'],
  ] as const)('%j is wrong usage', async ([argv, message]) => {
    const { code, stderr } = await runMesh(['schema', ...argv]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

test('tables have columns five spaces apart and no spaces at the end of lines', () => {
  expect(
    formatTable(
      ['A', 'LONG', 'B'],
      [
        ['xxx', '', 'y'],
        ['', 'z', ''],
      ],
    ),
  ).toBe('A       LONG     B\nxxx              y\n        z\n');
});

test('the path of a finding can be explained as it is', async () => {
  const plain = await runMesh(['explain', 'vs.spec.http.route.weight']);
  expect(plain.code).toBe(0);
  expect(await runMesh(['explain', 'vs.spec.http[0].route[12].weight'])).toEqual(plain);
});
