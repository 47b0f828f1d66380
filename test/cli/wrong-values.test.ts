/** Values of flags that name what cannot be meant. */

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
