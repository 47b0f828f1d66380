/** Completion of names that a cluster has: which it asks for, and that nothing is said or waited for in vain. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeForwards, kubeconfigOf, startFakeForwards } from '../kube/fake-port-forward.ts';
import { type MeshRun, runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const named = (name: string, namespace = 'default', labels = {}): object => ({
  metadata: { name, namespace, labels },
});

const OTHERS = {
  pods: [named('web-0'), named('web-1'), named('db-0')],
  deployments: [named('web')],
  services: [named('front')],
  namespaces: [named('shop'), named('default')],
  mutatingwebhookconfigurations: [
    named('a', '', { 'istio.io/rev': 'canary', 'istio.io/tag': 'prod' }),
    named('b', '', { 'istio.io/rev': 'canary', 'istio.io/tag': 'test' }),
  ],
};

let fake: FakeForwards | undefined;

beforeAll(async () => {
  fake = await startFakeForwards({ others: OTHERS, forward: () => 0 });
});

afterAll(() => fake?.stop());

async function complete(
  line: string,
  { server = fake?.server ?? '', env = {} }: { server?: string; env?: Record<string, string> } = {},
): Promise<readonly string[]> {
  const folder = tempFolder({ kubeconfig: kubeconfigOf(server) });
  const run: MeshRun = await runMesh(['__complete', '--', ...line.split(' ')], {
    env: { KUBECONFIG: `${folder}/kubeconfig`, ...env },
  });
  expect([run.code, run.stderr]).toEqual([0, '']);
  const lines = run.stdout.trimEnd().split('\n');
  expect(lines.at(-1)).toBe(':none');
  return lines.slice(0, -1);
}

const lastPath = (): string => decodeURIComponent(fake?.asked.at(-1) ?? '').replaceAll('+', ' ');

test.for<[string, readonly string[], RegExp]>([
  ['-n ', ['default', 'shop'], /^\/api\/v1\/namespaces\?/],
  ['pc route web', ['web-0', 'web-1'], /^\/api\/v1\/namespaces\/default\/pods\?/],
  ['pc route -n shop web-1', ['web-1'], /^\/api\/v1\/namespaces\/shop\/pods\?/],
  ['--namespace=shop pc route db', ['db-0'], /^\/api\/v1\/namespaces\/shop\/pods\?/],
  ['pc route web-0.', ['web-0.default'], /^\/api\/v1\/pods\?.*metadata\.name=web-0/],
  ['ps deploy/', ['deploy/web'], /^\/apis\/apps\/v1\/namespaces\/default\/deployments\?/],
  ['x describe svc f', ['front'], /^\/api\/v1\/namespaces\/default\/services\?/],
  ['x add-to-mesh deployment w', ['web'], /^\/apis\/apps\/v1\/namespaces\/default\/deployments\?/],
  ['admin log -i mesh web-0', ['web-0'], /^\/api\/v1\/namespaces\/mesh\/pods\?.*app=istiod/],
  ['version --revision=c', ['--revision=canary'], /labelSelector=istio\.io\/rev,!istio\.io\/tag/],
  ['tag remove ', ['prod', 'test'], /labelSelector=istio\.io\/tag/],
])('mesh %s', async ([line, values, path]) => {
  expect(await complete(line)).toEqual(values);
  expect(lastPath()).toMatch(path);
});

test('the namespace of the settings counts, and that of the line before it', async () => {
  const env = { MESH_NAMESPACE: 'mine' };
  await complete('pc route web', { env });
  expect(lastPath()).toMatch(/\/namespaces\/mine\/pods/);
  await complete('pc route -n shop web', { env });
  expect(lastPath()).toMatch(/\/namespaces\/shop\/pods/);
});

test('a cluster that is not there, refuses or never answers gives nothing, and nothing is said', async () => {
  const server = createServer((request, response) => {
    if (request.url?.includes('/namespaces?') !== true) return;
    response.statusCode = 403;
    response.end('{"kind": "Status", "code": 403, "message": "no"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await complete('-n ', { server: address })).toEqual([]);
  expect(await complete('pc route w', { server: address })).toEqual([]);
  server.closeAllConnections();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  expect(await complete('pc route w', { server: address })).toEqual([]);
  expect(await complete('-n ', { env: { KUBECONFIG: '/no/such/file' } })).toEqual([]);
});
