/** Values of flags that name what cannot be meant. */

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a, version: v1}}\n';

describe('the name of a namespace', () => {
  test.for([
    ['-n', 'A_B', '--namespace is "A_B", but must be the name of a namespace, which may have only'],
    ['-n', '', '--namespace is "", but must be the name of a namespace'],
    ['--istioNamespace', 'a'.repeat(64), 'the name of a namespace, of 63 characters at most'],
    ['-n', 'a.b', '"a.b"'],
  ] as const)('%s %j is wrong usage', async ([flag, value, message]) => {
    const { code, stderr } = await runMesh(['validate', flag, value, '-'], { stdin: POD });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('may have 63 characters', async () => {
    const { code } = await runMesh(['validate', '-n', 'a'.repeat(63), '-'], { stdin: POD });
    expect(code).toBe(0);
  });

  test('is checked in the environment too', async () => {
    const { stderr } = await runMesh(['validate', '-'], { stdin: POD, env: { MESH_NAMESPACE: 'A' } });
    expect(stderr).toContain('Error: $MESH_NAMESPACE is "A", but must be the name of a namespace');
  });
});

describe('--meshConfigFile', () => {
  test.for([
    ['ConfigMap', 'ConfigMap is not MeshConfig', 'what its data holds'],
    ['IstioOperator', 'IstioOperator is not MeshConfig', 'spec.meshConfig'],
    ['Service', 'Service is not MeshConfig', 'a file that holds the fields of MeshConfig'],
  ] as const)('refuses a file with a %s', async ([kind, message, hint]) => {
    const cwd = tempFolder({ 'mesh.yaml': `apiVersion: v1\nkind: ${kind}\n` });
    for (const command of [['analyze', '--use-kube=false'], ['kube-inject']]) {
      const argv = [...command, '--meshConfigFile', 'mesh.yaml', '-'];
      const { code, stdout, stderr } = await runMesh(argv, { cwd, stdin: POD });
      expect(stderr).toContain(`Error: mesh.yaml:2:1: ${message}\n`);
      expect(stderr).toContain(hint);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    }
  });
});

describe('files that cannot be read as others', () => {
  test.for([
    [['kube-inject', '-f', 'loop'], 'loop: cannot be read: its symbolic links lead in a circle'],
    [['kube-inject', '--valuesFile', '.', '-'], '.: cannot be read: it is a folder'],
    [['diff', 'loop', '-'], 'cannot read loop: its symbolic links lead in a circle'],
  ] as const)('%j says why', async ([argv, message]) => {
    const cwd = tempFolder();
    symlinkSync('loop', join(cwd, 'loop'));
    const words = argv.map((word) => (word === 'loop' ? join(cwd, word) : word));
    const { code, stderr } = await runMesh(words, { cwd, stdin: POD });
    expect(stderr.replaceAll(`${cwd}/`, '')).toBe(`Error: ${message}\n`);
    expect(code).toBe(argv[0] === 'diff' ? 2 : 1);
  });

  test.for([
    [['schema', '--all', ''], 2, '--all is empty, but must name a folder'],
    [['manifest', 'generate', '-o', ''], 2, '--output is empty, but must name a file or a folder'],
    [
      ['kube-inject', '--valuesFile', 'pod.yaml', '-'],
      1,
      'pod.yaml: holds an object of kind Pod, not values',
    ],
    [['kube-inject', '--valuesFile', 'alias.yaml', '-'], 1, 'alias.yaml:1:8: not valid YAML: the alias *b'],
  ] as const)('%j is an error', async ([argv, status, message]) => {
    const cwd = tempFolder({ 'pod.yaml': POD, 'alias.yaml': 'a: [1, *b]\n' });
    const { code, stderr } = await runMesh(argv, { cwd, stdin: POD });
    expect(stderr).toContain(`Error: ${message}`);
    expect(code).toBe(status);
  });

  test.runIf(process.platform === 'linux')('what never ends is read up to a bound', async () => {
    const { code, stderr } = await runMesh(['kube-inject', '-f', '/dev/zero']);
    expect(stderr).toContain('/dev/zero: the file has more than 64 MiB, the most that is read');
    expect(code).toBe(1);
  });
});
