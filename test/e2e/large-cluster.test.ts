/** A cluster with thousands of objects is analyzed with few questions, whatever their number. */

import { beforeAll, expect, test } from 'vitest';
import { type MeshRun, runMesh } from '../cli/run-mesh.ts';
import { describeOnCluster } from './on-cluster.ts';

/** Services and VirtualServices, as many of each. */
const OF_EACH = 600;

function objects(from: number, to: number): string {
  const parts: unknown[] = [];
  for (let index = from; index < to; index++) {
    const [name, namespace] = [`web-${index}`, `shop-${index % 20}`];
    parts.push(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace },
        spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
      },
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name, namespace },
        spec: { hosts: [name], http: [{ route: [{ destination: { host: name } }] }] },
      },
    );
  }
  return parts.map((one) => JSON.stringify(one)).join('\n---\n');
}

describeOnCluster('a cluster with many objects', (cluster) => {
  const mesh = (...args: readonly string[]): Promise<MeshRun> =>
    runMesh(args, { env: { KUBECONFIG: cluster().kubeconfig } });

  beforeAll(async () => {
    expect(await mesh('install', '-y', '--set', 'profile=minimal')).toMatchObject({ code: 0 });
    const namespaces = Array.from({ length: 20 }, (_, index) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `shop-${index}` } }),
    );
    expect(cluster().kubectl(['create', '-f', '-'], namespaces.join('\n---\n')).status).toBe(0);
    for (let from = 0; from < OF_EACH; from += 300) {
      const run = cluster().kubectl(['create', '--validate=false', '-f', '-'], objects(from, from + 300));
      expect([run.status, run.stderr]).toEqual([0, '']);
    }
  }, 300_000);

  const requestsOf = ({ stderr }: MeshRun): number =>
    Number(/Note: (\d+) requests to the API server/.exec(stderr)?.[1] ?? Number.NaN);

  test('takes a question a kind and page, and none an object', async () => {
    const run = await mesh('analyze', '-A', '--verbose', '--failure-threshold', 'Error');
    expect(run.stderr).toMatch(/\b\d{4} objects/);
    // What kinds there are, each kind, and further pages of the two large ones.
    expect(requestsOf(run)).toBeLessThan(120);
    const one = await mesh('analyze', '-A', '--verbose', '--only', 'IST0118');
    expect(requestsOf(one)).toBeLessThan(15);
  });
});
