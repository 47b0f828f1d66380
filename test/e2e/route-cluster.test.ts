/** `mesh route` and its tables asked of what a real cluster holds, with and without files. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { customResourceDefinition } from '../../src/codegen/crd.ts';
import { readSchemas } from '../../src/codegen/schema-files.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  notEstablished,
} from './on-real-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function virtualService(name: string, direct: number): Fields {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'shop' },
    spec: {
      hosts: [`${name}.test`],
      gateways: ['front'],
      http: [{ name: `answers-${direct}`, directResponse: { status: direct } }],
    },
  };
}

describeOnRealServer('mesh route with a cluster', (plane) => {
  beforeAll(async () => {
    const names = ['gateways.networking.istio.io', 'virtualservices.networking.istio.io'];
    const definitions = readSchemas(root)
      .files.flatMap(({ schema }) => customResourceDefinition(schema) ?? [])
      .filter(({ metadata }) => names.includes(metadata.name));
    const objects = definitions.map((one) => ({ id: one.metadata.name, object: one as unknown as Fields }));
    expect(apply(plane(), objects)).toEqual([]);
    expect(await notEstablished(plane(), names)).toEqual([]);
    makeNamespaces(plane(), ['shop', 'istio-system']);
    const front: Fields = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'front', namespace: 'shop' },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      },
    };
    const all = [front, virtualService('apple', 201), virtualService('pear', 202)];
    expect(
      apply(
        plane(),
        all.map((object) => ({ id: JSON.stringify(object), object })),
      ),
    ).toEqual([]);
  }, 120_000);

  function mesh(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(
      process.execPath,
      [join(root, 'bin', 'mesh.js'), 'route', ...args, '--kubeconfig', plane().kubeconfig],
      { encoding: 'utf8', cwd: plane().folder },
    );
  }

  test('a request is asked of the cluster, or of the cluster as it would be with files', () => {
    const answer = mesh('--host', 'apple.test', '-o', 'json');
    expect(answer.stderr).toBe('');
    expect([answer.status, answer.stdout]).toEqual([0, expect.stringContaining('answers-201')]);
    // Where the rule stands is where the cluster has it.
    expect(answer.stdout).toContain('/namespaces/shop/virtualservices/apple');
    expect(mesh('--host', 'nobody.test').status).toBe(1);

    writeFileSync(join(plane().folder, 'new.yaml'), JSON.stringify(virtualService('apple', 203)));
    const changed = mesh('--host', 'apple.test', '-o', 'json', '--use-kube', 'new.yaml');
    expect(changed.stdout).toContain('answers-203');
    expect(mesh('--host', 'pear.test', '-o', 'json', '--use-kube', 'new.yaml').stdout).toContain(
      'answers-202',
    );
    // Without the cluster there is only the file.
    expect(mesh('--host', 'pear.test', 'new.yaml').status).toBe(1);
    expect(mesh('--host', 'pear.test', '--use-kube=false').stderr).toContain('no files to take routes from');
  });

  test('a table of cases is asked of the cluster', () => {
    writeFileSync(
      join(plane().folder, 'cases.yaml'),
      `tests:
- name: apples
  host: apple.test
  expect: {status: 201}
- name: pears
  host: pear.test
  expect: {status: 500}
`,
    );
    const { status, stdout, stderr } = mesh('test', '--tests', 'cases.yaml');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/pears/);
    expect(status).toBe(1);
  });
});
