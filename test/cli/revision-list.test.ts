/** `mesh experimental revision list`: what it makes of a cluster, and how much it asks for that. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeForwards, kubeconfigOf, startFakeForwards } from '../kube/fake-port-forward.ts';
import { type MeshRun, runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const installation = (revision: string, data: object): object => ({
  metadata: { namespace: 'istio-system', labels: { 'lateen.dev/installation': revision } },
  data,
});
const namespace = (name: string, labels: object): object => ({ metadata: { name, labels } });
const webhook = (name: string, labels: object): object => ({ metadata: { name, labels }, webhooks: [] });

const OTHERS = {
  configmaps: [
    installation('default', { version: '0.1.0', profile: 'default', layers: '[]' }),
    // What an upgrade would have to read is no matter here.
    installation('canary', { version: '0.2.0', profile: 'demo', layers: '{' }),
  ],
  mutatingwebhookconfigurations: [
    webhook('own', { 'istio.io/rev': 'canary' }),
    webhook('prod', { 'istio.io/rev': 'canary', 'istio.io/tag': 'prod' }),
  ],
  namespaces: [
    namespace('a', { 'istio-injection': 'enabled' }),
    namespace('c', { 'istio.io/rev': 'canary' }),
    namespace('b', { 'istio.io/rev': 'prod' }),
    namespace('d', {}),
  ],
};

let fake: FakeForwards | undefined;

const list = (...argv: readonly string[]): Promise<MeshRun> => {
  const folder = tempFolder({ kubeconfig: kubeconfigOf(fake?.server ?? '') });
  return runMesh(['x', 'revision', 'list', ...argv], { env: { KUBECONFIG: `${folder}/kubeconfig` } });
};

beforeAll(async () => {
  fake = await startFakeForwards({ others: OTHERS, forward: () => 0 });
});

afterAll(() => fake?.stop());

test('lists the control planes with their tags and namespaces, and asks three questions for it', async () => {
  const run = await list('-o', 'json');
  expect([run.code, run.stderr]).toEqual([0, '']);
  expect(JSON.parse(run.stdout)).toEqual([
    { revision: 'canary', tags: ['prod'], version: '0.2.0', profile: 'demo', namespaces: ['b', 'c'] },
    { revision: 'default', tags: [], version: '0.1.0', profile: 'default', namespaces: ['a'] },
  ]);
  const plurals = fake?.asked.map((path) => /([^/?]+)\?/.exec(path)?.[1]).toSorted();
  expect(plurals).toEqual(['configmaps', 'mutatingwebhookconfigurations', 'namespaces']);
});

test('prints a table', async () => {
  const { stdout } = await list();
  expect(stdout.split('\n').map((row) => row.trim().split(/ +/))).toEqual([
    ['REVISION', 'TAG', 'VERSION', 'PROFILE', 'NAMESPACES'],
    ['canary', 'prod', '0.2.0', 'demo', 'b,c'],
    ['default', '0.1.0', 'default', 'a'],
    [''],
  ]);
});
